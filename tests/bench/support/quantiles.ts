/** The value that so much of a sample is not above: the nearest rank. NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function median(values: readonly number[]): number {
  const low = quantile(values, 0.5);
  return values.length % 2 === 1 ? low : (low + [...values].sort((a, b) => a - b)[values.length / 2]!) / 2;
}
