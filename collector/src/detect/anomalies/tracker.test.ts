import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { AnomalyTracker } from './index.ts';
import {
  NOON,
  beginningOf,
  closed,
  early,
  found,
  newest,
  quiet,
  scan,
  settings,
} from './testing/findings.ts';

const track = (more: Partial<typeof settings> = {}, options = {}): AnomalyTracker =>
  new AnomalyTracker({ ...settings, ...more }, options);

describe('an anomaly', () => {
  it('opens with the first finding, and says what was found', () => {
    const [row, ...more] = closed(
      track({}, { exporterName: () => 'edge-1' }),
      0,
      scan({ destination: '192.0.2.9', exporter: '198.51.100.1', port: 22, evidence: { ports: [22, 80] } }),
    );
    expect(more).toEqual([]);
    expect({ ...row, evidence: JSON.parse(row!.evidence) as unknown }).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      tenant_id: 'acme',
      type: 'port_scan_vertical',
      rule: '',
      severity: 'medium',
      score: 0.7,
      state: 'open',
      opened: NOON,
      updated: (NOON + 10) * 1000,
      closed: 0,
      title: '10.0.0.7 scans ports',
      description: 'Many ports.',
      source_ip: '10.0.0.7',
      destination_ip: '192.0.2.9',
      destination_prefix: 128,
      collector_ip: '198.51.100.1',
      exporter_name: 'edge-1',
      interface: 0,
      protocol: 0,
      port: 22,
      metric: 'ports_per_minute',
      value: 30,
      baseline: 0,
      threshold: 20,
      technique: 'T1046',
      story: row!.id,
      flow_filter: 'source_ip = 10.0.0.7',
      evidence: {
        ports: [22, 80],
        detector: 'port_scan',
        entity: '10.0.0.7',
        last_seen: NOON + 10,
        hold_seconds: 60,
      },
    });
  });

  it('began when the finding says it did', () => {
    const [row] = closed(track(), 0, scan({ since: NOON - 3601.5 }));
    expect(row!.opened).toBe(NOON - 3602);
    expect(closed(track(), 0, scan({ since: NOON + 500 }))[0]!.opened).toBe(NOON);
  });

  it('has an id that follows from what it is about and when it opened', () => {
    const id = (window: number, of = {}): string => closed(track(), window, scan(of))[0]!.id;
    expect(id(0)).toBe(id(0, { value: 99, title: 'other' }));
    const others = [id(1), id(0, { entity: 'x' }), id(0, { tenant: 'x' }), id(0, { rule: 'x' })];
    expect(new Set([id(0), ...others]).size).toBe(5);
  });

  it('is not written again while nothing worth it changes, but for a sign of life each minute', () => {
    const tracker = track();
    const rows = Array.from({ length: 19 }, (_, n) =>
      closed(tracker, n, scan({ value: 30 + (n % 3), score: 0.7 + n / 1000 })),
    );
    expect(rows.flatMap((list, n) => list.map(() => n))).toEqual([0, 6, 12, 18]);
    expect(new Set(rows.flat().map(({ id }) => id)).size).toBe(1);
  });

  it('is written at once where its value is worse by more than a tenth, or its severity rises', () => {
    const tracker = track();
    closed(tracker, 0, scan({ value: 30 }));
    expect(closed(tracker, 1, scan({ value: 33 }))).toEqual([]);
    expect(closed(tracker, 2, scan({ value: 33.1, title: 'more' }))).toMatchObject([
      { value: 33.1, title: 'more' },
    ]);
    expect(closed(tracker, 3, scan({ value: 33.1, severity: 'high' }))).toMatchObject([{ severity: 'high' }]);
  });

  it('says it at its worst: value, text and evidence of one finding', () => {
    const tracker = track();
    closed(tracker, 0, scan({ value: 30, title: 'some', score: 0.9 }));
    closed(tracker, 1, scan({ value: 90, title: 'many', severity: 'high', evidence: { ports: [1] } }));
    closed(tracker, 2, scan({ value: 20, title: 'few', severity: 'low', score: 0.1 }));
    const row = quiet(tracker, 3, 8).at(-1);
    expect(row).toMatchObject({ state: 'closed', value: 90, title: 'many', severity: 'high', score: 0.9 });
    expect(JSON.parse(row!.evidence)).toMatchObject({ ports: [1] });
  });

  it('of a drop is at its worst where the least is left', () => {
    const tracker = track();
    const drop = (value: number) => found('traffic_drop', { value, baseline: 1000, threshold: 200 });
    closed(tracker, 0, drop(150));
    expect(closed(tracker, 1, drop(0))).toMatchObject([{ value: 0 }]);
    closed(tracker, 2, drop(190));
    expect(quiet(tracker, 3, 8).at(-1)).toMatchObject({ value: 0, state: 'closed' });
  });

  it('closes when nothing was found for a minute, as of the end of the last window with a finding', () => {
    const tracker = track();
    closed(tracker, 0, scan());
    expect(quiet(tracker, 1, 5)).toEqual([]);
    expect(tracker.open()).toBe(1);
    expect(closed(tracker, 6)).toMatchObject([{ state: 'closed', closed: NOON + 10, opened: NOON }]);
    expect(tracker.open()).toBe(0);
    expect(quiet(tracker, 7, 30)).toEqual([]);
  });

  it('is held open as long as its detector wants it', () => {
    const tracker = track();
    closed(tracker, 0, scan({ holdSeconds: 300 }));
    expect(quiet(tracker, 1, 29)).toEqual([]);
    expect(closed(tracker, 30)).toMatchObject([{ state: 'closed', closed: NOON + 10 }]);
  });

  it('ends where no windows come at all', () => {
    const tracker = track();
    closed(tracker, 0, scan());
    expect(tracker.expire(NOON + 69)).toEqual([]);
    expect(tracker.expire(NOON + 70)).toMatchObject([{ state: 'closed', closed: NOON + 10 }]);
  });

  it('is reopened where the same comes again within a quarter of an hour', () => {
    const tracker = track();
    const [opened] = closed(tracker, 0, scan());
    quiet(tracker, 1, 90);
    const [again] = closed(tracker, 91, scan());
    expect(again).toMatchObject({ id: opened!.id, opened: NOON, state: 'open', closed: 0 });
    expect(JSON.parse(again!.evidence)).toMatchObject({ reopened: 1 });
  });

  it('is another one where the same comes again later', () => {
    const tracker = track();
    const [first] = closed(tracker, 0, scan());
    quiet(tracker, 1, 96);
    const [second] = closed(tracker, 97, scan());
    expect(second).toMatchObject({ opened: beginningOf(97), state: 'open' });
    expect(second!.id).not.toBe(first!.id);
  });

  it('of which the same beginning is said again is the same, however late', () => {
    const tracker = track();
    const [first] = closed(tracker, 0, scan({ since: NOON - 5000 }));
    quiet(tracker, 1, 200);
    expect(closed(tracker, 201, scan({ since: NOON - 5000 }))).toMatchObject([
      { id: first!.id, opened: first!.opened, state: 'open' },
    ]);
  });

  it('that flaps is held open longer each time it comes again', () => {
    const tracker = track();
    const states: string[] = [];
    for (let window = 0; window < 90; window++)
      states.push(
        ...closed(tracker, window, ...(window % 9 === 0 ? [scan()] : [])).map(({ state }) => state),
      );
    expect(states.filter((state) => state === 'closed')).toHaveLength(1);
    expect(states.at(-1)).toBe('open');
    // Not for ever
    expect(quiet(tracker, 90, 82 + 91)).toMatchObject([{ state: 'closed', closed: beginningOf(82) }]);
  });
});

