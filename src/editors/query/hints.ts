import type { Query, QueryRange, StatusAnswer } from '@weir/core/query';

/** Something worth knowing about a query before its answer surprises, with what would mend it. */
export interface Hint {
  readonly id: string;
  readonly severity: 'info' | 'warning';
  readonly text: string;
  readonly fix?: { readonly label: string; readonly changes: Partial<Query> };
}

const DAY_MS = 86_400_000;
const askOfTraffic = new Set(['timeseries', 'top', 'conversations', 'topology']);
const needsSampling = new Set(['bits_per_second', 'packets_per_second', 'bytes', 'packets', 'utilization']);

export function hintsFor(
  query: Query,
  range: Pick<QueryRange, 'fromMs' | 'toMs'> | undefined,
  status: StatusAnswer | undefined,
  now: number,
): Hint[] {
  const hints: Hint[] = [];
  const traffic = askOfTraffic.has(query.kind);
  if (status !== undefined) {
    if (status.newestFlowMs === null)
      hints.push({
        id: 'empty',
        severity: 'warning',
        text: 'No flow has been stored yet: is an exporter sending to the collector?',
      });
    else if (now - status.newestFlowMs > 10 * 60_000)
      hints.push({
        id: 'silent',
        severity: 'warning',
        text: `No flows have come since ${new Date(status.newestFlowMs).toLocaleString()}.`,
      });
    if (range !== undefined && status.oldestFlowMs !== null && range.toMs < status.oldestFlowMs)
      hints.push({
        id: 'before',
        severity: 'info',
        text: `The range ends before the oldest flow (${new Date(status.oldestFlowMs).toLocaleString()}).`,
      });
    if (
      traffic &&
      query.correctSampling &&
      needsSampling.has(query.metric) &&
      status.exportersWithoutSampling > 0
    )
      hints.push({
        id: 'sampling',
        severity: 'warning',
        text:
          `${status.exportersWithoutSampling} of ${status.exporters} exporters do not say how they sample: their traffic is ` +
          'counted as it came and may be more. Set their sampling rate in the collector’s configuration.',
      });
    if (query.live && !status.live)
      hints.push({
        id: 'live',
        severity: 'warning',
        text: 'There is no live tail: the data source has no collector URL, or the collector does not answer.',
        fix: { label: 'Turn live off', changes: { live: false } },
      });
  }
  const span = range === undefined ? 0 : range.toMs - range.fromMs;
  if (traffic && query.resolution === 'raw' && span > 2 * DAY_MS)
    hints.push({
      id: 'raw',
      severity: 'warning',
      text: `Every flow of ${Math.round(span / DAY_MS)} days is read: this takes long.`,
      fix: { label: 'Choose the table automatically', changes: { resolution: 'auto' } },
    });
  if (traffic && query.resolution === '1h' && span > 0 && span < 6 * 3_600_000)
    hints.push({
      id: 'coarse',
      severity: 'info',
      text: 'Buckets of an hour are coarse for this range.',
      fix: { label: 'Choose the table automatically', changes: { resolution: 'auto' } },
    });
  if (query.kind === 'timeseries' && query.previousPeriod && query.dimensions.length > 0 && query.limit > 10)
    hints.push({
      id: 'previous',
      severity: 'info',
      text: 'The previous period doubles the number of series.',
      fix: { label: 'Show the top 5', changes: { limit: 5 } },
    });
  if (traffic && !query.correctSampling)
    hints.push({
      id: 'uncorrected',
      severity: 'info',
      text: 'Sampling is not corrected: this is what was observed, not what was sent.',
      fix: { label: 'Correct it', changes: { correctSampling: true } },
    });
  return hints;
}
