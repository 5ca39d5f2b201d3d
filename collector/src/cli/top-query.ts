import { type ClickHouseTarget, askRows } from './clickhouse-http.ts';
import { type Key, type TopOrder, type TopView, type TopViewName, topViews } from './top-views.ts';

export interface TopQuestion {
  readonly view: TopViewName;
  readonly order: TopOrder;
  readonly seconds: number;
  readonly rows: number;
  /** A condition in SQL, or undefined for all flows. */
  readonly where: string | undefined;
}

export interface Rates {
  readonly bits: number;
  readonly packets: number;
  readonly flows: number;
}

/** Who talks most, in rates a second over the window. */
export interface TopAnswer {
  /** End of the window: when the latest flow was received, milliseconds since 1970; null where there is none in reach. */
  readonly untilMs: number | null;
  /** How old that was when ClickHouse was asked. */
  readonly ageMs: number;
  /** Length of the window: less than was asked for where flows have not been coming for so long. */
  readonly seconds: number;
  readonly all: Rates;
  readonly talkers: readonly (Rates & { readonly key: readonly Key[] })[];
}

/** Flows older than this are not "now" any more. */
export const REACH_SECONDS = 900;

/**
 * Asks in two steps: when the latest flows are from, and who talked most in the window that ends there. So a rate is not too low
 * by the seconds that flows take to be stored, nor, after a start, by the time before it.
 */
export async function askTop(
  target: ClickHouseTarget,
  question: TopQuestion,
  signal?: AbortSignal,
): Promise<TopAnswer> {
  const view: TopView = topViews[question.view];
  const where = question.where === undefined ? '' : ` AND (${question.where})`;
  const [latest] = await askRows<{ until: number; since: number; now: number }>(target, {
    sql:
      'WITH (SELECT max(timestamp) FROM network_flows WHERE timestamp > now() - {reach:UInt32}) AS latest ' +
      'SELECT toUnixTimestamp(latest) AS until, toUnixTimestamp(min(timestamp)) AS since, toUnixTimestamp(now()) AS now ' +
      'FROM network_flows WHERE timestamp > latest - {seconds:UInt32} AND timestamp <= latest',
    parameters: { reach: REACH_SECONDS, seconds: question.seconds },
    ...(signal && { signal }),
  });
  const none = { bits: 0, packets: 0, flows: 0 };
  if (latest === undefined || latest.until === 0)
    return { untilMs: null, ageMs: 0, seconds: 0, all: none, talkers: [] };
  const seconds = latest.until - latest.since + 1;

  const sums = sumsOf(view);
  const window =
    'timestamp > toDateTime({until:UInt32} - {seconds:UInt32}) AND timestamp <= toDateTime({until:UInt32})';
  const keys = view.keys.map((expression, i) => `${expression} AS key_${i}`).join(', ');
  const names = view.keys.map((_, i) => `key_${i}`).join(', ');
  const parameters = { until: latest.until, seconds, rows: question.rows };
  const [[all = none], rows] = await Promise.all([
    askRows<Rates>(target, {
      sql: `SELECT ${sums} FROM network_flows WHERE ${window}${where}`,
      parameters,
      ...(signal && { signal }),
    }),
    askRows<Rates & Record<string, Key>>(target, {
      sql: `SELECT ${keys}, ${sums} FROM network_flows WHERE ${window}${where} GROUP BY ${names} ORDER BY ${question.order} DESC, ${names} LIMIT {rows:UInt32}`,
      parameters,
      ...(signal && { signal }),
    }),
  ]);
  return {
    untilMs: latest.until * 1000,
    seconds,
    ageMs: Math.max(0, latest.now - latest.until) * 1000,
    all,
    talkers: rows.map((row) => ({
      bits: row.bits,
      packets: row.packets,
      flows: row.flows,
      key: view.keys.map((_, i) => row[`key_${i}`]!),
    })),
  };
}

/** Bytes and packets are stored as sent: multiplied by the sampling rate they are what passed. */
function sumsOf({ directions }: TopView): string {
  const bytes = directions === 'both' ? '(bytes_in + bytes_out)' : 'bytes_in';
  const packets = directions === 'both' ? '(packets_in + packets_out)' : 'packets_in';
  const rate = 'greatest(sampling_rate, 1)';
  return (
    `sum(${bytes} * ${rate}) * 8 / {seconds:UInt32} AS bits, sum(${packets} * ${rate}) / {seconds:UInt32} AS packets, ` +
    `count() / {seconds:UInt32} AS flows`
  );
}
