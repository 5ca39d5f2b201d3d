import { describe, expect, it } from '@jest/globals';
import type { AnomalyRow } from '@weir/core/anomalies';
import type { Label, Labelled } from './labels.ts';
import { type WrittenRow, score } from './score.ts';

const START = 1_000_000;

function label(more: Partial<Label>): Label {
  return {
    id: 'scan',
    kind: 'attack',
    description: '',
    expected: ['port_scan_vertical'],
    also: ['error_rate'],
    hosts: ['10.0.3.5'],
    from: START + 600,
    to: START + 630,
    crossesAfter: 5,
    required: true,
    ...more,
  };
}

function traffic(labels: readonly Label[]): Labelled {
  return { labels, from: START, to: START + 86_400, ownHosts: 100 };
}

/** A row written so many seconds after the start. */
function row(after: number, more: Partial<AnomalyRow> = {}): WrittenRow {
  return {
    at: START + after,
    row: {
      id: 'a',
      type: 'port_scan_vertical',
      state: 'open',
      opened: START + after - 10,
      source_ip: '10.0.3.5',
      destination_ip: '::',
      destination_prefix: 0,
      ...more,
    } as AnomalyRow,
  };
}

const of = (type: string, scored: ReturnType<typeof score>) => scored.types.find((t) => t.type === type)!;

describe('scoring anomalies against labels', () => {
  it('finds an attack by an anomaly of its type, host and time, and says how long it took', () => {
    const scored = score([row(620), row(630)], traffic([label({})]));
    expect(scored.labels[0]).toMatchObject({ found: true, secondsToDetect: 20, secondsFromCrossing: 15 });
    expect(of('port_scan_vertical', scored)).toMatchObject({
      labels: 1,
      found: 1,
      true: 1,
      false: 0,
      recall: 1,
    });
    expect(scored).toMatchObject({ recall: 1, precision: 1, falsePerDay: 0 });
  });

  it.each([
    ['of another host', { source_ip: '10.0.3.6' }, 620],
    ['of a type that nobody expects', { type: 'beaconing' }, 620],
    ['that was there before the attack', {}, 500],
    ['long after it', {}, 800],
  ] as const)('takes an anomaly %s for a false alarm, and the attack for missed', (_, more, at) => {
    const scored = score([row(at, more)], traffic([label({})]));
    expect(scored.labels[0]).toMatchObject({ found: false, anomalies: 0 });
    expect(scored.falseAlarms).toHaveLength(1);
    expect(scored).toMatchObject({ recall: 0, precision: 0, falsePerDay: 1 });
  });

  it('takes consequences for true, but not for the attack’s being found', () => {
    const scored = score([row(620, { type: 'error_rate' })], traffic([label({})]));
    expect(scored.labels[0]).toMatchObject({ found: false, anomalies: 1 });
    expect(of('error_rate', scored)).toMatchObject({ labels: 0, true: 1, false: 0, precision: 1 });
    expect(scored.falseAlarms).toEqual([]);
  });

  it('lets an anomaly that is reopened, or lasts, tell of a second attack', () => {
    const second = label({ id: 'again', from: START + 700, to: START + 730 });
    const scored = score(
      [row(620), row(690, { state: 'closed' }), row(720, { opened: START + 610 })],
      traffic([label({}), second]),
    );
    expect(scored.labels.map((l) => [l.found, l.secondsToDetect])).toEqual([
      [true, 20],
      [true, 20],
    ]);
    expect(scored.types).toMatchObject([{ labels: 2, found: 2, true: 1, false: 0 }]);
  });

  it('does not take an anomaly’s closing for a detection', () => {
    const second = label({ id: 'again', from: START + 685, to: START + 695 });
    const scored = score([row(620), row(690, { state: 'closed' })], traffic([label({}), second]));
    expect(scored.labels[1]).toMatchObject({ found: false });
  });

  it('lets prefixes stand for their hosts, on either side, in both families', () => {
    const carpet = label({ expected: ['ddos_carpet_bombing'], hosts: ['10.0.2.7'] });
    const v6 = label({ id: 'v6', expected: ['syn_flood'], hosts: ['2001:db8::/32'] });
    const scored = score(
      [
        row(620, {
          type: 'ddos_carpet_bombing',
          source_ip: '::',
          destination_ip: '10.0.2.0',
          destination_prefix: 120,
        }),
        row(620, {
          id: 'b',
          type: 'syn_flood',
          source_ip: '::',
          destination_ip: '2001:db8::7',
          destination_prefix: 128,
        }),
      ],
      traffic([carpet, v6]),
    );
    expect(scored.labels.map((l) => l.found)).toEqual([true, true]);
    expect(scored.falseAlarms).toEqual([]);
  });

  it('lets consequences name victims, as their destination alone', () => {
    const hit = label({ victims: ['10.0.2.7'] });
    const of = (more: Partial<AnomalyRow>) =>
      score([row(620, { source_ip: '::', ...more })], traffic([hit])).falseAlarms.length;
    expect(of({ type: 'error_rate', destination_ip: '10.0.2.7', destination_prefix: 128 })).toBe(0);
    expect(of({ type: 'error_rate', destination_ip: '10.0.2.8', destination_prefix: 128 })).toBe(1);
    expect(of({ type: 'error_rate', source_ip: '10.0.2.7' })).toBe(1);
    expect(of({ type: 'port_scan_vertical', destination_ip: '10.0.2.7', destination_prefix: 128 })).toBe(1);
  });

  it('goes by time alone where an anomaly names no host', () => {
    const scored = score([row(620, { type: 'error_rate', source_ip: '::' })], traffic([label({})]));
    expect(scored.falseAlarms).toEqual([]);
  });

  it('asks for no attack below the defaults, and takes it for true where it is found', () => {
    const missed = score([], traffic([label({ required: false })]));
    expect(missed.recall).toBeNaN();
    expect(missed.types).toEqual([]);
    expect(score([row(620)], traffic([label({ required: false })]))).toMatchObject({ precision: 1 });
  });

  it('counts what benign traffic may cause neither way, and says near which benign traffic false alarms are', () => {
    const benign = label({ id: 'speed test', kind: 'benign', expected: [], also: ['traffic_spike'] });
    const scored = score([row(620, { type: 'traffic_spike' }), row(620, { id: 'b' })], traffic([benign]));
    expect(of('traffic_spike', scored)).toMatchObject({ true: 0, false: 0, neutral: 1 });
    expect(scored.falseAlarms).toMatchObject([{ row: { type: 'port_scan_vertical' }, near: ['speed test'] }]);
  });

  it('lets benign traffic excuse what names its hosts, while it lasts, and nothing else', () => {
    const benign = label({ id: 'speed test', kind: 'benign', expected: [], also: ['traffic_spike'] });
    const falseOf = (at: number, more: Partial<AnomalyRow>) =>
      score([row(at, { type: 'traffic_spike', ...more })], traffic([benign])).falseAlarms.length;
    expect(falseOf(620, {})).toBe(0);
    expect(falseOf(620, { source_ip: '::' })).toBe(1);
    expect(falseOf(5_000, {})).toBe(1);
  });

  it('leaves out what is silenced, and what was over before the scored time', () => {
    const rows = [row(620, { state: 'silenced' }), row(-100, { id: 'b' })];
    expect(score(rows, traffic([label({})])).types).toMatchObject([{ true: 0, false: 0 }]);
  });
});
