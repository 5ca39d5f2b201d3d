import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'node:v8';
import { parseFilter } from '@weir/core/filter';
import { windowKinds } from '@weir/core/windows';
import type { Finding } from '../detector.ts';
import type { RuleSettings } from '../settings.ts';
import { WindowHistory } from '../step.ts';
import { type Found, nothingUsual, runDetector, windowsOfFlows } from '../testing/run-detector.ts';
import { type Flow, NOON } from '../windows/testing/flows.ts';
import { compileRule } from './compile.ts';
import { rulesDetector } from './rules-detector.ts';
import { windowFields } from './window-fields.ts';

const rule = (more: Partial<RuleSettings>): RuleSettings => ({
  name: 'mine',
  kind: 'source',
  where: 'bytes > 1000',
  forSeconds: 0,
  overSeconds: 10,
  severity: 'medium',
  title: '',
  description: '',
  ...more,
});

const flow = (second: number, more: Partial<Flow> = {}): Flow => ({
  timestamp: NOON + second,
  collector_ip: '192.0.2.1',
  input_interface: 3,
  source_ip: '10.0.0.1',
  destination_ip: '198.51.100.7',
  source_port: 50_000,
  destination_port: 443,
  protocol: 6,
  bytes_in: 1000,
  packets_in: 10,
  ...more,
});

const run = (settings: Partial<RuleSettings>, flows: readonly Flow[]): Found[] =>
  runDetector(rulesDetector([rule(settings)]), windowsOfFlows(flows));
const refused = (more: Partial<RuleSettings>): string[] => {
  const result = compileRule(rule(more));
  return result.ok ? [] : result.problems.map((p) => `${p.key} ${p.from}-${p.to} ${p.message} ${p.advice}`);
};

describe('a rule of the user’s own', () => {
  it('fires just beyond its threshold, not at it', () => {
    expect(run({}, [flow(1)])).toEqual([]);
    const [found] = run({}, [flow(1), flow(2, { bytes_in: 1 })]);
    expect(found).toMatchObject({
      type: 'rule',
      rule: 'mine',
      entity: '10.0.0.1',
      source: '10.0.0.1',
      severity: 'medium',
      title: 'mine: 10.0.0.1',
      metric: 'bytes',
      value: 1001,
      threshold: 1000,
      evidence: { measures: [{ name: 'bytes', value: 1001, unit: 'bytes' }] },
    });
    expect(parseFilter(found!.flowFilter)).toMatchObject({ ok: true });
  });

  it('takes sums and distinct counts over its seconds, and rates by the second', () => {
    const contacts = [1, 11, 21].map((s) => flow(s, { destination_ip: `198.51.100.${s}` }));
    expect(run({ where: 'contacts >= 3', overSeconds: 20 }, contacts)).toEqual([]);
    expect(run({ where: 'contacts >= 3', overSeconds: 30 }, contacts)).toHaveLength(1);
    expect(
      run({ where: 'bytes_per_second = 100', overSeconds: 30 }, contacts).map((f) => f.at - NOON),
    ).toEqual([20]);
    expect(run({ where: 'bits_per_second >= 800' }, contacts)).toHaveLength(3);
  });

  it('joins conditions on keys and columns as the language does', () => {
    const where = (text: string): number =>
      run({ where: text }, [flow(1), flow(2, { source_ip: '10.9.0.1' })]).length;
    expect(where('bytes >= 1k and host in 10.0.0.0/16')).toBe(1);
    expect(where('bytes >= 1k and host in 10.0.0.0/8')).toBe(2);
    expect(where('bytes >= 1k and not src = 10.0.0.1-10.0.0.9')).toBe(1);
    expect(where('(bytes > 1M or source_ip = 10.9.0.1) and flows = 1')).toBe(1);
    expect(where('bytes between 1k and 2k and failed_flows is unknown')).toBe(2);
  });

  it('knows interfaces, services, pairs and prefixes by their keys', () => {
    const of = (kind: RuleSettings['kind'], where: string): string[] =>
      run({ kind, where }, [flow(1, { output_interface: 4 })]).map((f) => f.entity);
    expect(of('interface', 'exporter = 192.0.2.1 and direction = ingress and bytes > 0')).toEqual([
      '192.0.2.1 3 in',
    ]);
    expect(of('interface', 'interface = 4 and direction = egress and bytes > 0')).toEqual([
      '192.0.2.1 4 out',
    ]);
    expect(of('service', 'protocol = tcp and port = https and bytes > 0')).toEqual(['6/443']);
    expect(of('pair', 'destination in 198.51.100.0/24 and port = 443 and bytes > 0')).toEqual([
      '10.0.0.1 → 198.51.100.7 tcp/443 (https)',
    ]);
    expect(of('prefix', 'destination_ip in 198.51.100.0/24 and sources = 1')).toEqual(['198.51.100.0/24']);
    expect(of('tenant', 'destinations = 1')).toEqual(['all traffic']);
  });

  it('waits for as long as it is told, without a window missing', () => {
    const steady = [1, 11, 21, 41].map((s) => flow(s, { bytes_in: 2000 }));
    expect(
      run({ forSeconds: 30 }, steady).map((f) => [f.at - NOON, f.since === undefined ? 0 : f.since - NOON]),
    ).toEqual([[20, 0]]);
    expect(run({ forSeconds: 40 }, steady)).toEqual([]);
  });

  it('goes on waiting over a restart, but anew where the condition was changed', () => {
    const windows = windowsOfFlows([1, 11, 21].map((s) => flow(s, { bytes_in: 2000 })));
    const after = (where: string): Finding[] => {
      const before = rulesDetector([rule({ forSeconds: 30 })]).start(() => ({}));
      const history = new WindowHistory();
      for (const window of windows.slice(0, 2)) {
        const step = history.step(window, false);
        before.detect(step, nothingUsual, () => undefined);
        before.learn!(step);
      }
      const again = rulesDetector([rule({ forSeconds: 30, where })]).start(() => ({}));
      again.load!(deserialize(serialize(before.save!())));
      const found: Finding[] = [];
      again.detect(new WindowHistory().step(windows[2]!, false), nothingUsual, (f) => found.push(f));
      return found;
    };
    expect(after('bytes > 1000')).toHaveLength(1);
    expect(after('bytes > 1001')).toHaveLength(0);
  });

  it('fills values into its title', () => {
    const [found] = run({ title: '{source_ip} sent {bytes} bytes {twice}' }, [flow(1, { bytes_in: 5000 })]);
    expect(found!.title).toBe('10.0.0.1 sent 5000 bytes {twice}');
  });

  it('shows the largest where it matches too many', () => {
    const flows = Array.from({ length: 250 }, (_, i) =>
      flow(1, { source_ip: `10.0.1.${i}`, bytes_in: 2000 + i }),
    );
    const found = run({}, flows);
    expect(found).toHaveLength(200);
    expect(Math.min(...found.map((f) => f.value))).toBe(2050);
    expect(found[0]!.evidence.caveat).toContain('250 entities');
  });

  it('says how few records a sampled count rests on', () => {
    const [found] = run({}, [flow(1, { sampling_rate: 1000 })]);
    expect(found!.evidence.caveat).toBe('1:1000 sampling, 1 record');
    expect(found!.score).toBeLessThan(0.5);
  });
});

