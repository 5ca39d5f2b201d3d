import type { Database } from '../../store/clickhouse/database.ts';

/** What a replay needs of ClickHouse: answers, as rows and as Native blocks. Nothing is written. */
export type WindowReads = Pick<Database, 'query' | 'queryNative'>;
