import { formatFilter } from '@weir/core/filter';
import {
  type CompiledQuery,
  type Notice,
  type Query,
  type QueryRange,
  anomaliesFilter,
} from '@weir/core/query';
import { PluginError } from '@weir/plugin-sdk';
import type { Table } from '../clickhouse/columns.ts';
import type { DataSource } from '../instances/data-source.ts';
import { askCollector } from './collector-http.ts';
import { type ReplayedAnomaly, replayedTable } from './replayed-table.ts';

/** What the collector answers. */
interface BacktestAnswer {
  readonly windows: number;
  readonly learnt_from: number;
  readonly from: number;
  readonly notes: readonly string[];
  readonly anomalies: readonly ReplayedAnomaly[];
}

export interface Replayed {
  /** With what was asked in the place of SQL. */
  readonly compiled: CompiledQuery;
  readonly table: Table;
  readonly notices: readonly Notice[];
}

/**
 * What detectors would have found in the range, beside what they did find: of the columns of stored anomalies, and `replay`, which is
 * same, new or missing.
 *
 * @throws {PluginError} that says why there is none
 */
export async function replayAnomalies(
  dataSource: DataSource,
  { query, compiled, range }: { query: Query; compiled: CompiledQuery; range: QueryRange },
  signal: AbortSignal,
): Promise<Replayed> {
  const { detectors, set, warmUpHours } = query.replay!;
  if (query.anomalyView !== 'table')
    throw new PluginError('A replay is shown as a table: choose “Table” under “As”.', {
      status: 400,
      source: 'downstream',
    });
  const { tenant } = dataSource.settings;
  const filter = formatFilter(anomaliesFilter(query, []));
  const body = {
    from: Math.floor(range.fromMs / 1000),
    to: Math.ceil(range.toMs / 1000),
    warm_up_seconds: Math.round(warmUpHours * 3600),
    ...(detectors.length === 0 ? {} : { detectors }),
    ...(set.length === 0 ? {} : { set }),
    ...(filter === '' ? {} : { filter }),
    ...(tenant === '' ? {} : { tenant }),
  };
  const asked = { method: 'POST', path: '/backtest', body, signal } as const;
  const answer = (await askCollector(dataSource, asked)) as BacktestAnswer;
  if (!Array.isArray(answer.anomalies))
    throw new PluginError(
      'The collector’s answer is none of a replay: check the collector URL and its version.',
      {
        status: 502,
        source: 'downstream',
      },
    );
  const wanted = answer.anomalies.filter(
    ({ severity, type, state, id, story }) =>
      within(query.severities, severity) &&
      within(query.anomalyTypes, type) &&
      within(query.states, state) &&
      within(query.anomalyIds, id) &&
      within(query.stories, story),
  );
  const limit = Number(compiled.statements[0]?.parameters['limit'] ?? query.limit);
  const rows = [...wanted]
    .sort((a, b) => b.opened - a.opened || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    .slice(0, limit);
  return {
    compiled: {
      ...compiled,
      statements: [
        { name: 'main', sql: `POST /backtest\n${JSON.stringify(body, undefined, 2)}`, parameters: {} },
      ],
    },
    table: replayedTable(rows),
    notices: [
      { severity: 'info', text: summary(wanted, answer) },
      ...answer.notes.map((text): Notice => ({ severity: 'warning', text })),
    ],
  };
}

function within(list: readonly string[], item: string): boolean {
  return list.length === 0 || list.includes(item);
}

function summary(rows: readonly ReplayedAnomaly[], { windows, from, learnt_from }: BacktestAnswer): string {
  const of = (status: ReplayedAnomaly['status']): number =>
    rows.filter((row) => row.status === status).length;
  const days = (from - learnt_from) / 86_400;
  const learnt =
    days === 0 ? 'nothing learnt before' : `${Number(days.toPrecision(2))} days learnt from before`;
  return `Replay of ${windows} windows, ${learnt}: ${of('same')} found as they were, ${of('new')} new, ${of('missing')} missing.`;
}