describe('the check of a rule', () => {
  it('says what is wrong with the condition, and where', () => {
    expect(refused({ where: 'bites > 1G' })).toEqual([
      'where 0-5 There is no field “bites”. Did you mean bytes?',
    ]);
    expect(refused({ where: 'bytes > 1G and destinations > 3' })[0]).toContain(
      'where 15-27 There is no field',
    );
    expect(refused({ where: 'bytes > many' })).toEqual([
      'where 8-12 “many” is not a size. Write octets, or a size: 1500, 10k, 1MB, 1MiB.',
    ]);
    expect(refused({ kind: 'interface', where: 'source_histogram > 3' })[0]).toContain('There is no field');
    expect(refused({ where: '10.0.0.1' })[0]).toContain('Write source_ip = 10.0.0.1.');
    expect(refused({ where: 'bytes > 1G and' })[0]).toContain('A condition is missing.');
  });

  it('refuses what measures nothing', () => {
    expect(refused({ where: '' })[0]).toContain('measures nothing');
    expect(refused({ where: 'source_ip = 10.0.0.1' })[0]).toContain('measures nothing');
  });

  it('refuses times that windows cannot tell', () => {
    expect(refused({ overSeconds: 15 })[0]).toContain('overSeconds');
    expect(refused({ overSeconds: 120 })[0]).toContain('for what lasts longer, use for');
    expect(refused({ forSeconds: 5 })[0]).toContain('forSeconds');
    expect(refused({ overSeconds: 60, forSeconds: 600 })).toEqual([]);
  });

  it('takes every field that there is', () => {
    for (const { name: kind } of windowKinds)
      for (const { field } of windowFields(kind))
        expect([
          kind,
          field.name,
          ...refused({ kind, where: `bytes > 0 and ${field.name} is known` }),
        ]).toEqual([kind, field.name]);
  });
});
