import { nearest } from '../filter/did-you-mean.ts';
import { Refused } from './problem.ts';
import { type SqlToken, lexSql } from './sql-lexer.ts';

/** What macros stand for, for one query. */
export interface MacroValues {
  /** SQL of a time: `toDateTime({weir_from:UInt32})`. */
  readonly fromTime: string;
  readonly toTime: string;
  readonly intervalSeconds: number;
  readonly filter: string;
  readonly table: string;
  readonly bytes: string;
  readonly packets: string;
  readonly flows: string;
  readonly limit: number;
}

/** A macro for the editor's completion and the reference. */
export interface Macro {
  readonly name: string;
  /** What it takes: nothing, a column, or a column and an interval. */
  readonly call: string;
  readonly doc: string;
}

export const macros: readonly Macro[] = [
  { name: '$__timeFilter', call: '$__timeFilter(column)', doc: 'The column lies within the time range.' },
  { name: '$__fromTime', call: '$__fromTime', doc: 'Beginning of the time range, a DateTime.' },
  { name: '$__toTime', call: '$__toTime', doc: 'End of the time range, a DateTime; not in the range.' },
  {
    name: '$__timeGroup',
    call: "$__timeGroup(column[, '5m'])",
    doc: 'The column cut to buckets of the interval: the panel’s, or the one given (s, m, h, d).',
  },
  { name: '$__interval', call: '$__interval', doc: 'The panel’s interval: INTERVAL 60 SECOND.' },
  { name: '$__interval_s', call: '$__interval_s', doc: 'The panel’s interval in seconds.' },
  {
    name: '$__filter',
    call: '$__filter',
    doc: 'The query’s filter and the dashboard’s ad hoc filters; 1 where there are none.',
  },
  {
    name: '$__table',
    call: '$__table',
    doc: 'The table of flows for the range: network_flows, flows_1m or flows_1h, with its database.',
  },
  {
    name: '$__bytes',
    call: '$__bytes',
    doc: 'Octets of a row in both directions, sampling corrected: sum($__bytes).',
  },
  { name: '$__bits', call: '$__bits', doc: 'The same in bits.' },
  { name: '$__packets', call: '$__packets', doc: 'Packets of a row in both directions, sampling corrected.' },
  {
    name: '$__flows',
    call: '$__flows',
    doc: 'Records that a row stands for: 1, in rollups more: sum($__flows).',
  },
  { name: '$__limit', call: '$__limit', doc: 'Rows that an answer may have at most.' },
];

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The SQL with its macros filled in. Throws {@link Refused} for more than one statement, for what is no SELECT, for unknown macros. */
export function expandMacros(sql: string, values: MacroValues): string {
  const tokens = lexSql(sql);
  const unclosed = tokens.find((t) => t.kind === 'unclosed');
  if (unclosed !== undefined)
    throw new Refused(
      'sql',
      `What begins at character ${unclosed.at + 1} (${unclosed.text.slice(0, 12)}) is never closed.`,
    );
  const said = tokens.filter((t) => t.kind !== 'space' && t.kind !== 'comment');
  while (said.at(-1)?.text === ';') said.pop();
  if (said.length === 0)
    throw new Refused(
      'sql',
      'There is no SQL: write a SELECT, or take a preview of another kind as a beginning.',
    );
  const end = said.find((t) => t.text === ';');
  if (end !== undefined)
    throw new Refused('sql', `One statement only: there is more after the “;” at character ${end.at + 1}.`);
  const first = said.find((t) => t.text !== '(')?.text.toUpperCase() ?? '';
  if (first !== 'SELECT' && first !== 'WITH')
    throw new Refused(
      'sql',
      `Only SELECT can be asked, not ${first.slice(0, 20)}: begin with SELECT or WITH.`,
    );
  said.forEach((token, i) => {
    const word = token.kind === 'word' ? token.text.toUpperCase() : '';
    const next = said[i + 1];
    if (word === 'FORMAT' && next?.kind === 'word' && i + 2 >= said.length)
      throw new Refused(
        'sql',
        `Leave out “FORMAT ${next.text}”: the data source chooses how it is answered.`,
      );
    if (word === 'INTO' && next?.text.toUpperCase() === 'OUTFILE')
      throw new Refused('sql', 'INTO OUTFILE writes files: only a SELECT can be asked.');
  });

  const last = said.at(-1)!;
  const until = tokens.indexOf(last) + 1;
  let out = '';
  for (let i = 0; i < until; i++) {
    const token = tokens[i]!;
    if (token.kind !== 'macro') {
      out += token.text;
      continue;
    }
    const call = argumentsAt(tokens, i + 1);
    const takes = token.text === '$__timeFilter' || token.text === '$__timeGroup';
    out += filledIn(token, takes ? call?.list : undefined, values);
    if (takes && call !== undefined) i = call.end;
  }
  return out;
}

