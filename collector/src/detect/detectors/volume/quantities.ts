/** A count as people read it: three digits that count, `84,000`, `1.2 million`. */
export function countText(value: number): string {
  if (value >= 1e9) return `${digits(value / 1e9)} billion`;
  if (value >= 1e6) return `${digits(value / 1e6)} million`;
  return digits(value);
}

/** Octets: `12.3 MB`. */
export function bytesText(value: number): string {
  for (const [unit, size] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (value >= size) return `${digits(value / size)} ${unit}`;
  return `${digits(value)} B`;
}

/** Made once: to make one takes longer than all else that is done for a text. */
const threeDigits = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/** Three digits that count, thousands apart. */
function digits(value: number): string {
  return threeDigits.format(Number(value.toPrecision(3)));
}
