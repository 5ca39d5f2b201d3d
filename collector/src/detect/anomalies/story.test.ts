import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anomalyTypes } from '@weir/core/anomalies';
import { LARGEST_STORY, Stories } from './story.ts';
import { AnomalyTracker, storyRules } from './index.ts';
import { type DetectedFinding } from './tracker.ts';
import { closed, found, newest, quiet, scan, settings } from './testing/findings.ts';

/** Stories of findings in windows a minute apart: by type, the place of its story's first. */
function storiesOf(...findings: readonly (DetectedFinding | undefined)[]): (number | undefined)[] {
  const tracker = new AnomalyTracker(settings);
  const rows = findings.flatMap((finding, n) =>
    closed(tracker, 6 * n, ...(finding === undefined ? [] : [finding])),
  );
  const table = [...newest(rows).values()];
  const ofFinding = findings.map((finding) =>
    finding === undefined
      ? undefined
      : table.find(
          (row) =>
            (JSON.parse(row.evidence) as { entity: string }).entity === finding.entity &&
            row.type === finding.type,
        ),
  );
  return ofFinding.map((row) =>
    row === undefined ? undefined : ofFinding.findIndex((r) => r?.id === row.story),
  );
}

const A = '10.0.0.7';
const B = '10.0.0.8';
const C = '10.0.0.9';
const bruteForce = found('brute_force', { source: A, destination: B, port: 22 });

describe('a story', () => {
  it('is a scan, and the login storm from the same host, which is worse for it', () => {
    const tracker = new AnomalyTracker(settings);
    const [first] = closed(tracker, 0, scan({ source: A }));
    const then = closed(tracker, 30, bruteForce).at(-1);
    expect(first).toMatchObject({ severity: 'medium', story: first!.id });
    expect(then).toMatchObject({ severity: 'high', story: first!.id });
    expect(JSON.parse(then!.evidence)).toMatchObject({
      raised: { from: 'medium', because: expect.stringContaining('scanned before') },
    });
    // By itself it is what it is
    expect(closed(new AnomalyTracker(settings), 0, bruteForce)).toMatchObject([{ severity: 'medium' }]);
  });

  it('is not another host’s scan, nor another tenant’s, nor one of long ago', () => {
    expect(storiesOf(scan({ source: C }), bruteForce)).toEqual([0, 1]);
    expect(storiesOf(scan({ source: A, tenant: 'other' }), bruteForce)).toEqual([0, 1]);
    const long = Array.from({ length: 62 }, () => undefined);
    expect(storiesOf(scan({ source: A }), ...long, bruteForce).at(-1)).toBe(63);
  });

  it('is the way of an intruder from host to host', () => {
    expect(
      storiesOf(
        scan({ source: A }),
        bruteForce,
        found('lateral_movement', { source: B, destination: C }),
        found('data_exfiltration', { source: C, destination: '198.51.100.9' }),
      ),
    ).toEqual([0, 0, 0, 0]);
  });

  it('is a flood and what it does', () => {
    expect(
      storiesOf(
        found('syn_flood', { destination: B }),
        found('traffic_spike', {
          exporter: '192.0.2.1',
          evidence: { contributors: [{ destination_ip: B, value: 5 }] },
        }),
        found('high_latency', { source: B }),
        found('entropy_shift'),
        found('ddos_volumetric', { destination: B }),
        found('high_latency', { source: C }),
      ),
    ).toEqual([0, 0, 0, 0, 0, 5]);
  });

  it('is a prefix that is flooded, and a host in it', () => {
    const carpet = found('ddos_carpet_bombing', { destination: '10.0.0.0', destinationPrefix: 120 });
    expect(storiesOf(carpet, found('udp_flood', { destination: B }))).toEqual([0, 0]);
    expect(storiesOf(carpet, found('udp_flood', { destination: '10.0.1.8' }))).toEqual([0, 1]);
  });

  it('is an exporter that is silent, and the traffic that is missing', () => {
    expect(
      storiesOf(
        found('exporter_silent', { exporter: '192.0.2.1' }),
        found('traffic_drop', { exporter: '192.0.2.1', value: 0, baseline: 5 }),
      ),
    ).toEqual([0, 0]);
  });

  it('is not tied to another by a mark that both left', () => {
    expect(
      storiesOf(
        found('syn_flood', { destination: B }),
        found('entropy_shift'),
        found('udp_flood', { destination: C }),
      ),
    ).toEqual([0, 0, 2]);
  });

  it('may be begun by what the cause leaves behind', () => {
    expect(storiesOf(found('entropy_shift'), found('syn_flood', { destination: B }))).toEqual([0, 0]);
  });

  it('of two that turn out to be one has the name of the first: rows of the other are written again', () => {
    const tracker = new AnomalyTracker(settings);
    const flood = found('syn_flood', { destination: B });
    const [first] = closed(tracker, 0, flood);
    const [other] = closed(tracker, 1, found('high_latency', { source: C }));
    expect(other!.story).toBe(other!.id);
    quiet(tracker, 2, 9);
    const rows = closed(tracker, 10, found('error_rate', { source: C, destination: B }));
    expect(rows.map(({ type, story }) => ({ type, story }))).toEqual([
      { type: 'high_latency', story: first!.id },
      { type: 'error_rate', story: first!.id },
    ]);
  });

  it('goes on over a restart', () => {
    const tracker = new AnomalyTracker(settings);
    const [first] = closed(tracker, 0, scan({ source: A }));
    const rows = [first!, ...quiet(tracker, 1, 9)];
    const resumed = new AnomalyTracker(settings);
    resumed.resume([...newest(rows).values()]);
    const [then] = closed(resumed, 60, bruteForce);
    expect(then).toMatchObject({ story: first!.id, severity: 'high' });
    const again = new AnomalyTracker(settings);
    again.resume([...newest([...rows, then!]).values()]);
    // The severity of its own is not mistaken for the story's
    const [worse] = closed(
      again,
      61,
      { ...bruteForce, severity: 'low', value: 9 },
      { ...bruteForce, value: 10 },
    );
    expect(worse).toMatchObject({ value: 10, severity: 'high', story: first!.id });
  });
});

