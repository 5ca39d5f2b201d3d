const SECONDS_PER = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
const WAYS = 'now, now-7d, 2026-03-10, 2026-03-10T12:00 or 2026-03-10T12:00:00Z';

/**
 * Seconds since 1970 of `now`, `now-36h` (s, m, h, d, w), a date (its first moment), or a date with a time of day: in this machine's
 * time where no zone is given.
 *
 * @throws Error that says what would be right
 */
export function parseTime(text: string, nowMs: number): number {
  const relative = /^now(?:\s*-\s*(\d+(?:\.\d+)?)\s*([smhdw]))?$/.exec(text.trim());
  if (relative !== null) {
    const [, count = '0', unit = 's'] = relative;
    return Math.floor(nowMs / 1000 - Number(count) * SECONDS_PER[unit as keyof typeof SECONDS_PER]);
  }
  const absolute =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text.trim());
  const [, date, time = '00:00', zone = ''] = absolute ?? [];
  const ms = date === undefined ? NaN : Date.parse(`${date}T${time}${zone}`);
  if (Number.isNaN(ms)) throw new Error(`'${text}' is no time. Give ${WAYS}.`);
  return Math.floor(ms / 1000);
}
