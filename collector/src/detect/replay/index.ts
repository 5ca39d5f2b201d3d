export {
  type BacktestProgress,
  type BacktestRequest,
  type BacktestResult,
  type ReplaySource,
  backtest,
  checkRequest,
  replaySources,
} from './backtest.ts';
export { type InThread, backtestInThread } from './backtest-in-thread.ts';
export { type ComparedAnomaly, type ReplayStatus, replayStatuses } from './compare.ts';
export { windowsOfStoredFlows } from './raw-flows.ts';
export { ReplayProblem, detectorNames } from './settings-for-replay.ts';
export { type ColumnReads, type StoredWindowsOptions, readStoredWindows } from './stored-windows.ts';
export { storedSpan } from './window-chunks.ts';
export type { WindowReads } from './window-reads.ts';
