import { describe, expect, it } from '@jest/globals';
import type { DetectionSettings } from '../settings.ts';
import { Scope } from './scope.ts';
import { AnomalyTracker, checkDetectionFilters } from './index.ts';
import { NOON, closed, early, found, quiet, scan, settings } from './testing/findings.ts';

const excluding = (filter: string, detectors: readonly string[] = []): DetectionSettings => ({
  ...settings,
  exclude: [{ filter, detectors, comment: '' }],
});
const isExcluded = (filter: string, finding = scan(), exporterName = ''): boolean =>
  new Scope(excluding(filter)).judge(finding, finding.detector, exporterName).kind === 'excluded';
const isInScope = (scope: string, finding = scan()): boolean =>
  new Scope({ ...settings, detectors: { port_scan: { scope } } }).judge(finding, 'port_scan', '').kind ===
  'kept';

describe('an exclusion', () => {
  const finding = scan({
    destination: '192.0.2.9',
    port: 22,
    protocol: 6,
    exporter: '198.51.100.1',
    interface: 12,
  });

  it.each([
    'source = 10.0.0.7',
    'source in 10.0.0.0/8',
    'destination = 192.0.2.9',
    'host = 10.0.0.7',
    'host = 192.0.2.9',
    'port = ssh',
    'destination_port between 20 and 30',
    'service = 22',
    'protocol = tcp',
    'exporter = 198.51.100.1',
    'exporter = edge-1',
    'exporter ~ "^edge"',
    'interface = 12',
    'input_interface = 12',
    'output_interface = 12',
    'tenant = acme',
    'source = 10.0.0.7 and not port = 23',
    'host != 10.0.0.8',
    'source in (10.1.0.0/16, 10.0.0.7) and (port = 1 or protocol = 6)',
    'application is unknown',
    'source is known',
    '',
  ])('matches %s', (filter) => {
    expect(isExcluded(filter, finding, 'edge-1')).toBe(true);
  });

  it.each([
    'source = 10.0.0.8',
    'destination = 10.0.0.7',
    'port = 23',
    'not port = ssh',
    'exporter = edge-2',
    'tenant = Acme',
    'source is unknown',
    'not a = b',
  ])('does not match %s', (filter) => {
    expect(isExcluded(filter, finding, 'edge-1')).toBe(false);
  });

  it.each([
    'destination = 192.0.2.9',
    'destination != 192.0.2.9',
    'not destination in 10.0.0.0/8',
    'host != 10.0.0.8',
    'port != 22',
    'exporter != lab',
    'interface = 12',
    'interface != 12',
    'application != backup',
    'tcp_flags = syn',
    'not tcp_flags = syn',
    'source = 10.0.0.7 and port != 22',
  ])('says nothing of what is not known: %s', (filter) => {
    expect(isExcluded(filter, scan())).toBe(false);
  });

  it('by name says nothing of an exporter without one, nor of interfaces', () => {
    expect(isExcluded('exporter != lab', finding, '')).toBe(false);
    expect(isExcluded('exporter != lab', finding, 'edge')).toBe(true);
    expect(isExcluded('not interface = xe-0', finding)).toBe(false);
  });

  it('matches a prefix where all of it is meant', () => {
    const carpet = found('ddos_carpet_bombing', { destination: '10.1.2.0', destinationPrefix: 120 });
    const is = (filter: string): boolean => isExcluded(filter, carpet);
    expect(is('destination in 10.1.2.0/23')).toBe(true);
    expect(is('destination in 10.1.2.0/24')).toBe(true);
    expect(is('destination in 10.1.2.0/25')).toBe(false);
    expect(is('not destination in 10.1.2.0/25')).toBe(false);
    expect(is('destination = 10.1.2.0')).toBe(false);
    expect(is('not destination = 10.9.0.0/16')).toBe(true);
  });

  it('matches where contributors make up more than half', () => {
    const spike = (backup: number, others: number, value = backup + others) =>
      found('traffic_spike', {
        exporter: '198.51.100.1',
        value,
        evidence: {
          contributors: [
            { source_ip: '10.0.0.9', destination_port: 873, application: 'backup', value: backup },
            { source_ip: '10.0.0.1', value: others },
          ],
        },
      });
    for (const filter of ['source = 10.0.0.9', 'host = 10.0.0.9', 'port = 873', 'application = backup']) {
      expect(isExcluded(filter, spike(51, 49))).toBe(true);
      expect(isExcluded(filter, spike(50, 50))).toBe(false);
    }
    expect(isExcluded('source = 10.0.0.9 and exporter = 198.51.100.1', spike(51, 49))).toBe(true);
    // The largest few of ten thousand sources do not stand for all
    expect(isExcluded('source = 10.0.0.9', spike(51, 49, 1000))).toBe(false);
  });

  it('is for the detectors it names', () => {
    const judge = (detector: string): string =>
      new Scope(excluding('source = 10.0.0.7', ['port_scan', 'beaconing'])).judge(scan(), detector, '').kind;
    expect([judge('port_scan'), judge('brute_force')]).toEqual(['excluded', 'kept']);
  });

  it('is counted, and never written', () => {
    const tracker = new AnomalyTracker(excluding('source = 10.0.0.7'));
    expect(closed(tracker, 0, scan(), scan())).toEqual([]);
    expect(closed(tracker, 1, scan({ source: '10.0.0.8' }))).toHaveLength(1);
    expect(tracker.counts()).toMatchObject({ open: 1, excluded: { 'source = 10.0.0.7': 2 } });
  });

  it('that comes while it lasts closes it; one that goes reopens it', () => {
    const tracker = new AnomalyTracker(settings);
    const [row] = closed(tracker, 0, scan());
    tracker.reconfigure(excluding('source = 10.0.0.7'));
    const [ended, ...more] = early(tracker, 1);
    expect(ended).toMatchObject({ id: row!.id, state: 'closed', closed: NOON + 10 });
    expect(JSON.parse(ended!.evidence)).toMatchObject({ ended: 'excluded by source = 10.0.0.7' });
    expect([...more, ...closed(tracker, 2, scan())]).toEqual([]);
    tracker.reconfigure(settings);
    expect(closed(tracker, 3, scan())).toMatchObject([{ id: row!.id, state: 'open', closed: 0 }]);
  });

  it('that comes with a restart closes it', () => {
    const rows = closed(new AnomalyTracker(settings), 0, scan());
    const tracker = new AnomalyTracker(excluding('source = 10.0.0.7'));
    tracker.resume(rows);
    expect(closed(tracker, 1, scan())).toMatchObject([{ state: 'closed' }]);
  });
});