describe('an early look', () => {
  it('opens at once what the closed window then has too', () => {
    const tracker = track();
    const [opened] = early(tracker, 3, scan({ value: 21 }));
    expect(opened).toMatchObject({ state: 'open', opened: beginningOf(3), value: 21 });
    expect([...quiet(tracker, 0, 2), ...early(tracker, 3, scan({ value: 22 }))]).toEqual([]);
    expect(closed(tracker, 3, scan({ value: 25 }))).toMatchObject([{ id: opened!.id, value: 25 }]);
  });

  it('ends nothing, and gives no sign of life', () => {
    const tracker = track();
    closed(tracker, 0, scan());
    expect(early(tracker, 50)).toEqual([]);
    for (let window = 1; window < 20; window++) expect(early(tracker, window, scan())).toEqual([]);
    expect(tracker.open()).toBe(1);
  });

  it('holds it open from the window that was looked at, though one before is closed after it', () => {
    const tracker = track();
    early(tracker, 9, scan());
    closed(tracker, 5, scan());
    const ends = quiet(tracker, 6, 20).filter(({ state }) => state === 'closed');
    expect(ends).toMatchObject([{ opened: beginningOf(9), closed: beginningOf(10) }]);
  });

  it('writes rows later than those before, though closed windows are of an earlier time', () => {
    const tracker = track();
    const [first] = early(tracker, 9, scan({ value: 30 }));
    const [second] = closed(tracker, 5, scan({ value: 60 }));
    expect(second!.updated).toBeGreaterThan(first!.updated);
  });
});

