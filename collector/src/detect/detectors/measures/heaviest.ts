import type { AnomalyContributor } from '@weir/core/anomalies';
import { addressText } from '@weir/core';
import type { WindowNumber } from '@weir/core/windows';
import type { Step } from '../../step.ts';

/** The hosts of a tenant that sent, or were sent, most of something in the current window: the largest first. */
export function heaviestHosts(
  step: Step,
  tenant: string,
  kind: 'source' | 'destination',
  measure: WindowNumber,
  most = 3,
): AnomalyContributor[] {
  const rows = step.rows(kind);
  const values = rows.numbers[measure];
  const top: number[] = [];
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || values[row]! <= 0 || step.tenant(kind, row) !== tenant) continue;
    if (top.length === most && values[row]! <= values[top[most - 1]!]!) continue;
    top.push(row);
    top.sort((a, b) => values[b]! - values[a]! || a - b);
    if (top.length > most) top.pop();
  }
  const words = rows.keys[`${kind}_ip`]!;
  return top.map((row) => ({ [`${kind}_ip`]: addressText(words, 4 * row), value: values[row]! }));
}