describe('a scope', () => {
  it('lets through only what matches', () => {
    expect(isInScope('source in 10.0.0.0/8')).toBe(true);
    expect(isInScope('source in 10.1.0.0/16')).toBe(false);
  });

  it('of what is not known does not hold, and its negation does', () => {
    expect(isInScope('destination in 10.0.0.0/8')).toBe(false);
    expect(isInScope('not destination in 10.0.0.0/8')).toBe(true);
    expect(isInScope('exporter != lab')).toBe(true);
  });

  it('is a tenant’s own before that for all', () => {
    const scope = new Scope({
      ...settings,
      detectors: { port_scan: { scope: 'source = 10.0.0.1' } },
      tenants: {
        acme: { port_scan: { scope: 'source = 10.0.0.7' } },
        quiet: { port_scan: { enabled: false } },
      },
    });
    const judge = (tenant: string, source: string): string =>
      scope.judge(scan({ tenant, source }), 'port_scan', '').kind;
    expect(judge('acme', '10.0.0.7')).toBe('kept');
    expect(judge('acme', '10.0.0.1')).toBe('out of scope');
    expect(judge('other', '10.0.0.1')).toBe('kept');
    expect(judge('other', '10.0.0.7')).toBe('out of scope');
    expect(judge('quiet', '10.0.0.1')).toBe('detector off');
  });

  it('that changes closes what is out of it; a detector switched off closes all of its', () => {
    const tracker = new AnomalyTracker(settings);
    closed(tracker, 0, scan(), scan({ source: '10.1.0.1' }));
    tracker.reconfigure({ ...settings, detectors: { port_scan: { scope: 'source in 10.1.0.0/16' } } });
    expect(closed(tracker, 1)).toMatchObject([{ source_ip: '10.0.0.7', state: 'closed' }]);
    expect(closed(tracker, 2, scan())).toEqual([]);
    tracker.reconfigure({ ...settings, detectors: { port_scan: { enabled: false } } });
    expect(closed(tracker, 3, scan({ source: '10.1.0.1' }))).toMatchObject([
      { source_ip: '10.1.0.1', state: 'closed' },
    ]);
    expect(tracker.counts().outOfScope).toBe(1);
  });
});