describe('a clock that is handed in', () => {
  it('dates rows; without one it is the windows’ time', () => {
    let now = 5000;
    const tracker = track({}, { now: () => now });
    expect(closed(tracker, 0, scan())).toMatchObject([{ updated: 5000 }]);
    expect(closed(tracker, 1, scan({ value: 60 }))).toMatchObject([{ updated: 5001 }]);
    now = 9000;
    expect(closed(tracker, 2, scan({ value: 90 }))).toMatchObject([{ updated: 9000 }]);
  });
});

describe('after a restart', () => {
  const before = () => {
    const tracker = track();
    const rows = [
      ...closed(tracker, 0, scan({ source: '10.0.0.1' }), scan({ source: '10.0.0.2', value: 80 })),
      ...closed(tracker, 1, scan({ source: '10.0.0.2' })),
      ...closed(tracker, 2, scan({ source: '10.0.0.2' })),
      ...closed(tracker, 3, scan({ source: '10.0.0.2' })),
      ...quiet(tracker, 4, 6),
    ];
    return { tracker, rows: [...newest(rows).values()] };
  };

  it('rows of the table go on as the same anomalies', () => {
    const { rows } = before();
    expect(rows.map(({ state }) => state).sort()).toEqual(['closed', 'open']);
    const tracker = track();
    tracker.resume(rows);
    expect(tracker.open()).toBe(1);
    const ids = new Map(rows.map(({ source_ip, id }) => [source_ip, id]));
    const going = closed(tracker, 7, scan({ source: '10.0.0.1' }), scan({ source: '10.0.0.2' }));
    expect(going).toMatchObject([{ id: ids.get('10.0.0.1'), state: 'open', opened: NOON, closed: 0 }]);
    expect(tracker.open()).toBe(2);
    const ends = quiet(tracker, 8, 20).filter(({ state }) => state === 'closed');
    expect(new Set(ends.map(({ id }) => id))).toEqual(new Set(ids.values()));
  });

  it('findings of windows that were counted neither reopen nor double', () => {
    const { rows } = before();
    const tracker = track();
    tracker.resume(rows);
    expect(
      closed(tracker, 0, scan({ source: '10.0.0.1', value: 99 }), scan({ source: '10.0.0.2', value: 80 })),
    ).toEqual([]);
  });

  it('what has ended in the meantime is closed', () => {
    const { rows } = before();
    const tracker = track();
    tracker.resume(rows);
    expect(closed(tracker, 500)).toMatchObject([{ source_ip: '10.0.0.2', state: 'closed' }]);
  });

  it('a state that was saved goes on exactly, and the table’s rows where they are newer', () => {
    const { tracker: old, rows } = before();
    const saved = serialize(old.save());
    const later = closed(old, 7, scan({ source: '10.0.0.2', value: 200 }));
    const tracker = track();
    tracker.load(deserialize(saved));
    tracker.resume([...newest([...rows, ...later]).values()]);
    expect(closed(tracker, 8, scan({ source: '10.0.0.2', value: 201 }))).toEqual([]);
    const end = quiet(tracker, 9, 20).at(-1);
    expect(end).toMatchObject({ value: 201, closed: beginningOf(9), state: 'closed' });
    expect(end!.updated).toBeGreaterThan(later[0]!.updated);
  });

  it('a state of another form is not read', () => {
    const tracker = track();
    for (const state of [undefined, null, 5, {}, { version: 0 }, 'x']) tracker.load(state);
    expect(tracker.open()).toBe(0);
  });

  it('a row whose evidence nobody can read ends by itself', () => {
    const { rows } = before();
    for (const evidence of ['', '{', 'null', '5', '{"entity":5}']) {
      const tracker = track();
      tracker.resume(rows.map((row) => ({ ...row, evidence })));
      expect(tracker.open()).toBe(1);
      expect(closed(tracker, 50)).toMatchObject([{ source_ip: '10.0.0.2', state: 'closed' }]);
    }
  });

  it('the flows that its evidence has stay, whatever is found worse', () => {
    const { rows } = before();
    const flows = [{ source_ip: '10.0.0.2', bytes: 5 }];
    const tracker = track();
    tracker.resume(
      rows.map((row) => ({
        ...row,
        evidence: JSON.stringify({ ...(JSON.parse(row.evidence) as object), flows }),
      })),
    );
    const [row] = closed(tracker, 7, scan({ source: '10.0.0.2', value: 999 }));
    expect(JSON.parse(row!.evidence)).toMatchObject({ flows });
  });
});

