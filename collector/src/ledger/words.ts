/** Numbers as people say them, for verdicts and tables. */

/** `850 ms`, `12 s`, `4 min`, `3 h`, `2 days`: one unit, rounded. */
export function spanText(ms: number): string {
  const span = Math.abs(ms);
  if (span < 999.5) return `${Math.round(span)} ms`;
  if (span < 99_500) return `${Math.round(span / 1000)} s`;
  if (span < 99.5 * 60_000) return `${Math.round(span / 60_000)} min`;
  if (span < 47.5 * 3_600_000) return `${Math.round(span / 3_600_000)} h`;
  return `${Math.round(span / 86_400_000)} days`;
}

/** `1,234,567`. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `12,345 records`, `1 record`. */
export function countOf(count: number, noun: string): string {
  return `${countText(count)} ${noun}${Math.round(count) === 1 ? '' : 's'}`;
}

/** `3 %`, `0.25 %`, `< 0.01 %` of a share from 0 to 1. */
export function percentText(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return '< 0.01 %';
  return `${Number(percent.toPrecision(2))} %`;
}

/** `640 bytes`, `4.2 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 'bytes';
  for (const larger of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return `${unit === 'bytes' || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${unit}`;
}
