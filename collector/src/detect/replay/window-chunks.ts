import { WINDOW_SECONDS } from '@weir/core/windows';
import { quoteIdentifier } from '../../store/clickhouse/identifiers.ts';
import type { WindowReads } from './window-reads.ts';

/** Windows that are read at once. */
export interface WindowChunk {
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Whether an entity has several rows of one window: of several collectors, or of one before and after a restart. */
  readonly merge: boolean;
}

/** The table's rows of an entity lie together for so long: what is read at once begins and ends there, where it is not too much. */
const SLOT_SECONDS = 900;
/** More is not read at once: some hundred megabytes with all columns. */
const MOST_ROWS = 250_000;
const MOST_SECONDS = 6 * 3600;
/** What is looked over at once. */
const SURVEY_SECONDS = 86_400;

interface Slot {
  readonly slot: number;
  readonly rows: number;
  readonly needs_merge: number;
}

interface Asked {
  readonly database: string;
  readonly from: number;
  readonly to: number;
  readonly tenant?: string | undefined;
}

/** Beginnings of the first window that is stored and of the last; undefined where there is none. */
export async function storedSpan(
  reads: WindowReads,
  database: string,
): Promise<{ readonly first: number; readonly last: number } | undefined> {
  const [span] = await reads.query<{ n: number; first: number; last: number }>(
    `SELECT count() AS n, toUnixTimestamp(min(timestamp)) AS first, toUnixTimestamp(max(timestamp)) AS last FROM ${quoteIdentifier(database)}.windows_10s`,
  );
  return span === undefined || Number(span.n) === 0
    ? undefined
    : { first: Number(span.first), last: Number(span.last) };
}

/** The windows there are between two times, in pieces that memory has room for, in order of time. */
export async function* windowChunks(
  reads: WindowReads,
  { database, tenant, ...asked }: Asked,
): AsyncGenerator<WindowChunk> {
  const span = await storedSpan(reads, database);
  if (span === undefined) return;
  const to = Math.min(asked.to, span.last + 1);
  for (let begin = Math.max(asked.from, span.first); begin < to; begin = nextDay(begin)) {
    const end = Math.min(to, nextDay(begin));
    // Each collector writes one row of a tenant: two, and rows are to be merged.
    const sql = `SELECT slot, sum(n) AS rows, max(several) AS needs_merge FROM (
  SELECT intDiv(toUnixTimestamp(timestamp), ${SLOT_SECONDS}) * ${SLOT_SECONDS} AS slot, count() AS n,
    countIf(kind = 'tenant') > uniqExactIf((tenant_id, rest), kind = 'tenant') OR uniqExactIf(collector, kind = 'tenant') > 1 AS several
  FROM ${quoteIdentifier(database)}.windows_10s
  WHERE ${whereSql({ from: begin, to: end, tenant })}
  GROUP BY timestamp)
GROUP BY slot ORDER BY slot`;
    const slots = await reads.query<Slot>(sql, tenant === undefined ? {} : { tenant });
    yield* pieces(
      slots.map(({ slot, rows, needs_merge }) => ({
        from: Math.max(begin, Number(slot)),
        to: Math.min(end, Number(slot) + SLOT_SECONDS),
        rows: Number(rows),
        merge: Number(needs_merge) === 1,
      })),
    );
  }
}

/** Over the table as it is, or as `alias`. */
export function whereSql(
  { from, to, tenant }: { from: number; to: number; tenant?: string | undefined },
  alias = '',
): string {
  const times = `${alias}timestamp >= toDateTime(${from}) AND ${alias}timestamp < toDateTime(${to})`;
  return tenant === undefined ? times : `${times} AND ${alias}tenant_id = {tenant:String}`;
}

function nextDay(seconds: number): number {
  return (Math.floor(seconds / SURVEY_SECONDS) + 1) * SURVEY_SECONDS;
}

function* pieces(slots: readonly WindowChunk[]): Generator<WindowChunk> {
  let held: WindowChunk | undefined;
  for (const slot of slots) {
    if (slot.rows > MOST_ROWS) {
      if (held !== undefined) yield held;
      held = undefined;
      yield* parts(slot);
    } else if (
      held !== undefined &&
      held.merge === slot.merge &&
      held.rows + slot.rows <= MOST_ROWS &&
      slot.to - held.from <= MOST_SECONDS
    )
      held = { ...held, to: slot.to, rows: held.rows + slot.rows };
    else {
      if (held !== undefined) yield held;
      held = slot;
    }
  }
  if (held !== undefined) yield held;
}

function* parts(slot: WindowChunk): Generator<WindowChunk> {
  const count = Math.ceil(slot.rows / MOST_ROWS);
  const seconds = Math.max(1, Math.ceil((slot.to - slot.from) / count / WINDOW_SECONDS)) * WINDOW_SECONDS;
  for (let from = slot.from; from < slot.to; from += seconds)
    yield { ...slot, from, to: Math.min(slot.to, from + seconds), rows: Math.ceil(slot.rows / count) };
}
