import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  compileQuery,
  metrics,
  normalizeQuery,
  queryKinds,
  valuesQuery,
} from '../../core/src/query/index.ts';
import { FlowDatabase, type FlowRow, type Row, rangeOf } from './flow-database.ts';

const T = 1_780_012_800 - (1_780_012_800 % 86_400);
let db: FlowDatabase;

beforeAll(async () => {
  db = await FlowDatabase.open(T + 86_400);
}, 60_000);
afterAll(() => db.close());

interface Flow {
  readonly after: number;
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly bytes: number;
  readonly back: number;
  readonly rate: number;
}

const flows = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 599 }),
    source: fc.integer({ min: 1, max: 4 }),
    destination: fc.integer({ min: 1, max: 4 }),
    protocol: fc.constantFrom(6, 17),
    bytes: fc.integer({ min: 0, max: 2 ** 32 }),
    back: fc.integer({ min: 0, max: 1000 }),
    rate: fc.constantFrom(0, 1, 100),
  }),
  { minLength: 1, maxLength: 40 },
);

const dimensions = ['source_ip', 'destination_ip', 'protocol', 'host'] as const;

/** The groups that a flow counts in, as the compiler's rules say in words. */
function keysOf(flow: Flow, by: readonly string[]): string[] {
  const ends = by.includes('host') ? [...new Set([flow.source, flow.destination])] : [0];
  return ends.map((end) =>
    by
      .map((dimension) => {
        if (dimension === 'protocol') return flow.protocol === 6 ? 'tcp' : 'udp';
        const host =
          dimension === 'source_ip' ? flow.source : dimension === 'destination_ip' ? flow.destination : end;
        return `10.0.0.${host}`;
      })
      .join(' '),
  );
}

function plainly(list: readonly Flow[], by: readonly string[], bucket: number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const flow of list)
    for (const key of keysOf(flow, by)) {
      const at = `${key} @${Math.floor(flow.after / bucket) * bucket}`;
      sums.set(at, (sums.get(at) ?? 0) + (flow.bytes + flow.back) * Math.max(1, flow.rate));
    }
  for (const [at, sum] of sums) if (sum === 0) sums.delete(at);
  return sums;
}

function read(rows: readonly Row[]): Map<string, number> {
  return new Map(
    rows.flatMap((row) =>
      (row['buckets'] as number[]).map((bucket, i): [string, number] => [
        `${(row['keys'] as string[]).join(' ')} @${bucket - T}`,
        (row['values'] as number[])[i]!,
      ]),
    ),
  );
}

describe('any flows, by any fields, in any buckets', () => {
  it('sum up as plain arithmetic has it', async () => {
    await fc.assert(
      fc.asyncProperty(
        flows,
        fc.subarray([...dimensions]),
        fc.constantFrom(10, 60, 300),
        async (list, by, bucket) => {
          await db.empty();
          await db.flows(
            list.map((f): FlowRow => ({
              timestamp: T + f.after,
              source_ip: `10.0.0.${f.source}`,
              destination_ip: `10.0.0.${f.destination}`,
              protocol: f.protocol,
              bytes_in: f.bytes,
              bytes_out: f.back,
              packets_in: 1,
              sampling_rate: f.rate,
            })),
          );
          const rows = await db.ask(
            { metric: 'bytes', dimensions: by, limit: 100 },
            rangeOf(T, T + 600, bucket),
          );
          expect(read(rows)).toEqual(plainly(list, by, bucket));
          // With a limit, "Other" keeps the sum
          const few = await db.ask(
            { metric: 'bytes', dimensions: by, limit: 1, rankBy: 'max' },
            rangeOf(T, T + 600, bucket),
          );
          const total = (answer: Map<string, number>): number =>
            [...answer.values()].reduce((a, b) => a + b, 0);
          expect(total(read(few))).toBe(total(read(rows)));
        },
      ),
      { numRuns: 15 },
    );
  }, 90_000);
});

