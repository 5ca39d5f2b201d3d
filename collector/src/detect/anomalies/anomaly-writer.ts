import { type AnomalyEvidence, type AnomalyRow, anomalyColumns } from '@weir/core/anomalies';
import { type Database, DatabaseError } from '../../store/clickhouse/database.ts';

export interface AnomalyWriterOptions {
  readonly log: { warn(message: string): void; error(message: string): void };
  /** The first pause after ClickHouse could not be reached, and the longest: each is twice the one before. */
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
  /** Anomalies whose newest row may wait for ClickHouse. */
  readonly mostWaiting?: number;
}

export interface AnomalyWriterState {
  /** Anomalies whose newest row is not in ClickHouse yet. */
  readonly waiting: number;
  readonly written: number;
  /** Rows that ClickHouse refused, or that there was no room for while it was away. */
  readonly dropped: number;
  readonly lastError: string | null;
}

type Flows = NonNullable<AnomalyEvidence['flows']>;

interface Known {
  readonly row: AnomalyRow;
  readonly flows: Flows | undefined;
}

const ROWS_A_STATEMENT = 200;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
const MOST_WAITING = 20_000;
/** Anomalies that ended and may still get the flows that were asked for. */
const ENDED_KEPT = 1000;

/**
 * Rows → table `anomalies`. Of each anomaly only the newest row waits, so while ClickHouse is away what waits is bounded by how many
 * anomalies there are; it is tried again with growing pauses. A row written twice does no harm: the newest `updated` holds.
 */
export class AnomalyWriter {
  private readonly database: Database;
  private readonly table: string;
  private readonly options: AnomalyWriterOptions;
  private readonly pending = new Map<string, AnomalyRow>();
  private readonly known = new Map<string, Known>();
  private readonly endedIds = new Set<string>();
  private writing: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private stopping = false;
  private written = 0;
  private dropped = 0;
  private lastError: string | null = null;

  /** @param name the database's */
  constructor(database: Database, name: string, options: AnomalyWriterOptions) {
    this.database = database;
    this.table = `${name}.anomalies`;
    this.options = options;
  }

  /** Takes rows and writes them when it can; does not wait. */
  write(rows: readonly AnomalyRow[]): void {
    for (const row of rows) this.take(row, this.known.get(row.id)?.flows);
    this.go();
  }

  /** Adds the largest flows to an anomaly's evidence, in all rows from now on. Nothing where it ended long ago. */
  attach(id: string, flows: Flows): void {
    const known = this.known.get(id);
    if (known === undefined) return;
    this.take(known.row, flows);
    this.go();
  }

  state(): AnomalyWriterState {
    const { written, dropped, lastError } = this;
    return { waiting: this.pending.size, written, dropped, lastError };
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.writing !== undefined) await this.writing;
  }

  /** Writes what waits, for so long at most. */
  async stop(graceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((done) => (timer = setTimeout(done, graceMs)));
    this.wake?.();
    await Promise.race([this.idle(), grace]);
    clearTimeout(timer);
    this.stopping = true;
    this.wake?.();
    await this.idle();
  }

  private take(row: AnomalyRow, flows: Flows | undefined): void {
    const { id } = row;
    const before = this.known.get(id)?.row;
    // The flows were added by this writer, of which the tracker knows nothing
    const updated = before === undefined ? row.updated : Math.max(row.updated, before.updated + 1);
    const whole = {
      ...row,
      updated,
      evidence: flows === undefined ? row.evidence : withFlows(row.evidence, flows),
    };
    this.known.set(id, { row: whole, flows });
    if (row.state === 'closed') this.endedIds.add(id);
    else this.endedIds.delete(id);
    for (const ended of this.endedIds) {
      if (this.endedIds.size <= ENDED_KEPT) break;
      this.endedIds.delete(ended);
      this.known.delete(ended);
    }
    this.pending.delete(id);
    this.pending.set(id, whole);
    if (this.pending.size <= (this.options.mostWaiting ?? MOST_WAITING)) return;
    const [oldest] = this.pending.keys();
    this.pending.delete(oldest!);
    this.dropped++;
  }

  private go(): void {
    if (this.stopping || this.writing !== undefined || this.pending.size === 0) return;
    this.writing = this.writeAll().finally(() => {
      this.writing = undefined;
      this.go();
    });
  }

  private async writeAll(): Promise<void> {
    const { firstPauseMs = FIRST_PAUSE_MS, longestPauseMs = LONGEST_PAUSE_MS, log } = this.options;
    let pause = firstPauseMs;
    while (this.pending.size > 0 && !this.stopping) {
      const rows = [...this.pending.values()].slice(0, ROWS_A_STATEMENT);
      try {
        await this.insert(rows);
        pause = firstPauseMs;
        if (this.lastError !== null) log.warn('anomalies are written again');
        this.lastError = null;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (this.lastError === null) log.warn(`anomalies wait for ClickHouse: ${message}`);
        this.lastError = message;
        await this.pause(pause);
        pause = Math.min(longestPauseMs, pause * 2);
      }
    }
  }

  /** Rows that ClickHouse will never take are left out, each said, so that they do not keep back the others. */
  private async insert(rows: readonly AnomalyRow[]): Promise<void> {
    try {
      await this.database.command(anomalyInsert(this.table, rows));
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.retryable) throw error;
      if (rows.length > 1) {
        for (const row of rows) await this.insert([row]);
        return;
      }
      this.options.log.error(`ClickHouse refuses the anomaly “${rows[0]!.title}”: ${error.message}`);
      this.dropped++;
      this.done(rows);
      return;
    }
    this.written += rows.length;
    this.done(rows);
  }

  private done(rows: readonly AnomalyRow[]): void {
    // A newer one may have come meanwhile
    for (const row of rows) if (this.pending.get(row.id) === row) this.pending.delete(row.id);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}

/** A statement that stores rows. */
export function anomalyInsert(table: string, rows: readonly AnomalyRow[]): string {
  const names = anomalyColumns.map(({ name }) => `\`${name}\``).join(', ');
  return `INSERT INTO ${table} (${names}) FORMAT JSONEachRow\n${rows.map((row) => JSON.stringify(stored(row))).join('\n')}\n`;
}

function stored(row: AnomalyRow): Record<string, string | number> {
  return {
    ...row,
    updated: (row.updated / 1000).toFixed(3),
    source_ip: ipv6(row.source_ip),
    destination_ip: ipv6(row.destination_ip),
    collector_ip: ipv6(row.collector_ip),
  };
}

function ipv6(address: string): string {
  return address.includes(':') ? address : `::ffff:${address}`;
}

function withFlows(evidence: string, flows: Flows): string {
  return JSON.stringify({ ...(JSON.parse(evidence) as AnomalyEvidence), flows });
}