describe('stories', () => {
  it('are the connected parts, whatever the order in which they are joined', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 40 }), (pairs) => {
        const stories = new Stories();
        for (let n = 0; n < 20; n++) stories.add(`a${n}`, n);
        const part = Array.from({ length: 20 }, (_, n) => n);
        for (const [a, b] of pairs) {
          const before = part.map((_, n) => stories.of(`a${n}`));
          const renamed = stories.join(`a${a}`, `a${b}`);
          const changed = before.flatMap((name, n) => (name === stories.of(`a${n}`) ? [] : [`a${n}`]));
          expect([...renamed].sort()).toEqual(changed.sort());
          const [x, y] = [part[a]!, part[b]!];
          part.forEach((p, n) => {
            if (p === x || p === y) part[n] = Math.min(x, y);
          });
        }
        for (let a = 0; a < 20; a++) {
          expect(part.map((p) => p === part[a])).toEqual(
            part.map((_, n) => stories.of(`a${n}`) === stories.of(`a${a}`)),
          );
          // It has the name of the first
          expect(stories.of(`a${a}`)).toBe(`a${part[a]}`);
        }
      }),
    );
  });

  it('do not grow beyond what can be told', () => {
    const stories = new Stories();
    for (let n = 0; n < 2 * LARGEST_STORY; n++) stories.add(`a${n}`, n);
    for (let n = 1; n < 2 * LARGEST_STORY; n++) stories.join('a0', `a${n}`);
    expect(stories.of(`a${LARGEST_STORY - 1}`)).toBe('a0');
    expect(stories.of(`a${LARGEST_STORY}`)).toBe(`a${LARGEST_STORY}`);
  });

  it('are forgotten with their anomalies', () => {
    const stories = new Stories();
    stories.add('a', 1);
    stories.add('b', 2);
    stories.join('a', 'b');
    stories.forget('a');
    expect([stories.of('b'), stories.isAlone('b')]).toEqual(['a', false]);
    stories.forget('b');
    stories.add('b', 3);
    expect(stories.isAlone('b')).toBe(true);
  });
});

describe('the rules of stories', () => {
  it('are of types that there are, and of times that are remembered', () => {
    for (const { first, then, within } of storyRules) {
      for (const type of [...first, ...then]) expect(anomalyTypes).toContain(type);
      expect(within).toBeLessThan(5 * 3600);
    }
  });
});
