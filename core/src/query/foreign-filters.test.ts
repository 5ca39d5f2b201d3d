import { describe, expect, it } from '@jest/globals';
import { compileQuery } from './compile.ts';
import { defaultContext } from './context.ts';
import { normalizeQuery } from './normalize.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');

function compiled(saved: object): ReturnType<typeof compileQuery> {
  const normal = normalizeQuery({ refId: 'A', ...saved });
  if (!normal.ok) throw new Error(JSON.stringify(normal.problems));
  return compileQuery(
    normal.query,
    { fromMs: nowMs - 3_600_000, toMs: nowMs, intervalMs: 60_000, maxDataPoints: 100 },
    { ...defaultContext, database: 'weir', nowMs },
  );
}

const adHoc = [
  { key: 'application', operator: '=', value: 'backup' },
  { key: 'exporter', operator: '=', value: 'edge-1' },
];

describe.each([
  ['exporters', { kind: 'exporters', exporterView: 'balance' }],
  ['the ledger', { kind: 'exporters', exporterView: 'ledger' }],
  ['anomalies', { kind: 'anomalies' }],
])('a dashboard’s filters on %s', (_, saved) => {
  it('that they do not know are left out with a notice; others hold', () => {
    const result = compiled({ ...saved, adHoc });
    if (!result.ok) throw new Error(result.problem.message);
    expect(result.compiled.notices.map((n) => n.text).join()).toMatch(/application.*left out/);
    expect(Object.values(result.compiled.statements[0]!.parameters)).toContain('edge-1');
    expect(Object.values(result.compiled.statements[0]!.parameters)).not.toContain('backup');
  });

  it('are refused where the query itself asks for them', () => {
    expect(compiled({ ...saved, filter: 'application = backup' })).toMatchObject({
      ok: false,
      problem: { path: 'filter' },
    });
  });
});

describe('a dashboard’s filters on collectors’ gauges', () => {
  it('are left out with a notice', () => {
    const result = compiled({
      kind: 'exporters',
      exporterView: 'collector',
      ledgerMeasure: 'lag_seconds',
      adHoc,
    });
    if (!result.ok) throw new Error(result.problem.message);
    expect(result.compiled.notices).toHaveLength(1);
  });

  it('name only gauges that there are', () => {
    expect(compiled({ kind: 'exporters', exporterView: 'collector', ledgerMeasure: 'mood' })).toMatchObject({
      ok: false,
      problem: { path: 'ledgerMeasure' },
    });
  });
});
