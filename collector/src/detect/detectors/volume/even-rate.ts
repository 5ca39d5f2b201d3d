import { WINDOW_SECONDS, type WindowNumber } from '@weir/core/windows';
import { type Entity, MOST_WINDOWS_BACK } from '../../step.ts';

/*
 * Exporters tell of a long flow when its active timeout passes (one to thirty minutes), or only when it ends. All of it counts in one
 * window then: half an hour of a quiet VPN looks like a flood of ten seconds. What is here takes each flow as even over the time
 * that it lasted. Needs of a row: the number itself, `bytes`, `bytes_before`, `longest_ms`.
 */

/**
 * The number per second in one window: the larger of two estimates that do not overstate. What lies within the window, by the
 * share of bytes that does; and all of it over the duration of the longest flow, since the others lasted less.
 */
export function evenRate(entity: Entity, name: WindowNumber, back = 0): number {
  const value = entity.at(name, back);
  if (value === 0) return 0;
  const lasted = Math.max(WINDOW_SECONDS, entity.at('longest_ms', back) / 1000);
  return Math.max((value * (1 - shareBefore(entity, back))) / WINDOW_SECONDS, value / lasted);
}

/**
 * The number per second in each window of the minute, the current one first. What flows sent before the window in which they were
 * told of is laid back over the windows before, as far back as the longest of them lasted.
 */
export function evenSeries(entity: Entity, name: WindowNumber, series = new Float64Array(MOST_WINDOWS_BACK)) {
  for (let back = 0; back < MOST_WINDOWS_BACK; back++) {
    const value = entity.at(name, back);
    if (value === 0) continue;
    const before = value * shareBefore(entity, back);
    series[back]! += (value - before) / WINDOW_SECONDS;
    const windows = Math.max(1, entity.at('longest_ms', back) / 1000 / WINDOW_SECONDS);
    const each = before / Math.ceil(windows) / WINDOW_SECONDS;
    // A flow that ended in this window lasted into it too: where it is long, this window has its part as well.
    const from = windows > 1 ? back : back + 1;
    for (let b = from; b < Math.min(MOST_WINDOWS_BACK, from + Math.ceil(windows)); b++) series[b]! += each;
  }
  return series;
}

function shareBefore(entity: Entity, back: number): number {
  const bytes = entity.at('bytes', back);
  return bytes === 0 ? 0 : Math.min(1, entity.at('bytes_before', back) / bytes);
}
