import { describe, expect, test } from '@jest/globals';
import { NOW_MS, healthyReport } from '../ledger/testing/reports.ts';
import { healthOf } from './health.ts';
import { healthyCounts, healthySources } from './testing/sources.ts';

const ROOMY = { freeBytes: 2 ** 40, totalBytes: 2 ** 41 };

test('a collector that is well says so, with the numbers', () => {
  const health = healthOf(healthySources({ exporters: [healthyReport()] }), ROOMY, NOW_MS);
  expect(health).toMatchObject({
    status: 'ok',
    reasons: [],
    version: '1.2.3',
    uptimeSeconds: 3600,
    receiver: { alive: true, listeners: 1 },
    detection: { alive: true, catchingUp: false, openAnomalies: 2 },
    store: { connected: true, spoolBlocks: 1, oldestBlockAgeSeconds: 3 },
    exporters: 1,
    lastFlowAgeSeconds: 2,
  });
});

test('before the first exporter nothing is wrong', () => {
  expect(healthOf(healthySources(), ROOMY, NOW_MS)).toMatchObject({ status: 'ok', lastFlowAgeSeconds: null });
});

describe('reasons', () => {
  test.each([
    ['receiver_silent', 'failing', healthySources({ receiver: { reportedMs: NOW_MS - 60_000 } }), ROOMY],
    ['queue_filling', 'degraded', healthySources({ receiver: { queuedBytes: 1 << 28 } }), ROOMY],
    [
      'store_unreachable',
      'degraded',
      healthySources({ store: { connected: false, lastError: 'ECONNREFUSED' } }),
      ROOMY,
    ],
    ['spool_filling', 'degraded', healthySources({ store: { spoolBytes: 0.9 * 2 ** 30 } }), ROOMY],
    ['spool_full', 'failing', healthySources({ store: { spoolBytes: 2 ** 30 } }), ROOMY],
    ['store_late', 'degraded', healthySources({ store: { oldestBlockMs: NOW_MS - 600_000 } }), ROOMY],
    ['rows_rejected', 'degraded', healthySources({ store: { rowsRejected: 5 } }), ROOMY],
    ['detection_down', 'degraded', healthySources({ detection: { alive: false, deaths: 2 } }), ROOMY],
    ['detection_behind', 'degraded', healthySources({ detection: { queuedBytes: 1 << 26 } }), ROOMY],
    [
      'detector_fails',
      'degraded',
      healthySources({
        detection: {
          counts: { ...healthyCounts(), engine: { ...healthyCounts().engine, faults: { a: 1 } } },
        },
      }),
      ROOMY,
    ],
    ['disk_low', 'degraded', healthySources(), { freeBytes: 2 ** 34, totalBytes: 2 ** 41 }],
    ['disk_full', 'failing', healthySources(), { freeBytes: 1000, totalBytes: 2 ** 41 }],
    [
      'ledger_imbalance',
      'degraded',
      healthySources({ exporters: [healthyReport({}, { imbalance: 1 })] }),
      ROOMY,
    ],
    [
      'no_flows',
      'degraded',
      healthySources({ exporters: [healthyReport({ lastSeenMs: NOW_MS - 3_600_000 })] }),
      ROOMY,
    ],
  ])('%s: %s', (code, status, sources, disk) => {
    const health = healthOf(sources, disk, NOW_MS);
    expect(health.reasons.map((reason) => reason.code)).toEqual([code]);
    expect(health.status).toBe(status);
  });
});
