/**
 * What the collector's WebSocket says. `/ws/flows?filter=…&columns=a,b&limit=200` follows the flows that match; `/ws/rates?filter=…
 * &by=field,field&limit=20&every=1000` gives sums of what came in the last so many milliseconds by group, the largest by octets first.
 * Each message is one JSON text. Slow readers lose messages, never the collector: what was lost is in `skipped`.
 */
export type LiveMessage = LiveSchema | LiveFlows | LiveRates | LiveError;

/** The first message. */
export interface LiveSchema {
  readonly type: 'schema';
  /** Names of `flows` rows' values, in order; of `rates`: the fields of `by`, then `bytes`, `packets`, `flows`. */
  readonly columns: readonly string[];
  readonly version: string;
}

export interface LiveFlows {
  readonly type: 'flows';
  /** When the collector looked, milliseconds since 1970. */
  readonly t: number;
  /** Values as text or number, in the order of the schema; addresses in their usual form, IPv4 dotted. The newest last. */
  readonly rows: readonly (readonly (string | number)[])[];
  /** Flows that matched since the last message, shown or not. */
  readonly matched: number;
  /** Of these, how many are not in `rows`. */
  readonly skipped: number;
}

export interface LiveRates {
  readonly type: 'rates';
  readonly t: number;
  /** What the sums were counted over. */
  readonly seconds: number;
  /** Octets and packets are multiplied by the sampling rate; flows are as received. */
  readonly rows: readonly (readonly (string | number)[])[];
  /** All that matched, in the rows or not. */
  readonly total: { readonly bytes: number; readonly packets: number; readonly flows: number };
}

/** Says what was wrong; the connection is closed after it. */
export interface LiveError {
  readonly type: 'error';
  readonly error: string;
}
