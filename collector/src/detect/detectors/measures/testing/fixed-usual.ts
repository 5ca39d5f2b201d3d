import type { Usual, UsualValue } from '../../../baselines/usual.ts';
import { whatOf } from '../what.ts';

/** What a test says is usual, by kind, entity and metric: `destination 10.0.0.2 rtt`, or `destination * rtt` for all. */
export type FixedUsual = Readonly<
  Record<string, Partial<UsualValue> & { readonly median: number; readonly now?: number }>
>;

const unknown: UsualValue = { median: 0, spread: 0, high: 0, low: 0, minutes: 0, learning: true };

/** Knows what it is told, and learns nothing. */
export function fixedUsual(values: FixedUsual): Usual {
  const find: (...of: Parameters<Usual['of']>) => FixedUsual[string] | undefined = (
    step,
    kind,
    row,
    metric,
  ) => values[`${kind} ${whatOf(step.entity(kind, row)).entity} ${metric}`] ?? values[`${kind} * ${metric}`];
  return {
    of: (...asked) => {
      const value = find(...asked);
      if (value === undefined) return unknown;
      const { median } = value;
      return { spread: 0, high: median, low: median, minutes: 600, learning: false, ...value };
    },
    now: (...asked) => find(...asked)?.now ?? 0,
  };
}