function filledIn(token: SqlToken, args: readonly string[] | undefined, values: MacroValues): string {
  const name = token.text;
  switch (name) {
    case '$__timeFilter': {
      const column = oneColumn(name, args, 1);
      return `(${column} >= ${values.fromTime} AND ${column} < ${values.toTime})`;
    }
    case '$__timeGroup': {
      const column = oneColumn(name, args, 2);
      const seconds = args![1] === undefined ? values.intervalSeconds : secondsIn(args![1]);
      return `toStartOfInterval(${column}, INTERVAL ${seconds} SECOND)`;
    }
    case '$__fromTime':
      return values.fromTime;
    case '$__toTime':
      return values.toTime;
    case '$__interval':
      return `INTERVAL ${values.intervalSeconds} SECOND`;
    case '$__interval_s':
      return String(values.intervalSeconds);
    case '$__filter':
      return values.filter;
    case '$__table':
      return values.table;
    case '$__bytes':
      return values.bytes;
    case '$__bits':
      return `(${values.bytes} * 8)`;
    case '$__packets':
      return values.packets;
    case '$__flows':
      return values.flows;
    case '$__limit':
      return String(values.limit);
    default: {
      const near = nearest(
        name.slice(3),
        macros.map((m) => m.name.slice(3)),
      );
      const advice =
        near === undefined
          ? `There are: ${macros.map((m) => m.call).join(', ')}.`
          : `Did you mean $__${near}?`;
      throw new Refused('sql', `There is no macro ${name.slice(0, 40)}. ${advice}`);
    }
  }
}

function oneColumn(name: string, args: readonly string[] | undefined, most: number): string {
  if (args === undefined || args[0] === undefined || args[0] === '' || args.length > most)
    throw new Refused(
      'sql',
      `${name} wants a column in brackets: ${macros.find((m) => m.name === name)!.call}.`,
    );
  return args[0];
}

function secondsIn(text: string): number {
  const parts = /^'?\s*(\d{1,6})\s*([smhd])\s*'?$/.exec(text);
  const seconds = parts === null ? 0 : Number(parts[1]) * UNITS[parts[2]!]!;
  if (seconds === 0)
    throw new Refused(
      'sql',
      `${text.slice(0, 20)} is no interval: '30s', '5m', '1h' or '1d' would be right.`,
    );
  return seconds;
}

/** What stands in the brackets that follow, cut at commas that are in no brackets of their own; undefined where none follow. */
function argumentsAt(tokens: readonly SqlToken[], from: number): { list: string[]; end: number } | undefined {
  let i = from;
  while (tokens[i]?.kind === 'space') i++;
  if (tokens[i]?.text !== '(') return undefined;
  const list = [''];
  let depth = 1;
  for (i++; i < tokens.length; i++) {
    const { text, kind } = tokens[i]!;
    if (text === '(' || text === '[') depth++;
    else if (text === ')' || text === ']') depth--;
    if (depth === 0) return { list: list.map((a) => a.trim()), end: i };
    if (text === ',' && depth === 1) list.push('');
    else if (kind === 'macro')
      throw new Refused('sql', `${text.slice(0, 40)} cannot stand within another macro.`);
    else if (kind !== 'comment') list[list.length - 1] += text;
  }
  return undefined;
}
