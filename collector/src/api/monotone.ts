/**
 * Makes counts fit for counters. A count of losses falls when a datagram thought lost comes late, and Prometheus takes a falling
 * counter for a restart: the series stays where it was until the count has caught up.
 */
export class Monotone {
  private readonly highest = new Map<string, number>();

  of(key: string, value: number): number {
    const before = this.highest.get(key);
    if (before !== undefined && before >= value) return before;
    this.highest.set(key, value);
    return value;
  }
}
