import { BigValueGraphMode, ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import type { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { colours } from './colours.ts';
import { judged } from './panels.ts';
import { weirQuery } from './weir-query.ts';

/** How many exporters have sent something in the last whole five minutes, or how many have not. */
export function exporterCount(
  title: string,
  description: string,
  which: 'up' | 'silent',
  filter: string,
): Stat {
  const test =
    which === 'up' ? { id: 'greater', options: { value: 0 } } : { id: 'lowerOrEqual', options: { value: 0 } };
  return judged(
    title,
    description,
    'short',
    which === 'up'
      ? [
          [null, colours.bad],
          [1, colours.good],
        ]
      : [
          [null, colours.good],
          [1, colours.bad],
        ],
  )
    .graphMode(BigValueGraphMode.None)
    .decimals(0)
    .noValue('0')
    .withTarget(
      weirQuery({
        kind: 'exporters',
        exporterView: 'ledger',
        ledgerMeasure: 'datagrams_received',
        filter,
        minInterval: 300,
        limit: 200,
        other: false,
      }),
    )
    .withTransformation({ id: 'reduce', options: { mode: 'seriesToRows', reducers: ['last'] } })
    .withTransformation({
      id: 'filterByValue',
      options: { type: 'include', match: 'any', filters: [{ fieldName: 'Last', config: test }] },
    })
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['count']).values(false).fields('/^Last$/'));
}
