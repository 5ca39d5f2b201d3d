/** Units of time by the letters that users write. */
export const MS_PER = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
export type TimeUnit = keyof typeof MS_PER;

/** Milliseconds of `500ms`, `5s`, `10m`, `2h`, `30d`, or of a bare number in `unit`; undefined for anything else. */
export function parseDuration(value: string | number, unit: TimeUnit): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(String(value).trim());
  if (match === null) return undefined;
  return Number(match[1]) * MS_PER[(match[2] as TimeUnit | undefined) ?? unit];
}
