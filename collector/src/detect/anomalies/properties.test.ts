import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import type { AnomalyRow, AnomalyType } from '@weir/core/anomalies';
import fc from 'fast-check';
import { AnomalyTracker, type DetectedFinding, type KeptEvidence } from './index.ts';
import { closed, early, found, newest, settings } from './testing/findings.ts';

/*
 * What holds whatever is found: of a few hosts, in any windows, with gaps of any length, looked at early or not, restarted or not.
 */

interface Seen {
  readonly host: number;
  readonly type: AnomalyType;
  readonly value: number;
  readonly severity: DetectedFinding['severity'];
  readonly hold: number;
}

const seen: fc.Arbitrary<Seen> = fc.record({
  host: fc.nat(3),
  type: fc.constantFrom<AnomalyType[]>('port_scan_vertical', 'brute_force', 'traffic_drop'),
  value: fc.integer({ min: 1, max: 500 }),
  severity: fc.constantFrom('low', 'medium', 'high', 'critical'),
  hold: fc.constantFrom(30, 60, 300),
});

/** Windows in order of time; many gaps, some long. */
const windows: fc.Arbitrary<readonly { readonly window: number; readonly seen: readonly Seen[] }[]> = fc
  .array(
    fc.record({
      gap: fc.oneof({ weight: 6, arbitrary: fc.nat(3) }, fc.nat(20), fc.integer({ min: 80, max: 130 })),
      seen: fc.array(seen, { minLength: 1, maxLength: 4 }),
    }),
    { maxLength: 25 },
  )
  .map((list) => {
    let window = 0;
    return list.map(({ gap, seen }) => ({ window: (window += gap + 1), seen }));
  });

function findingOf({ host, type, value, severity, hold }: Seen): DetectedFinding {
  const drop = type === 'traffic_drop';
  return found(type, {
    source: `10.0.0.${host}`,
    value,
    threshold: drop ? 600 : 1,
    baseline: drop ? 1000 : 0,
    severity,
    holdSeconds: hold,
    title: `${host} ${type} ${value}`,
  });
}

interface How {
  /** How many windows later than the one that closes are looked at early; 0 for none. */
  readonly ahead: number;
  /** Restarted after so many windows, from the state file. */
  readonly restart?: number;
  /** Restarted so from the table; the minute before is looked at again. */
  readonly resume?: number;
}

/** All rows that are written, and the tracker at the end, when all has ended. */
function run(
  list: readonly { readonly window: number; readonly seen: readonly Seen[] }[],
  how: How,
): AnomalyRow[] {
  const at = new Map(list.map(({ window, seen }) => [window, seen.map(findingOf)]));
  const last = (list.at(-1)?.window ?? 0) + 200;
  const rows: AnomalyRow[] = [];
  let tracker = new AnomalyTracker(settings);
  for (let window = 0; window <= last; window++) {
    for (let ahead = 1; ahead <= how.ahead; ahead++) {
      // Of a window that still takes flows less is seen, and the same of it again and again
      const sofar = (at.get(window + ahead) ?? []).map((f) =>
        f.type === 'traffic_drop' ? f : { ...f, value: Math.ceil(f.value / ahead) },
      );
      rows.push(...early(tracker, window + ahead, ...sofar));
    }
    rows.push(...closed(tracker, window, ...(at.get(window) ?? [])));
    if (window === how.restart) {
      const state = serialize(tracker.save());
      tracker = new AnomalyTracker(settings);
      tracker.load(deserialize(state));
    }
    if (window === how.resume) {
      tracker = new AnomalyTracker(settings);
      tracker.resume([...newest(rows).values()]);
      for (let before = Math.max(0, window - 6); before <= window; before++)
        rows.push(...closed(tracker, before, ...(at.get(before) ?? [])));
    }
  }
  expect(tracker.open()).toBe(0);
  return rows;
}

/** What all ways must agree on. */
function told(rows: readonly AnomalyRow[]): unknown[] {
  return [...newest(rows).values()]
    .map(({ id, type, source_ip, state, opened, closed: end, value, severity, title, score, evidence }) => {
      const { reopened, last_seen } = JSON.parse(evidence) as KeptEvidence;
      return {
        id,
        type,
        source_ip,
        state,
        opened,
        closed: end,
        value,
        severity,
        title,
        score,
        reopened,
        last_seen,
      };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

describe('whatever is found', () => {
  it('one row is open of a thing, it closes no earlier than it opens, and rows only get newer', () => {
    fc.assert(
      fc.property(windows, fc.nat(3), (list, ahead) => {
        const table = new Map<string, AnomalyRow>();
        for (const row of run(list, { ahead })) {
          const { id, opened, updated } = table.get(row.id) ?? { ...row, updated: 0 };
          expect(row).toMatchObject({ id, opened });
          expect(row.updated).toBeGreaterThan(updated);
          table.set(row.id, row);
          expect(row.state === 'closed').toBe(row.closed > 0);
          expect(row.closed === 0 || row.closed > row.opened).toBe(true);
          const open = [...table.values()].filter(({ state }) => state !== 'closed');
          expect(new Set(open.map(({ type, source_ip }) => `${type} ${source_ip}`)).size).toBe(open.length);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('anomalies of a thing do not overlap, cover all its findings, and have a quarter of an hour between them', () => {
    fc.assert(
      fc.property(windows, (list) => {
        const rows = [...newest(run(list, { ahead: 0 })).values()];
        for (const { window, seen: all } of list)
          for (const one of all) {
            const { type, source } = findingOf(one);
            const its = rows.filter((row) => row.type === type && row.source_ip === source);
            const start = closed(new AnomalyTracker(settings), window, findingOf(one))[0]!.opened;
            expect(
              its.filter(({ opened, closed: end }) => opened <= start && start + 10 <= end),
            ).toHaveLength(1);
            its.sort((a, b) => a.opened - b.opened);
            for (const [n, row] of its.slice(1).entries())
              expect(row.opened - its[n]!.closed).toBeGreaterThanOrEqual(900 + 30);
          }
      }),
      { numRuns: 40 },
    );
  });

  it('a replay in one go gives what live gave, with early looks and with restarts', () => {
    fc.assert(
      fc.property(windows, fc.integer({ min: 1, max: 6 }), fc.nat(60), (list, ahead, stop) => {
        const replay = told(run(list, { ahead: 0 }));
        expect(told(run(list, { ahead }))).toEqual(replay);
        expect(told(run(list, { ahead: 0, restart: stop }))).toEqual(replay);
        expect(told(run(list, { ahead, restart: stop }))).toEqual(replay);
        expect(told(run(list, { ahead: 0, resume: stop }))).toEqual(replay);
      }),
      { numRuns: 40 },
    );
  });

  it('the same windows give the same rows, to the last column', () => {
    fc.assert(
      fc.property(windows, fc.nat(2), (list, ahead) => {
        expect(run(list, { ahead })).toEqual(run(list, { ahead }));
      }),
      { numRuns: 20 },
    );
  });
});
