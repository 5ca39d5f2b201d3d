const UNITS: Readonly<Record<string, number>> = { bps: 1, kbps: 1e3, mbps: 1e6, gbps: 1e9, tbps: 1e12 };
const SHOWN: readonly (readonly [unit: string, scale: number])[] = [
  ['Tbps', 1e12],
  ['Gbps', 1e9],
  ['Mbps', 1e6],
  ['kbps', 1e3],
];

/** Bits per second of `10Gbps`, `2.5 Gbps`, `100Mbps` (powers of ten) or a plain number; undefined for anything else. */
export function parseBitRate(value: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(value).trim());
  if (match === null) return undefined;
  const unit = match[2] === '' ? 1 : UNITS[match[2]!.toLowerCase()];
  if (unit === undefined) return undefined;
  const rate = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(rate) ? rate : undefined;
}

/** The shortest text that `parseBitRate` reads back as the same: `10Gbps`, or the plain number. */
export function formatBitRate(rate: number): string | number {
  for (const [unit, scale] of SHOWN) if (rate >= scale && rate % scale === 0) return `${rate / scale}${unit}`;
  return rate;
}
