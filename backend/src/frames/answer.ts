import type { CompiledQuery, Notice, Query } from '@weir/core/query';
import type { Frame, FrameMeta, FrameNotice } from '@weir/plugin-sdk';
import type { Table } from '../clickhouse/columns.ts';
import type { StatementCost } from '../clickhouse/clickhouse-client.ts';

/** All that a builder of frames needs: what was asked, how, and what came. */
export interface Answer {
  readonly query: Query;
  readonly compiled: CompiledQuery;
  /** By the names of the statements. */
  readonly tables: ReadonlyMap<string, Table>;
  readonly costs: readonly StatementCost[];
  /** An alert rule asked. */
  readonly forAlert: boolean;
  readonly limits: { readonly maxRows: number; readonly maxSeries: number };
  /** Said beside what the compiler has to say. */
  readonly notices: readonly Notice[];
}

/** The answer of the statement that every kind has. */
export function mainTable(answer: Answer): Table {
  const table = answer.tables.get('main');
  if (table === undefined)
    throw new Error(`the query of kind ${answer.compiled.kind} has no statement "main"`);
  return table;
}

/** The text shown as "Other" wherever what is beyond the limit is summed up. */
export const OTHER = 'Other';

/** What a builder adds to the meta that all frames of an answer share. */
export type OwnMeta = Omit<FrameMeta, 'stats' | 'executedQueryString'>;

/** Meta of an answer's first frame: what was asked, what it cost, what to know. */
export function metaOf(answer: Answer, own: OwnMeta, notices: readonly Notice[] = []): FrameMeta {
  const all = unique([...answer.notices, ...answer.compiled.notices, ...notices, ...(own.notices ?? [])]);
  const { notices: _, ...rest } = own;
  const stats = statsOf(answer);
  return {
    ...rest,
    custom: {
      kind: answer.compiled.kind,
      table: answer.compiled.table,
      ...(own.custom as object | undefined),
    },
    executedQueryString: executedText(answer.compiled),
    ...(stats.length === 0 ? {} : { stats }),
    ...(all.length === 0 ? {} : { notices: all }),
  };
}

function unique(notices: readonly (Notice | FrameNotice)[]): FrameNotice[] {
  const seen = new Set<string>();
  return notices.filter(({ text }) => !seen.has(text) && seen.add(text));
}

/** The statements with the values of their parameters, for people. */
export function executedText(compiled: CompiledQuery): string {
  return compiled.statements
    .map(({ name, sql, parameters }) => {
      const values = Object.entries(parameters).map(
        ([key, value]) => `-- {${key}} = ${JSON.stringify(value)}`,
      );
      const title = compiled.statements.length === 1 ? [] : [`-- ${name}`];
      return [...title, ...values, sql].join('\n');
    })
    .join('\n\n');
}

function statsOf({ costs }: Answer): NonNullable<FrameMeta['stats']> {
  const sum = (of: (cost: StatementCost) => number | undefined): number | undefined => {
    const values = costs.map(of).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0);
  };
  const rows = sum((cost) => cost.rowsRead);
  const bytes = sum((cost) => cost.bytesRead);
  const elapsed = costs.map((cost) => cost.elapsedMs).filter((value) => value !== undefined);
  return [
    ...(rows === undefined ? [] : [{ displayName: 'Rows read', value: rows }]),
    ...(bytes === undefined ? [] : [{ displayName: 'Bytes read', value: bytes, unit: 'decbytes' }]),
    ...(elapsed.length === 0
      ? []
      : [{ displayName: 'ClickHouse’s time', value: Math.max(...elapsed), unit: 'ms' }]),
  ];
}

/** A frame that says "no data" to expressions and alert rules: no fields, and its type told. */
export function emptyFrame(answer: Answer, type: string, own: OwnMeta = {}): Frame {
  return { fields: [], meta: metaOf(answer, { ...own, type, typeVersion: [0, 1] }) };
}
