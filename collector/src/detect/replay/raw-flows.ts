import { FlowBatch, at, decodeNative } from '@weir/core';
import { type ClosedWindow, WINDOW_SECONDS } from '@weir/core/windows';
import { quoteIdentifier } from '../../store/clickhouse/identifiers.ts';
import { BiflowOrientation } from '../biflow-orientation.ts';
import type { DetectionSettings } from '../settings.ts';
import { WindowSet } from '../windows/index.ts';
import { ahead } from './ahead.ts';
import { windowFlowColumns } from './flow-columns.ts';
import { whereSql } from './window-chunks.ts';
import type { WindowReads } from './window-reads.ts';

export interface FlowWindowsOptions {
  /** The database that has `network_flows`. */
  readonly database: string;
  /** Windows that begin at this time or later, in seconds since 1970. */
  readonly from: number;
  /** … and before this one. */
  readonly to: number;
  /** Flows of this tenant alone. */
  readonly tenant?: string | undefined;
  /** How windows are made. */
  readonly settings: Pick<DetectionSettings, 'ownNetworks' | 'latenessSeconds' | 'capacities'>;
  readonly signal?: AbortSignal | undefined;
}

/** Flows that are read at once. */
interface Slice {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** The table is ordered by such slots. */
const SLOT_SECONDS = 300;
const MOST_ROWS = 250_000;
const SURVEY_SECONDS = 6 * 3600;
/** Of the windows' tables: results do not depend on it. */
const SEED = 1;

/**
 * Windows made anew of stored flows, as a collector makes them: flows in the order in which they came, late ones late. For when what
 * windows hold has changed, or what a row is counted as: own networks, lateness, capacities.
 *
 * @throws DatabaseError what ClickHouse answered, or why it could not be asked
 */
export async function* windowsOfStoredFlows(
  reads: WindowReads,
  options: FlowWindowsOptions,
): AsyncGenerator<ClosedWindow> {
  const { from, to, tenant, database, signal, settings } = options;
  const windows = new WindowSet({
    internalPrefixes: settings.ownNetworks,
    latenessSeconds: settings.latenessSeconds,
    capacities: settings.capacities,
    seed: SEED,
  });
  const within = (closed: readonly ClosedWindow[]): ClosedWindow[] =>
    closed.filter(({ start }) => start >= from && start < to);
  // The last windows take flows that came after them.
  const asked = { database, tenant, from, to: to + settings.latenessSeconds + WINDOW_SECONDS };
  const read = ahead(slices(reads, asked), (slice) => readSlice(reads, slice, asked), signal);
  const biflows = new BiflowOrientation();
  let batch = new FlowBatch(1);
  for await (const { rows, blocks } of read) {
    if (rows > batch.capacity) batch = new FlowBatch(rows);
    else batch.reset();
    decodeNative(blocks, batch);
    biflows.orient(batch);
    yield* within(observed(windows, batch));
  }
  yield* within(windows.closeAll());
}

/** Counts flows that are ordered by time, and closes windows as a clock would have it. */
function observed(windows: WindowSet, batch: FlowBatch): ClosedWindow[] {
  const closed: ClosedWindow[] = [];
  const times = batch.rows === 0 ? new Uint32Array(0) : batch.u32(at.timestamp);
  for (let from = 0; from < batch.rows;) {
    const window = Math.floor(times[from]! / WINDOW_SECONDS);
    let to = from + 1;
    while (to < batch.rows && Math.floor(times[to]! / WINDOW_SECONDS) === window) to++;
    closed.push(...windows.close(window * WINDOW_SECONDS));
    windows.observe(batch, from, to);
    from = to;
  }
  return closed;
}

interface Asked {
  readonly database: string;
  readonly from: number;
  readonly to: number;
  readonly tenant: string | undefined;
}

async function* slices(reads: WindowReads, { database, from, to, tenant }: Asked): AsyncGenerator<Slice> {
  const table = `${quoteIdentifier(database)}.network_flows`;
  const parameters = tenant === undefined ? {} : { tenant };
  const [span] = await reads.query<{ n: number; first: number; last: number }>(
    `SELECT count() AS n, toUnixTimestamp(min(timestamp)) AS first, toUnixTimestamp(max(timestamp)) AS last FROM ${table}`,
  );
  if (span === undefined || Number(span.n) === 0) return;
  const end = Math.min(to, Number(span.last) + 1);
  const next = (begin: number): number => (Math.floor(begin / SURVEY_SECONDS) + 1) * SURVEY_SECONDS;
  for (let begin = Math.max(from, Number(span.first)); begin < end; begin = next(begin)) {
    const piece = { from: begin, to: Math.min(end, next(begin)), tenant };
    const seconds = await reads.query<{ second: number; n: number }>(
      `SELECT toUnixTimestamp(timestamp) AS second, count() AS n FROM ${table} WHERE ${whereSql(piece)} GROUP BY second ORDER BY second`,
      parameters,
    );
    yield* together(seconds.map(({ second, n }) => ({ second: Number(second), n: Number(n) })));
  }
}

/** Seconds of one slot of the table, as many as memory has room for. */
function* together(seconds: readonly { readonly second: number; readonly n: number }[]): Generator<Slice> {
  let held: Slice | undefined;
  for (const { second, n } of seconds) {
    const sameSlot =
      held !== undefined && Math.floor(held.from / SLOT_SECONDS) === Math.floor(second / SLOT_SECONDS);
    if (held !== undefined && sameSlot && held.rows + n <= MOST_ROWS)
      held = { ...held, to: second + 1, rows: held.rows + n };
    else {
      if (held !== undefined) yield held;
      held = { from: second, to: second + 1, rows: n };
    }
  }
  if (held !== undefined) yield held;
}

async function readSlice(
  reads: WindowReads,
  slice: Slice,
  { database, tenant }: Asked,
): Promise<{ rows: number; blocks: Uint8Array }> {
  const parameters = tenant === undefined ? {} : { tenant };
  const where = whereSql({ ...slice, tenant });
  // Not more than were counted: the latest seconds may still grow.
  const sql = `SELECT ${windowFlowColumns.join(', ')} FROM ${quoteIdentifier(database)}.network_flows
WHERE ${where} ORDER BY timestamp LIMIT ${slice.rows}`;
  return { rows: slice.rows, blocks: await reads.queryNative(sql, parameters) };
}
