import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { floorTo } from './buckets.ts';
import { type CompileContext, defaultContext } from './context.ts';
import { type TableNeeds, chooseTable, segmentsOf, slotSeconds } from './tables.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const now = 1_790_000_000 - (1_790_000_000 % DAY);
const context: CompileContext = { ...defaultContext, database: 'weir', nowMs: now * 1000 };

function needs(range: number, rest: Partial<TableNeeds> = {}): TableNeeds {
  return {
    fromSeconds: now - range,
    toSeconds: now,
    grouped: [],
    filtered: [],
    rawOnly: undefined,
    bucketSeconds: 30,
    resolution: 'auto',
    ...rest,
  };
}

describe('which table answers', () => {
  it.each<[string, number, Partial<TableNeeds>, string]>([
    ['an hour by protocol', HOUR, { grouped: ['protocol'] }, 'network_flows'],
    ['an hour in minutes by protocol', HOUR, { grouped: ['protocol'], bucketSeconds: 60 }, 'flows_1m'],
    ['an hour in minutes by address', HOUR, { grouped: ['source_ip'], bucketSeconds: 60 }, 'network_flows'],
    ['a day by address', DAY, { grouped: ['source_ip'] }, 'flows_1m'],
    ['a month by address', 30 * DAY, { grouped: ['source_ip'] }, 'flows_1h'],
    ['a month by flags', 30 * DAY, { grouped: ['tcp_flags'] }, 'network_flows'],
    ['a day of unique sources', DAY, { rawOnly: 'unique counts need single flows' }, 'network_flows'],
    ['a day of one address', DAY, { filtered: ['source_ip'] }, 'network_flows'],
    ['a month of one address', 30 * DAY, { filtered: ['source_ip'] }, 'flows_1h'],
    [
      'a table over two hours by country',
      2 * HOUR,
      { grouped: ['source_country'], bucketSeconds: undefined },
      'flows_1m',
    ],
    ['an hour, raw asked for', 30 * DAY, { resolution: 'raw' }, 'network_flows'],
    ['an hour, 1h asked for', HOUR, { resolution: '1h' }, 'flows_1h'],
  ])('%s', (_, range, rest, table) => {
    expect(chooseTable(needs(range, rest), context).table).toBe(table);
  });

  describe('of minutes where there are narrow ones', () => {
    const reach = { fromSeconds: now - 20 * DAY, toSeconds: now - 240 };
    const both: CompileContext = {
      ...context,
      tables: { narrow: { flows_1m_applications: reach, flows_1m_interfaces: reach } },
    };

    it.each<[string, number, Partial<TableNeeds>, table: string, minutes: string]>([
      ['of everything', DAY, {}, 'flows_1m_applications', 'flows_1m_applications'],
      ['by exporter', DAY, { grouped: ['exporter_name'] }, 'flows_1m_applications', 'flows_1m_applications'],
      [
        'of one protocol, by application',
        DAY,
        { grouped: ['application'], filtered: ['protocol'] },
        'flows_1m_applications',
        'flows_1m_applications',
      ],
      [
        'of one exporter, by interface',
        DAY,
        { grouped: ['input_interface', 'input_interface_name'], filtered: ['exporter_name'] },
        'flows_1m_interfaces',
        'flows_1m_interfaces',
      ],
      [
        'of one protocol, by interface',
        DAY,
        { grouped: ['input_interface'], filtered: ['protocol'] },
        'flows_1m',
        'flows_1m',
      ],
      ['by address', DAY, { grouped: ['source_ip'] }, 'flows_1m', 'flows_1m'],
      ['by whatever', DAY, { anyColumn: true }, 'flows_1m', 'flows_1m'],
      [
        'asked for by resolution',
        HOUR,
        { resolution: '1m' },
        'flows_1m_applications',
        'flows_1m_applications',
      ],
      ['of single flows', HOUR, { resolution: 'raw' }, 'network_flows', 'flows_1m_applications'],
      ['beside hours', 7 * DAY, { grouped: ['output_interface'] }, 'flows_1h', 'flows_1m_interfaces'],
    ])('%s', (_, range, rest, table, minutes) => {
      expect(chooseTable(needs(range, rest), both)).toMatchObject({ table, minutes });
    });

    it('names the one that answers', () => {
      expect(chooseTable(needs(DAY), both).notices).toEqual([
        { severity: 'info', text: 'Answered from the rollup flows_1m_applications.' },
      ]);
    });

    it('takes the wide one where a narrow one is not known to be or has nothing of the range', () => {
      expect(chooseTable(needs(DAY), context).table).toBe('flows_1m');
      const young = { fromSeconds: now, toSeconds: now + 60 };
      const tables = { narrow: { flows_1m_applications: young, flows_1m_interfaces: reach } };
      expect(chooseTable(needs(DAY), { ...context, tables }).table).toBe('flows_1m_interfaces');
    });
  });

  it('takes the rollup where single flows have expired', () => {
    const expired = { ...context, tables: { rawFromSeconds: now - HOUR } };
    expect(chooseTable(needs(2 * HOUR, { grouped: ['source_ip'] }), expired)).toMatchObject({
      table: 'flows_1m',
      notices: [{ text: expect.stringContaining('reach back to') }, {}, {}],
    });
    expect(chooseTable(needs(DAY, { filtered: ['source_ip'] }), expired).notices).toContainEqual({
      severity: 'warning',
      text: expect.stringContaining('filter on source_ip is not exact'),
    });
  });

  it('says why a table that is asked for cannot answer', () => {
    expect(() => chooseTable(needs(DAY, { grouped: ['tcp_flags'], resolution: '1h' }), context)).toThrow(
      '1h cannot answer: tcp_flags is only in network_flows. Take “auto” or “raw”.',
    );
  });
});

