import type { LedgerEntry } from './ledger/delta.ts';

/** A sealed batch: a Native block and what the ledger has to add since the one before. */
export interface SealedBatch {
  /** One Native block; empty where only the ledger has news. */
  readonly block: Uint8Array<ArrayBuffer>;
  readonly rows: number;
  /** The columns that the block carries. */
  readonly columns: readonly string[];
  readonly entries: readonly LedgerEntry[];
}

/** What became of a sealed batch that was handed on. */
export type HandOver = 'held' | 'refused';
