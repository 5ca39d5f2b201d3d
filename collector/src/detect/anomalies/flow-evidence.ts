import type { AnomalyEvidence, AnomalyRow } from '@weir/core/anomalies';
import { Parameters, filterSql, parseFilter } from '@weir/core/filter';
import { type Database, DatabaseError } from '../../store/clickhouse/database.ts';
import { addressSql } from './read-anomalies.ts';

type Flows = NonNullable<AnomalyEvidence['flows']>;

export interface FlowEvidenceOptions {
  /** Takes what was found: `AnomalyWriter.attach`. */
  readonly attach: (id: string, flows: Flows) => void;
  readonly log: { warn(message: string): void };
  /** How long after an anomaly opened its flows are asked for: they must have been stored. */
  readonly delayMs?: number;
  /** How long until it is asked again where there are none yet, as exporters report long flows late. */
  readonly againMs?: number;
  /** Anomalies that may wait for their turn; further ones are counted, and have no flows. */
  readonly mostWaiting?: number;
}

export interface FlowEvidenceState {
  readonly waiting: number;
  readonly found: number;
  /** There were no flows, each time it was asked. */
  readonly without: number;
  readonly failed: number;
  /** There was no room for them. */
  readonly passedOver: number;
}

const DELAY_MS = 15_000;
const AGAIN_MS = 60_000;
const MOST_WAITING = 500;
const TRIES = 3;
const LARGEST = 10;
/** How far back it is looked, of what has gone on for long. */
const LOOK_BACK_SECONDS = 3600;
/** Flows are stamped when they are received, some time before or after the window that they are counted in. */
const SLACK_SECONDS = 60;
const LATE_SECONDS = 600;
const MOST_SECONDS_A_QUERY = 10;
const REMEMBERED = 10_000;

interface Waiting {
  readonly row: AnomalyRow;
  readonly due: number;
  readonly tries: number;
}

/**
 * The ten largest flows of each anomaly, by its `flow_filter`, some seconds after it opened. One query at a time, on one thread of the
 * engine and within a time limit; a queue that is bounded. The anomaly's own row never waits for it.
 */
export class FlowEvidence {
  private readonly database: Database;
  private readonly table: string;
  private readonly options: FlowEvidenceOptions;
  private queue: Waiting[] = [];
  /** Ids that were asked for; the oldest are forgotten. */
  private readonly asked = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;
  private found = 0;
  private without = 0;
  private failed = 0;
  private passedOver = 0;

  /** @param name the database's */
  constructor(database: Database, name: string, options: FlowEvidenceOptions) {
    this.database = database;
    this.table = `${name}.network_flows`;
    this.options = options;
  }

  /** Sees rows as they are written, and asks for the flows of those that are new. */
  observe(rows: readonly AnomalyRow[]): void {
    const { delayMs = DELAY_MS, mostWaiting = MOST_WAITING } = this.options;
    for (const row of rows) {
      // An empty filter means all flows: that says nothing of this anomaly
      if (row.state === 'closed' || row.flow_filter.trim() === '' || this.asked.has(row.id)) continue;
      if (hasFlows(row.evidence)) continue;
      this.asked.add(row.id);
      for (const id of this.asked) {
        if (this.asked.size <= REMEMBERED) break;
        this.asked.delete(id);
      }
      if (this.queue.length >= mostWaiting) this.passedOver++;
      else this.queue.push({ row, due: Date.now() + delayMs, tries: TRIES });
    }
    this.plan();
  }

  state(): FlowEvidenceState {
    const { found, without, failed, passedOver } = this;
    const waiting = this.queue.length + (this.running === undefined ? 0 : 1);
    return { waiting, found, without, failed, passedOver };
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (!this.stopped && (this.running !== undefined || this.queue.length > 0))
      await (this.running ?? new Promise((done) => setTimeout(done, 5)));
  }

