import { type LiveSchema, columnByName, fieldByName } from '@weir/core';
import { type Problem, parseFilter } from '@weir/core/filter';
import { cellOf } from './cells.ts';
import type { LiveSubscription } from './subscription.ts';

/** The columns of flows where a reader names none. */
export const DEFAULT_COLUMNS = [
  'timestamp',
  'exporter',
  'input_interface',
  'output_interface',
  'source_ip',
  'source_port',
  'destination_ip',
  'destination_port',
  'protocol',
  'tcp_flags',
  'application',
  'bytes',
  'packets',
] as const;

const MOST_COLUMNS = 50;
const MOST_BY = 4;
const MOST_ROWS = 1_000;
const EVERY_MS = { least: 250, most: 60_000, otherwise: 1_000 };

export type LiveRequest =
  | {
      readonly ok: true;
      readonly subscription: Omit<LiveSubscription, 'id' | 'tenant'>;
      /** Names of a row's values, as the first message says them. */
      readonly columns: LiveSchema['columns'];
    }
  | { readonly ok: false; readonly error: string };

/** What `/ws/flows?…` or `/ws/rates?…` asks for; or what is wrong with it, and what would be right. */
export function readLiveRequest(kind: 'flows' | 'rates', parameters: URLSearchParams): LiveRequest {
  const allowed = kind === 'flows' ? ['filter', 'columns', 'limit'] : ['filter', 'by', 'limit', 'every'];
  for (const name of parameters.keys())
    if (!allowed.includes(name))
      return bad(`There is no parameter ${name}: /ws/${kind} takes ${allowed.join(', ')}.`);
  const parsed = parseFilter(parameters.get('filter') ?? '');
  if (!parsed.ok) return bad(parsed.problems.map(problemText).join('\n'));
  const limit = whole(parameters, 'limit', kind === 'flows' ? 200 : 20, 1, MOST_ROWS);
  if (typeof limit === 'string') return bad(limit);
  const everyMs = whole(parameters, 'every', EVERY_MS.otherwise, EVERY_MS.least, EVERY_MS.most);
  if (typeof everyMs === 'string') return bad(everyMs);

  const list = (parameters.get(kind === 'flows' ? 'columns' : 'by') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const asked = kind === 'flows' && list.length === 0 ? [...DEFAULT_COLUMNS] : list;
  const most = kind === 'flows' ? MOST_COLUMNS : MOST_BY;
  if (asked.length > most)
    return bad(
      `${asked.length} ${kind === 'flows' ? 'columns' : 'fields in by'} are too many: ${most} at most.`,
    );
  const columns: string[] = [];
  for (const name of asked) {
    const problem = columnProblem(kind, name);
    if (problem !== undefined) return bad(problem);
    columns.push(name.toLowerCase());
  }
  return {
    ok: true,
    subscription: { kind, filter: parsed.filter, columns, limit, everyMs },
    columns: kind === 'flows' ? columns : [...columns, 'bytes', 'packets', 'flows'],
  };
}

function columnProblem(kind: 'flows' | 'rates', name: string): string | undefined {
  const field = fieldByName(name);
  if (cellOf(name) === undefined) {
    if (field !== undefined && field.columns.length === 2)
      return `${name} is either end of a flow; name one of them: ${field.columns.join(' or ')}.`;
    return `There is no ${kind === 'flows' ? 'column' : 'field'} ${name}.`;
  }
  if (kind === 'rates' && (field === undefined ? columnByName(name)?.role !== 'dimension' : !field.groups))
    return `${name} cannot be grouped by: it is no dimension of flows.`;
  return undefined;
}

function problemText({ from, message, advice }: Problem): string {
  return `filter, character ${from + 1}: ${message} ${advice}`.trim();
}

function whole(
  parameters: URLSearchParams,
  name: string,
  otherwise: number,
  least: number,
  most: number,
): number | string {
  const text = parameters.get(name);
  if (text === null || text === '') return otherwise;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
  return `${name} is ${JSON.stringify(text)}; it must be a whole number from ${least} to ${most}, such as ${otherwise}.`;
}

function bad(error: string): LiveRequest {
  return { ok: false, error };
}
