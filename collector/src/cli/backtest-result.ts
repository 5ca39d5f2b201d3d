import { type AnomalyRow, anomalyColumns, severities } from '@weir/core/anomalies';
import { type BacktestResult, type ComparedAnomaly, replayStatuses } from '../detect/replay/index.ts';
import { countOf, countText, spanText } from '../ledger/words.ts';
import type { Paint, Style } from './paint.ts';
import { tableLines } from './table.ts';
import { printable } from './text-width.ts';

const STATUS_STYLES: Readonly<Record<ComparedAnomaly['status'], Style>> = {
  same: 'dim',
  new: 'yellow',
  missing: 'cyan',
};

/** What was found, for people: each anomaly, then how many there are of each type, then what it all means. */
export function resultLines(result: BacktestResult, width: number, paint: Paint): string[] {
  const { anomalies } = result;
  if (anomalies.length === 0)
    return [`${headline(result)}: nothing found${result.compared ? ', now or then' : ''}.`];
  const list = anomalyLines(result, width, paint);
  return [...list, '', ...typeLines(result, width, paint), '', `${headline(result)}.`];
}

function headline({ from, to, windows, windowsLearnt, learntFrom }: BacktestResult): string {
  const learnt =
    windowsLearnt === 0
      ? 'without any time to learn before'
      : `after learning from ${spanText((from - learntFrom) * 1000)} before`;
  return `${timeText(from)} to ${timeText(to)}, ${countOf(windows, 'window')}, ${learnt}`;
}

function anomalyLines({ anomalies, compared, to }: BacktestResult, width: number, paint: Paint): string[] {
  const columns = [
    ...(compared ? [{ title: 'REPLAY' }] : []),
    { title: 'OPENED' },
    { title: 'LASTED', align: 'right' as const },
    { title: 'SEVERITY' },
    { title: 'TYPE' },
    { title: 'VALUE', align: 'right' as const },
    { title: 'THRESHOLD', align: 'right' as const },
    { title: 'TITLE' },
  ];
  const rows = anomalies.map(({ status, row }) => [
    ...(compared ? [status] : []),
    timeText(row.opened),
    row.closed === 0 ? `${spanText((to - row.opened) * 1000)}+` : spanText((row.closed - row.opened) * 1000),
    row.severity,
    row.type === 'rule' ? `rule ${printable(row.rule)}` : row.type,
    numberText(row.value),
    numberText(row.threshold),
    printable(row.title),
  ]);
  const style = (cell: string, r: number, c: number): string =>
    compared && c === 0 ? paint(STATUS_STYLES[anomalies[r]!.status], cell) : cell;
  return tableLines(columns, rows, { width, paint, style }) ?? rows.map((row) => row.join('  '));
}

function typeLines({ anomalies, compared }: BacktestResult, width: number, paint: Paint): string[] {
  const counts = new Map<string, Record<string, number>>();
  for (const { status, row } of anomalies) {
    let of = counts.get(row.type);
    if (of === undefined) counts.set(row.type, (of = {}));
    of[status] = (of[status] ?? 0) + 1;
    // What is missing is none of the replay's: its severities are those that would have been told.
    if (status !== 'missing') of[row.severity] = (of[row.severity] ?? 0) + 1;
  }
  const names = [...[...severities].reverse(), ...(compared ? replayStatuses : [])];
  const types = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const total: Record<string, number> = {};
  for (const [, of] of types) for (const name of names) total[name] = (total[name] ?? 0) + (of[name] ?? 0);
  const cells = (title: string, of: Record<string, number>): string[] => [
    title,
    ...names.map((name) => (of[name] === undefined || of[name] === 0 ? '-' : countText(of[name]))),
  ];
  const rows = [...types.map(([type, of]) => cells(type, of)), cells('all', total)];
  const columns = ['TYPE', ...names.map((name) => name.toUpperCase())].map((title, c) => ({
    title,
    align: c === 0 ? ('left' as const) : ('right' as const),
  }));
  return tableLines(columns, rows, { width, paint }) ?? rows.map((row) => row.join('  '));
}

/** The whole of it, as one JSON document. */
export function resultJson({ anomalies, from, to, learntFrom, ...rest }: BacktestResult): string {
  return JSON.stringify(
    {
      from: timeText(from),
      to: timeText(to),
      learnt_from: timeText(learntFrom),
      windows: rest.windows,
      windows_learnt: rest.windowsLearnt,
      compared: rest.compared,
      notes: rest.notes,
      anomalies: anomalies.map(({ status, row, live }) => ({
        ...(rest.compared ? { replay: status } : {}),
        ...row,
        evidence: JSON.parse(row.evidence === '' ? '{}' : row.evidence) as unknown,
        ...(rest.compared ? { live } : {}),
      })),
    },
    undefined,
    2,
  );
}

/** One line for each anomaly, with a line of names first. Times are ISO. */
export function resultCsv({ anomalies, compared }: BacktestResult): string[] {
  const names = anomalyColumns.map(({ name }) => name as keyof AnomalyRow);
  return [
    [...(compared ? ['replay'] : []), ...names].join(','),
    ...anomalies.map(({ status, row }) =>
      [...(compared ? [status] : []), ...names.map((name) => csvCell(cellOf(row, name)))].join(','),
    ),
  ];
}

function cellOf(row: AnomalyRow, name: keyof AnomalyRow): string {
  if (name === 'opened') return timeText(row.opened);
  if (name === 'closed') return row.closed === 0 ? '' : timeText(row.closed);
  if (name === 'updated') return new Date(row.updated).toISOString();
  return String(row[name]);
}

function csvCell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function numberText(value: number): string {
  return Math.abs(value) >= 1000 ? countText(value) : String(Number(value.toPrecision(3)));
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