  /** Asks no more, and waits for the query under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.queue = [];
    clearTimeout(this.timer);
    await this.running;
  }

  private plan(): void {
    clearTimeout(this.timer);
    if (this.stopped || this.running !== undefined || this.queue.length === 0) return;
    const due = this.queue.reduce((least, one) => Math.min(least, one.due), Infinity);
    this.timer = setTimeout(() => this.next(), Math.max(0, due - Date.now()));
    this.timer.unref();
  }

  private next(): void {
    const now = Date.now();
    const n = this.queue.findIndex(({ due }) => due <= now);
    if (n < 0) return this.plan();
    const [one] = this.queue.splice(n, 1);
    this.running = this.answer(one!).finally(() => {
      this.running = undefined;
      this.plan();
    });
  }

  private async answer({ row, tries }: Waiting): Promise<void> {
    const again = (): boolean => {
      if (tries <= 1 || this.stopped) return false;
      this.queue.push({ row, due: Date.now() + (this.options.againMs ?? AGAIN_MS), tries: tries - 1 });
      return true;
    };
    try {
      const flows = await largestFlows(this.database, this.table, row);
      if (flows.length > 0) {
        this.found++;
        this.options.attach(row.id, flows);
      } else if (!again()) this.without++;
    } catch (error) {
      if (error instanceof DatabaseError && error.retryable && again()) return;
      this.failed++;
      const message = error instanceof Error ? error.message : String(error);
      this.options.log.warn(`the flows of the anomaly “${row.title}” cannot be read: ${message}`);
    }
  }
}

/**
 * The largest flows of an anomaly, by octets as sent times the sampling rate.
 *
 * @throws {DatabaseError} what ClickHouse answered; Error where the filter cannot be read
 */
async function largestFlows(database: Database, table: string, row: AnomalyRow): Promise<Flows> {
  const parsed = parseFilter(row.flow_filter);
  if (!parsed.ok)
    throw new Error(`its filter ${JSON.stringify(row.flow_filter)}: ${parsed.problems[0]?.message ?? ''}`);
  const parameters = new Parameters('f');
  const condition = filterSql(parsed.filter, parameters);
  const seen = Math.floor(row.updated / 1000);
  const from = Math.max(row.opened, seen - LOOK_BACK_SECONDS) - SLACK_SECONDS;
  const rows = await database.query<Record<string, string | number>>(
    `SELECT
    toUnixTimestamp(t) AS timestamp,
    ${addressSql('a')} AS source_ip,
    ${addressSql('b')} AS destination_ip,
    p AS source_port,
    q AS destination_port,
    r AS protocol,
    f AS tcp_flags,
    w AS bytes,
    n AS packets,
    d AS duration_ms,
    s AS sampling_rate,
    if(e = '', ${addressSql('c')}, e) AS exporter
FROM (
    SELECT timestamp AS t, source_ip AS a, destination_ip AS b, source_port AS p, destination_port AS q, protocol AS r,
        tcp_flags AS f, toFloat64(bytes_in) * greatest(sampling_rate, 1) AS w,
        toFloat64(packets_in) * greatest(sampling_rate, 1) AS n, duration_ms AS d, sampling_rate AS s,
        collector_ip AS c, toString(exporter_name) AS e
    FROM ${table}
    WHERE tenant_id = {tenant:String}
        AND timestamp >= toDateTime({from:UInt32}) AND timestamp < toDateTime({to:UInt32})
        AND (${condition})
    ORDER BY w DESC, n DESC, t, a, b, p, q
    LIMIT ${LARGEST}
)
ORDER BY bytes DESC, packets DESC, timestamp, source_ip, destination_ip, source_port, destination_port
SETTINGS max_execution_time = ${MOST_SECONDS_A_QUERY}, max_threads = 1`,
    {
      tenant: row.tenant_id,
      from: Math.max(0, from),
      to: Math.max(seen, row.opened) + LATE_SECONDS,
      ...parameters.values,
    },
  );
  return rows;
}

function hasFlows(evidence: string): boolean {
  try {
    return (JSON.parse(evidence) as AnomalyEvidence | null)?.flows !== undefined;
  } catch {
    return false;
  }
}
