import type { WindowReads } from '../detect/replay/index.ts';
import { contentOf } from './answer-body.ts';
import { type ClickHouseTarget, ask, askRows } from './clickhouse-http.ts';

/** ClickHouse over its HTTP interface, as a replay asks it. Failures are CommandFailures. */
export function readsOf(target: ClickHouseTarget): WindowReads {
  return {
    query: (sql, parameters = {}) =>
      askRows(target, { sql, parameters: parameters as Readonly<Record<string, string | number>> }),
    queryNative: async (sql, parameters = {}) => {
      const response = await ask(target, {
        sql,
        format: 'Native',
        parameters: parameters as Readonly<Record<string, string | number>>,
      });
      const parts: Buffer[] = [];
      for await (const part of contentOf(response)) parts.push(part);
      return Buffer.concat(parts);
    },
  };
}