describe('a silence', () => {
  const silencing = (seconds: number, filter = 'source = 10.0.0.7'): DetectionSettings => ({
    ...settings,
    silences: [
      { filter, detectors: [], comment: '', until: (NOON + seconds) * 1000 },
      { filter, detectors: ['beaconing'], comment: '', until: (NOON + 9999) * 1000 },
    ],
  });

  it('lets it be recorded as silenced, and closed', () => {
    const tracker = new AnomalyTracker(silencing(3600));
    expect(closed(tracker, 0, scan())).toMatchObject([{ state: 'silenced' }]);
    expect(tracker.counts()).toMatchObject({ open: 1, silenced: 1 });
    expect(quiet(tracker, 1, 9)).toMatchObject([{ state: 'closed' }]);
  });

  it('that ends while it lasts makes it open', () => {
    const tracker = new AnomalyTracker(silencing(25));
    closed(tracker, 0, scan());
    expect(closed(tracker, 1, scan())).toEqual([]);
    expect(closed(tracker, 2, scan())).toMatchObject([{ state: 'open' }]);
    expect(early(tracker, 1, scan())).toEqual([]);
  });

  it('that is made while it lasts holds from the next window on, and is lifted so', () => {
    const tracker = new AnomalyTracker(settings);
    closed(tracker, 0, scan());
    tracker.reconfigure(silencing(3600));
    expect(early(tracker, 1)).toMatchObject([{ state: 'silenced' }]);
    tracker.reconfigure(settings);
    expect(early(tracker, 1)).toMatchObject([{ state: 'open' }]);
  });

  it('holds for what is reopened, as it is then', () => {
    const tracker = new AnomalyTracker(silencing(3600));
    closed(tracker, 0, scan({ value: 90 }));
    quiet(tracker, 1, 9);
    tracker.reconfigure(settings);
    expect(closed(tracker, 10, scan())).toMatchObject([{ state: 'open', value: 90 }]);
  });

  it('of everything takes an empty filter; of others it says nothing', () => {
    expect(closed(new AnomalyTracker(silencing(3600, '')), 0, scan())).toMatchObject([{ state: 'silenced' }]);
    expect(closed(new AnomalyTracker(silencing(3600, 'source = 10.0.0.8')), 0, scan())).toMatchObject([
      { state: 'open' },
    ]);
  });

  it('holds over a restart', () => {
    const rows = closed(new AnomalyTracker(silencing(3600)), 0, scan());
    const tracker = new AnomalyTracker(silencing(3600));
    tracker.resume(rows);
    expect(closed(tracker, 1, scan())).toEqual([]);
    expect(tracker.counts().silenced).toBe(1);
  });

  it('sums up as silenced only where all are', () => {
    const many = Array.from({ length: 20 }, (_, n) => scan({ source: `10.0.0.${n}` }));
    const rest = (filter: string): string =>
      closed(new AnomalyTracker(silencing(3600, filter), { mostOpen: 2 }), 0, ...many)[2]!.state;
    expect(rest('source in 10.0.0.0/24')).toBe('silenced');
    expect(rest('source in 10.0.0.0/29')).toBe('open');
  });
});

describe('the check of filters', () => {
  const check = (part: Partial<DetectionSettings>) => checkDetectionFilters({ ...settings, ...part });
  const exclude = (filter: string) => check({ exclude: [{ filter, detectors: [], comment: '' }] });

  it('finds nothing in what is right', () => {
    expect(
      check({
        exclude: [{ filter: 'source = 10.0.0.9 and port = 22', detectors: [], comment: '' }],
        silences: [{ filter: '', detectors: [], comment: '', until: 5 }],
        detectors: { port_scan: { scope: 'not host in 10.0.0.0/8 or exporter ~ "^lab"' }, beaconing: {} },
        tenants: { acme: { port_scan: { scope: 'interface in (1, 5-9)' } } },
      }),
    ).toEqual([]);
  });

  it('says where, what is wrong, and what would be right', () => {
    expect(
      check({
        exclude: [
          { filter: 'source = 10.0.0.9', detectors: [], comment: '' },
          { filter: 'source = 10.0.0.9 and byts > 5', detectors: [], comment: '' },
        ],
        silences: [{ filter: 'source =', detectors: [], comment: '', until: 5 }],
        detectors: { port_scan: { scope: 'source = 10.0.0.9 or tcp_flags has syn' } },
        tenants: { acme: { beaconing: { scope: 'source = 1 2' } } },
      }),
    ).toEqual([
      expect.objectContaining({ path: 'exclude[1].filter', from: 22, to: 26 }),
      expect.objectContaining({ path: 'silences[0].filter' }),
      {
        path: 'detectors.port_scan.scope',
        from: 21,
        to: 30,
        message: 'Anomalies have no tcp_flags.',
        advice: expect.stringContaining('source_ip, destination_ip, host'),
      },
      expect.objectContaining({ path: 'tenants.acme.beaconing.scope' }),
    ]);
  });

  it('knows aliases, and interfaces by index alone', () => {
    expect(exclude('port = 5 and (SRC = 10.0.0.1 and in_if != xe-0/0/1)')).toMatchObject([
      {
        path: 'exclude[0].filter',
        from: 33,
        to: 38,
        advice: expect.stringContaining('input_interface = 12'),
      },
    ]);
    expect(exclude('bytes > 5 and octets > 7')).toHaveLength(2);
  });

  it('does not let an empty filter exclude everything', () => {
    expect(exclude(' ')).toMatchObject([
      { path: 'exclude[0].filter', message: expect.stringContaining('empty') },
    ]);
  });
});
