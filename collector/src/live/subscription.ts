import type { Filter } from '@weir/core/filter';

/** What a live reader has asked for: plain data, for the receiving thread. */
export interface LiveSubscription {
  readonly id: number;
  readonly kind: 'flows' | 'rates';
  readonly filter: Filter;
  /** Of `flows`: the columns of a row. Of `rates`: the fields that are grouped by. Names as {@link cellOf} takes them. */
  readonly columns: readonly string[];
  /** Rows in a message. */
  readonly limit: number;
  /** Of `rates`: time between messages. */
  readonly everyMs: number;
  /** Only this tenant's flows; undefined for all. */
  readonly tenant: string | undefined;
}

/** A message of the tap, its rows as JSON: made on the receiving thread, where the batch is. */
export interface TapFlows {
  readonly kind: 'flows';
  readonly id: number;
  readonly t: number;
  readonly rows: string;
  readonly shown: number;
  readonly matched: number;
}

export interface TapRates {
  readonly kind: 'rates';
  readonly id: number;
  readonly t: number;
  readonly seconds: number;
  readonly rows: string;
  readonly shown: number;
  readonly total: { readonly bytes: number; readonly packets: number; readonly flows: number };
}

export type TapMessage = TapFlows | TapRates;

/** What the tap has done since it began. */
export interface TapCounts {
  readonly rowsTested: number;
  /** Rows that there was no time for: matches and sums are estimates by this share. */
  readonly rowsPassedOver: number;
}