describe('whatever a user writes', () => {
  /** Marked, so that it is found in a statement if it ever gets there. */
  const evil = fc
    .tuple(
      fc.constantFrom(
        "'",
        '"',
        '`',
        '\\',
        "') OR 1=1 --",
        '};',
        '{x:String}',
        '\n',
        '/*',
        '%',
        '\0',
        '😀',
        '',
      ),
      fc.string({ maxLength: 8 }),
    )
    .map(([a, b]) => `${a}qZx7${b}${a}`);
  const filters = fc.oneof(
    { weight: 1, arbitrary: evil },
    { weight: 5, arbitrary: evil.map((text) => `application = "${text.replaceAll(/["\\]/g, '\\$&')}"`) },
    {
      weight: 5,
      arbitrary: evil.map(
        (text) =>
          `exporter ~ "${text.replaceAll(/["\\]/g, '')}" or dns_name in ('${text.replaceAll(/['\\]/g, '')}', "b")`,
      ),
    },
  );
  const saved = fc.record(
    {
      kind: fc.constantFrom(...queryKinds.filter((kind) => kind !== 'sql')),
      metric: fc.oneof({ weight: 40, arbitrary: fc.constantFrom(...metrics.map((m) => m.name)) }, evil),
      filter: filters,
      adHoc: fc.array(
        fc.record({
          key: fc.oneof(
            fc.constantFrom('application', 'exporter', 'interface', 'dns_name', 'workload'),
            evil,
          ),
          operator: fc.constantFrom('=', '!=', '=~', '!~', '=|'),
          value: evil,
          values: fc.array(evil, { maxLength: 2 }),
        }),
        { maxLength: 2 },
      ),
      dimensions: fc.array(
        fc.oneof(
          {
            weight: 40,
            arbitrary: fc.constantFrom('source_ip', 'application', 'host', 'interface', 'as', 'mac'),
          },
          evil,
        ),
        { maxLength: 3 },
      ),
      columns: fc.array(
        fc.oneof(
          { weight: 40, arbitrary: fc.constantFrom('source_ip', 'l7_detail', 'flow_id', 'verdict') },
          evil,
        ),
        { maxLength: 3 },
      ),
      legend: evil,
      ledgerMeasure: evil,
      exporterView: fc.constantFrom('state', 'ledger', 'balance', 'losses'),
      anomalyView: fc.constantFrom('table', 'count', 'timeline', 'stories', 'evidence', 'flows'),
      anomalyIds: fc.array(fc.oneof({ weight: 20, arbitrary: fc.uuid() }, evil), { maxLength: 2 }),
      stories: fc.array(fc.oneof({ weight: 20, arbitrary: fc.uuid() }, evil), { maxLength: 2 }),
      refId: evil,
      resolution: fc.constantFrom('auto', 'raw', '1m', '1h'),
      bidirectional: fc.boolean(),
      previousPeriod: fc.boolean(),
      spread: fc.boolean(),
    },
    { requiredKeys: ['kind'] },
  );

  it('never gets into a statement; every statement runs, or the query is refused with a reason', async () => {
    const run = { statements: 0 };
    await fc.assert(
      fc.asyncProperty(saved, fc.integer({ min: 1, max: 40 * 86_400 }), async (query, seconds) => {
        const range = rangeOf(T, T + seconds, 60, 100);
        const normalized = normalizeQuery({ version: 1, ...query });
        const compiled = normalized.ok ? compileQuery(normalized.query, range, db.context()) : undefined;
        const problems = !normalized.ok
          ? normalized.problems
          : compiled?.ok === false
            ? [compiled.problem]
            : [];
        expect(problems.every((p) => p.message.length > 10)).toBe(true);
        for (const statement of compiled?.ok === true ? compiled.compiled.statements : []) {
          expect(statement.sql).not.toContain('qZx7');
          expect(statement.sql).toMatch(/LIMIT [\d{]/);
          expect(statement.sql).toMatch(/(timestamp|minute|opened|first_seen) <\s+toDateTime\(/);
          run.statements++;
          await db.run(statement).catch((error: unknown) => {
            // What the engine finds wrong with a regular expression, it says of the parameter.
            if (!/re2|regular expression|regexp|REGEXP/i.test(String(error))) throw error;
          });
        }
      }),
      { numRuns: 120 },
    );
    expect(run.statements).toBeGreaterThan(20);
  }, 120_000);

  it('as the beginning of a value for choice is a parameter', async () => {
    await fc.assert(
      fc.asyncProperty(
        evil,
        fc.constantFrom('application', 'exporter', 'host', 'as', 'protocol'),
        async (prefix, field) => {
          const result = valuesQuery(field, prefix, { kind: 'all' }, rangeOf(T, T + 7200), 5, db.context());
          if (!result.ok) throw new Error(result.problem.message);
          expect(result.statement.sql).not.toContain('qZx7');
          expect(await db.run(result.statement)).toEqual([]);
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);

  it('cannot be the name of the database', () => {
    const normalized = normalizeQuery({ kind: 'top', version: 1 });
    if (!normalized.ok) throw new Error('not normal');
    expect(
      compileQuery(normalized.query, rangeOf(T, T + 60), db.context({ database: 'dev; DROP' })),
    ).toMatchObject({ ok: false });
  });
});