describe('the parts of a range', () => {
  it('are single flows at ragged ends, minutes around hours', () => {
    const from = now - 5 * HOUR - 30;
    expect(segmentsOf('flows_1h', from, now, context)).toEqual([
      { table: 'network_flows', fromSeconds: from, toSeconds: from + 30 },
      { table: 'flows_1h', fromSeconds: from + 30, toSeconds: now - HOUR },
      { table: 'flows_1m', fromSeconds: now - HOUR, toSeconds: now - 180 },
      { table: 'network_flows', fromSeconds: now - 180, toSeconds: now },
    ]);
  });

  it('are minutes of the wide rollup where the narrow one is not made, or did not exist yet', () => {
    const from = now - 5 * HOUR - 30;
    const narrow = { flows_1m_interfaces: { fromSeconds: now - 4 * HOUR, toSeconds: now - 600 } };
    expect(segmentsOf('flows_1m_interfaces', from, now, { ...context, tables: { narrow } })).toEqual([
      { table: 'network_flows', fromSeconds: from, toSeconds: from + 30 },
      { table: 'flows_1m', fromSeconds: from + 30, toSeconds: now - 4 * HOUR },
      { table: 'flows_1m_interfaces', fromSeconds: now - 4 * HOUR, toSeconds: now - 600 },
      { table: 'flows_1m', fromSeconds: now - 600, toSeconds: now - 180 },
      { table: 'network_flows', fromSeconds: now - 180, toSeconds: now },
    ]);
  });

  it('are minutes of the narrow rollup around hours', () => {
    const from = now - 5 * HOUR - 30;
    const tables = { narrow: { flows_1m_interfaces: { fromSeconds: now - DAY, toSeconds: now - 180 } } };
    expect(segmentsOf('flows_1h', from, now, { ...context, tables }, 'flows_1m_interfaces')).toEqual([
      { table: 'network_flows', fromSeconds: from, toSeconds: from + 30 },
      { table: 'flows_1h', fromSeconds: from + 30, toSeconds: now - HOUR },
      { table: 'flows_1m_interfaces', fromSeconds: now - HOUR, toSeconds: now - 180 },
      { table: 'network_flows', fromSeconds: now - 180, toSeconds: now },
    ]);
  });

  it('begin with a whole slot where the finer table has expired', () => {
    const from = now - 5 * HOUR - 30;
    const tables = { rawFromSeconds: now - HOUR, minutesFromSeconds: now - 2 * HOUR };
    expect(segmentsOf('flows_1h', from, now - 4 * HOUR, { ...context, tables })).toEqual([
      { table: 'flows_1h', fromSeconds: now - 6 * HOUR, toSeconds: now - 4 * HOUR },
    ]);
  });

  it('cover it without gap or overlap, in whole slots', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('network_flows', 'flows_1m', 'flows_1m_interfaces', 'flows_1h'),
        fc.constantFrom('flows_1m', 'flows_1m_interfaces'),
        fc.integer({ min: 0, max: 3 * DAY }),
        fc.integer({ min: 1, max: DAY }),
        fc.tuple(fc.integer({ min: 0, max: 4 * DAY }), fc.integer({ min: 0, max: 2 * DAY })),
        (table, minutes, age, length, [narrowAge, narrowLength]) => {
          const begin = floorTo(now - narrowAge, 60);
          const span = { fromSeconds: begin, toSeconds: begin + floorTo(narrowLength, 60) };
          const tables = { narrow: { flows_1m_interfaces: span } };
          const from = now - age - length;
          const segments = segmentsOf(table, from, from + length, { ...context, tables }, minutes);
          expect(segments[0]!.fromSeconds).toBe(from);
          expect(segments.at(-1)!.toSeconds).toBe(from + length);
          segments.forEach((s, i) => {
            expect(s.fromSeconds).toBeLessThan(s.toSeconds);
            expect(s.fromSeconds % slotSeconds[s.table]).toBe(0);
            expect(s.toSeconds % slotSeconds[s.table]).toBe(0);
            expect(s.fromSeconds).toBe(segments[i - 1]?.toSeconds ?? from);
          });
        },
      ),
    );
  });
});
