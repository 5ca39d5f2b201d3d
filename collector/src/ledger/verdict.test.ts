import { describe, expect, test } from '@jest/globals';
import { datagramReasons, lossReasons, setReasons, zeroCounts } from './reasons.ts';
import type { ExporterReport } from './report.ts';
import { NOW_MS, healthyDomain, healthyReport } from './testing/reports.ts';
import { verdictsOf, worstSeverity } from './verdict.ts';

function said(report: ExporterReport): string[] {
  return verdictsOf(report, NOW_MS).map(({ severity, code, text }) => `${severity} ${code}: ${text}`);
}

test('all well', () => {
  expect(said(healthyReport())).toEqual(['ok all_well: All is well: 20,000 flows, the latest 2 s ago.']);
});

describe('one thing at a time', () => {
  test.each<[string, ExporterReport, string]>([
    ['silent', healthyReport({ lastSeenMs: NOW_MS - 240_000 }), 'warning silent: Silent for 4 min.'],
    ['silent for long', healthyReport({ lastSeenMs: NOW_MS - 7_200_000 }), 'problem silent: Silent for 2 h.'],
    [
      'template missing',
      healthyReport({
        domains: [healthyDomain({ id: 7, waitingSets: 12, waitingFor: [256, 300] })],
        templateMissingMs: NOW_MS - 5_000,
        pendingBytes: 8_192,
      }),
      'warning template_missing: Templates 256, 300 of domain 7 missing: 12 sets of data (8 KiB) came without them, the latest 5 s ago, and waits. It is decoded when the template comes: lower the exporter’s template timeout to 1 minute.',
    ],
    [
      'sampling unknown',
      healthyReport({ samplingRate: 0, address: '2001:db8::1' }),
      "warning sampling_unknown: Sampling rate not known: bytes and packets are shown as sent. Let it export its sampler’s options, or say it under exporters in the configuration: { address: '2001:db8::1', sampling_rate: 1000 }, or 1 if it does not sample.",
    ],
    ['clock behind', healthyReport({ clockOffsetMs: -240_000 }), 'problem clock_skew: Clock 4 min behind: '],
    ['clock ahead', healthyReport({ clockOffsetMs: 30_000 }), 'warning clock_skew: Clock 30 s ahead: '],
    [
      'records lost',
      healthyReport(
        {},
        {
          recordsAnnounced: 20_010 + 620,
          recordsLost: { ...zeroCounts(lossReasons), sequence_gap: 600, malformed: 20 },
        },
      ),
      'problem records_lost: 3 % of 20,630 announced records lost: 600 lost on the way (see kernel drops of the listeners, then the network); 20 malformed by the exporter.',
    ],
    [
      'a few records lost by us',
      healthyReport({}, { recordsAnnounced: 20_012, recordsLost: { ...zeroCounts(lossReasons), queue: 2 } }),
      'warning records_lost: < 0.01 % of 20,012 announced records lost: 2 this collector could not keep up.',
    ],
    [
      'refused',
      healthyReport(
        {},
        { datagramsReceived: 1001, datagramsRefused: { ...zeroCounts(datagramReasons), unknown_version: 1 } },
      ),
      'warning datagrams_refused: 1 of 1,001 datagrams refused: 1 of no version of NetFlow or IPFIX (does something else send here?).',
    ],
    [
      'fault of ours',
      healthyReport(
        {},
        { datagramsReceived: 1001, datagramsRefused: { ...zeroCounts(datagramReasons), fault: 1 } },
      ),
      'problem datagrams_refused: ',
    ],
    [
      'malformed sets',
      healthyReport({}, { setsMalformed: { ...zeroCounts(setReasons), set_truncated: 3 } }),
      'warning sets_malformed: 3 sets not understood: set_truncated 3. ',
    ],
    [
      'ledger',
      healthyReport({}, { imbalance: 5 }),
      'problem ledger_imbalance: The ledger does not balance by 5 records. This is a fault of Weir’s: please report it',
    ],
    [
      'datagrams of the ledger',
      healthyReport({}, { datagramsDecoded: 998 }),
      'problem ledger_imbalance: The ledger does not balance by 2 datagrams.',
    ],
    [
      'no flows',
      healthyReport({}, { flows: 0, recordsAnnounced: 10 }),
      'warning no_flows: 1,000 datagrams and no flow yet, only templates (1).',
    ],
  ])('%s', (_, report, expected) => {
    const all = said(report);
    expect(all).toHaveLength(1);
    expect(all[0]!.slice(0, expected.length)).toBe(expected);
  });

  test('doubled datagrams are no fault of anyone', () => {
    const report = healthyReport(
      {},
      { datagramsReceived: 1500, datagramsRefused: { ...zeroCounts(datagramReasons), duplicate: 500 } },
    );
    expect(worstSeverity(verdictsOf(report, NOW_MS))).toBe('ok');
  });

  test('what is good to know comes after "all is well"', () => {
    const report = healthyReport({
      versions: [10],
      domains: [healthyDomain({ id: 3, version: 10, contrarySequence: true })],
      unused: [{ pen: 9, id: 12345, name: 'cisco:something', records: 7 }],
    });
    expect(said(report)).toEqual([
      'ok all_well: All is well: 20,000 flows, the latest 2 s ago.',
      'ok sequence_contrary: Its sequence numbers are not what the protocol says: domain 3 does not count the records before a datagram, as IPFIX does. Loss is counted by its own habit.',
      'ok elements_unused: Sends 1 element in vain, as no column takes them: cisco:something.',
    ]);
  });
});

test('the worst first', () => {
  const verdicts = verdictsOf(healthyReport({ samplingRate: 0, clockOffsetMs: 600_000 }), NOW_MS);
  expect(verdicts.map((v) => v.code)).toEqual(['clock_skew', 'sampling_unknown']);
  expect(worstSeverity(verdicts)).toBe('problem');
});
