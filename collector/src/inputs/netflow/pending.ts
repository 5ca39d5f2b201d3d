/** A data set that came before its template: kept with all that is needed to decode it when the template comes. */
export interface PendingSet {
  readonly templateId: number;
  /** A copy of the set's content, without its header. */
  readonly bytes: Uint8Array;
  readonly receivedMs: number;
  readonly exportMs: number;
  readonly uptimeMs: number;
  /** How many records it is reckoned to hold, in the ledger under "waiting". */
  records: number;
  /** `records` came from the exporter, not from a guess. */
  counted: boolean;
}