describe('more than can be shown', () => {
  const many = (count: number, from = 0) =>
    Array.from({ length: count }, (_, n) => {
      const i = from + n;
      return scan({
        source: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`,
        value: 21 + (i % 7),
        destination: '192.0.2.1',
      });
    });

  it('is one anomaly more, with their number and what they have in common', () => {
    const tracker = track({}, { mostOpen: 3 });
    const rows = closed(tracker, 0, ...many(315));
    expect(rows).toHaveLength(4);
    expect(rows.slice(0, 3).map(({ value }) => value)).toEqual([27, 27, 27]);
    expect(rows[3]).toMatchObject({
      title: expect.stringContaining('port scan vertical: 312 further'),
      value: 312,
      source_ip: '::',
      destination_ip: '192.0.2.1',
      flow_filter: 'destination_ip = 192.0.2.1',
      technique: 'T1046',
    });
    // The same again are not counted twice
    expect(closed(tracker, 1, ...many(315))).toEqual([]);
    expect(closed(tracker, 2, ...many(700))).toMatchObject([
      { id: rows[3]!.id, value: expect.closeTo(697, -1) },
    ]);
    const ends = quiet(tracker, 3, 9).filter(({ state }) => state === 'closed');
    expect(new Set(ends.map(({ id }) => id))).toEqual(new Set(rows.map(({ id }) => id)));
    expect(tracker.open()).toBe(0);
  });

  it('is so for a tenant and type: others are not crowded out', () => {
    const tracker = track({}, { mostOpen: 3 });
    closed(tracker, 0, ...many(50));
    expect(
      closed(tracker, 1, scan({ tenant: 'other' }), found('beaconing', { source: '10.0.0.1' })),
    ).toHaveLength(2);
  });

  it('goes on over a restart', () => {
    const tracker = track({}, { mostOpen: 3 });
    const rows = closed(tracker, 0, ...many(315));
    const loaded = track({}, { mostOpen: 3 });
    loaded.load(deserialize(serialize(tracker.save())));
    expect(closed(loaded, 1, ...many(315))).toEqual([]);
    const resumed = track({}, { mostOpen: 3 });
    resumed.resume(rows);
    expect(closed(resumed, 1, ...many(315))).toEqual([]);
    expect(closed(resumed, 2, ...many(700))).toMatchObject([
      { id: rows[3]!.id, value: expect.closeTo(697, -1) },
    ]);
  });

  it('does not grow: a hundred thousand forged hosts in two windows', () => {
    const tracker = track();
    let rows = 0;
    for (let window = 0; window < 2; window++)
      rows += closed(tracker, window, ...many(50_000, window * 50_000)).length;
    expect(rows).toBeLessThan(220);
    expect(tracker.open()).toBe(201);
    const [rest] = [...newest(quiet(tracker, 2, 20)).values()].filter(({ metric }) => metric === 'entities');
    expect(Math.abs(rest!.value / 99_800 - 1)).toBeLessThan(0.02);
    expect(tracker.counts()).toMatchObject({ open: 0, remembered: 201, summedUp: 99_800 });
  });

  it('is so too where the hosts change with each minute', () => {
    const tracker = track({}, { mostOpen: 20 });
    const rows: unknown[] = [];
    for (let window = 0; window < 360; window++)
      rows.push(...closed(tracker, window, ...many(10, 10 * window)));
    // Twice 20 that begin and end, and the rest with its signs of life
    expect(rows.length).toBeLessThan(2 * 40 + 60 + 40);
    expect(
      [...newest(quiet(tracker, 360, 370)).values()].find(({ metric }) => metric === 'entities'),
    ).toMatchObject({
      value: expect.closeTo(3560, -2),
    });
  });

  it('is not remembered for ever', () => {
    const tracker = track({}, { mostOpen: 2000 });
    for (let hour = 0; hour < 4; hour++) closed(tracker, 360 * hour, ...many(2000, 2000 * hour));
    expect(tracker.counts()).toMatchObject({ open: 2000, remembered: 5000 });
    expect(serialize(tracker.save()).length).toBeLessThan(10e6);
    quiet(tracker, 360 * 10, 360 * 10);
    expect(tracker.counts()).toMatchObject({ open: 0, remembered: 0 });
  });
});
