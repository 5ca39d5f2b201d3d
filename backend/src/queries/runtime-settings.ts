import type { DataSourceSettings, QueryKind } from '@weir/core/query';

/** What our own statements may bring at most; they are limited in themselves, and this is for when one is not. */
const MAX_RESULT_ROWS = 1_000_000;
/** Left of a deadline for the way back and the frames. */
const SPARE_MS = 1000;

/** ClickHouse's settings of a query: its bounds in time and rows, and who asks. */
export function runtimeSettings(
  settings: DataSourceSettings,
  kind: QueryKind,
  deadlineMs: number | undefined,
  comment: string,
  nowMs = Date.now(),
): Record<string, string> {
  const left = deadlineMs === undefined ? Infinity : (deadlineMs - SPARE_MS - nowMs) / 1000;
  const seconds = Math.max(1, Math.floor(Math.min(settings.timeoutSeconds, left)));
  return {
    max_execution_time: String(seconds),
    ...(kind === 'sql'
      ? { max_result_rows: String(settings.maxRows + 1), result_overflow_mode: 'break' }
      : { max_result_rows: String(MAX_RESULT_ROWS), result_overflow_mode: 'throw' }),
    log_comment: comment,
  };
}
