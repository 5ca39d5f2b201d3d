export { type ColumnReads, type StoredWindowsOptions, readStoredWindows } from './stored-windows.ts';
export { storedSpan } from './window-chunks.ts';
export type { WindowReads } from './window-reads.ts';
