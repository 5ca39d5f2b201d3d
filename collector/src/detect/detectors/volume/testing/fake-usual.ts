import type { Usual, UsualValue } from '../../../baselines/usual.ts';
import type { WindowKind } from '@weir/core/windows';
import type { Step } from '../../../step.ts';

export const unknown: UsualValue = { median: 0, spread: 0, high: 0, low: 0, minutes: 0, learning: true };

/** Steady traffic that has been known for two weeks. */
export function steady(median: number): UsualValue {
  return {
    median,
    spread: median * 0.05,
    high: median * 1.2,
    low: median * 0.8,
    minutes: 3000,
    learning: false,
  };
}

/** What is usual as a test says: by kind, metric, and the entity's addresses, interface or port as text. */
export function usually(
  of: (kind: WindowKind, metric: string, entity: string) => UsualValue | undefined,
): Usual {
  return {
    of(step: Step, kind, row, metric) {
      return of(kind, metric, nameOf(step, kind, row)) ?? unknown;
    },
    now(step: Step, kind, row, metric) {
      return metric === 'bytes' || metric === 'packets' || metric === 'flows'
        ? step.entity(kind, row).sum(metric) / 60
        : 0;
    },
  };
}

function nameOf(step: Step, kind: WindowKind, row: number): string {
  const entity = step.entity(kind, row);
  if (kind === 'source') return entity.address('source_ip');
  if (kind === 'destination' || kind === 'prefix') return entity.address('destination_ip');
  if (kind === 'interface') return String(entity.number('interface'));
  if (kind === 'service') return String(entity.number('port'));
  return '';
}
