import type { LiveColumn } from './log-lines.ts';

export interface RateSeries {
  /** The group: a value for each field summed by. */
  readonly labels: Readonly<Record<string, string>>;
  readonly times: number[];
  readonly values: (number | null)[];
}

/** Live rates, a row for each moment and group, as series; a group that is not among the largest at a moment has no value there. */
export function rateSeries(columns: readonly LiveColumn[], metric: string): RateSeries[] {
  const time = columns.find((c) => c.type === 'time');
  const measure = columns.find((c) => c.name === metric);
  if (time === undefined || measure === undefined) return [];
  const keys = columns.filter((c) => c.type === 'string');
  const moments = [...new Set(Array.from(time.values, Number))].sort((a, b) => a - b);
  const place = new Map(moments.map((t, i) => [t, i]));
  const series = new Map<string, RateSeries>();
  for (let row = 0; row < time.values.length; row++) {
    const texts = keys.map((c) => String(c.values[row] ?? ''));
    const id = JSON.stringify(texts);
    let one = series.get(id);
    if (one === undefined) {
      one = {
        labels: Object.fromEntries(keys.map((c, i) => [c.name, texts[i]!])),
        times: moments,
        values: new Array<number | null>(moments.length).fill(null),
      };
      series.set(id, one);
    }
    one.values[place.get(Number(time.values[row]))!] = Number(measure.values[row] ?? 0);
  }
  return [...series.values()];
}

/** The rows of the newest moment: a table that moves. */
export function newestRows(columns: readonly LiveColumn[]): number[] {
  const time = columns.find((c) => c.type === 'time');
  if (time === undefined) return [];
  const times = Array.from(time.values, Number);
  const newest = Math.max(...times);
  return times.flatMap((t, row) => (t === newest ? [row] : []));
}
