import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { valuesQuery } from '../../core/src/query/index.ts';
import { FlowDatabase, type FlowRow, type Row, rangeOf } from './flow-database.ts';

const HOUR = 3600;
/** The beginning of a day that is long over. */
const T = 1_780_012_800 - (1_780_012_800 % 86_400);

let db: FlowDatabase;

beforeAll(async () => {
  db = await FlowDatabase.open(T + 86_400);
});
afterAll(() => db.close());
beforeEach(async () => {
  db.now = T + 86_400;
  await db.empty();
});

function flow(
  after: number,
  source_ip: string,
  destination_ip: string,
  bytes_in: number,
  rest: Partial<FlowRow> = {},
): FlowRow {
  return {
    timestamp: T + after,
    source_ip,
    destination_ip,
    bytes_in,
    packets_in: 1,
    bytes_out: 0,
    packets_out: 0,
    protocol: 6,
    source_port: 50_000,
    destination_port: 443,
    collector_ip: '192.0.2.1',
    exporter_name: 'edge-1',
    sampling_rate: 1,
    ...rest,
  } as FlowRow;
}

/** Series as one reads them: `keys` joined, `<` for the reverse direction, `~` for the span before, and values by minute. */
function read(rows: readonly Row[]): Record<string, Record<number, number>> {
  return Object.fromEntries(
    rows.map((row) => {
      const name = `${row['reverse'] === 1 ? '<' : ''}${row['previous'] === 1 ? '~' : ''}${row['other'] === 1 ? 'Other' : (row['keys'] as string[]).join(' ')}`;
      const values = row['values'] as number[];
      return [
        name,
        Object.fromEntries((row['buckets'] as number[]).map((b, i) => [(b - T) / 60, values[i]!])),
      ];
    }),
  );
}

const minutes = (from: number, to: number) => rangeOf(T + from * 60, T + to * 60, 60);

describe('a time series', () => {
  it('is right to the byte, with sampling and answers', async () => {
    await db.flows([
      flow(10, '10.0.0.1', '10.0.0.2', 600, { bytes_out: 150 }),
      flow(59, '10.0.0.1', '10.0.0.2', 75),
      flow(60, '10.0.0.3', '10.0.0.2', 1500, { sampling_rate: 100 }),
      flow(130, '10.0.0.3', '10.0.0.2', 30, { sampling_rate: 0 }),
    ]);
    expect(read(await db.ask({}, minutes(0, 5)))).toEqual({
      '': { 0: (825 * 8) / 60, 1: (150_000 * 8) / 60, 2: 4 },
    });
    expect(read(await db.ask({ metric: 'bytes', correctSampling: false }, minutes(0, 5)))).toEqual({
      '': { 0: 825, 1: 1500, 2: 30 },
    });
    const rows = await db.ask({ dimensions: ['source_ip'] }, minutes(0, 5));
    expect(rows.map((r) => [r['keys'], r['unsampled']])).toEqual([
      [['10.0.0.3'], 1],
      [['10.0.0.1'], 0],
    ]);
  });

  it('names the top ones and sums up the rest', async () => {
    await db.flows([1, 2, 3, 4, 5].map((i) => flow(i, `10.0.0.${i}`, '10.9.9.9', i * 100)));
    const saved = { metric: 'bytes', dimensions: ['source_ip'], limit: 2 };
    expect(read(await db.ask(saved, minutes(0, 1)))).toEqual({
      '10.0.0.5': { 0: 500 },
      '10.0.0.4': { 0: 400 },
      Other: { 0: 600 },
    });
    expect(Object.keys(read(await db.ask({ ...saved, other: false }, minutes(0, 1))))).toEqual([
      '10.0.0.5',
      '10.0.0.4',
    ]);
  });

  it.each([
    ['avg', 'b'],
    ['max', 'a'],
    ['last', 'c'],
    ['p95', 'b'],
  ])('ranks by %s', async (rankBy, first) => {
    const rows = [flow(0, '10.0.0.1', '10.9.9.9', 1000, { application: 'a' })];
    for (let minute = 0; minute < 19; minute++)
      rows.push(flow(minute * 60 + 5, '10.0.0.2', '10.9.9.9', 300, { application: 'b' }));
    rows.push(flow(19 * 60 + 5, '10.0.0.3', '10.9.9.9', 100, { application: 'c' }));
    await db.flows(rows);
    const answer = read(
      await db.ask({ metric: 'bytes', dimensions: ['application'], limit: 1, rankBy }, minutes(0, 20)),
    );
    expect(Object.keys(answer)).toEqual([first, 'Other']);
  });

  it('tells directions apart by the filter and its mirror', async () => {
    await db.flows([
      flow(1, '10.0.0.1', '198.51.100.1', 1000, { bytes_out: 70 }),
      flow(2, '198.51.100.1', '10.0.0.1', 400, { bytes_out: 9 }),
      flow(3, '10.0.0.2', '203.0.113.5', 5),
    ]);
    const saved = {
      metric: 'bytes',
      filter: 'source = 10.0.0.1',
      bidirectional: true,
      dimensions: ['destination_ip'],
    };
    expect(read(await db.ask(saved, minutes(0, 1)))).toEqual({
      '198.51.100.1': { 0: 1009 },
      '<198.51.100.1': { 0: 470 },
    });
    expect(read(await db.ask({ ...saved, filter: '', dimensions: ['host'] }, minutes(0, 1)))).toMatchObject({
      '10.0.0.1': { 0: 1009 },
      '<10.0.0.1': { 0: 470 },
      '198.51.100.1': { 0: 470 },
      '<198.51.100.1': { 0: 1009 },
      '10.0.0.2': { 0: 5 },
    });
  });

  it('counts a flow at both ends, once where they are the same', async () => {
    await db.flows([
      flow(1, '10.0.0.1', '10.0.0.2', 100, { source_country: 'DE', destination_country: 'FR' }),
      flow(2, '10.0.0.1', '10.0.0.3', 10, { source_country: 'DE', destination_country: 'DE' }),
    ]);
    expect(read(await db.ask({ metric: 'bytes', dimensions: ['country'] }, minutes(0, 1)))).toEqual({
      DE: { 0: 110 },
      FR: { 0: 100 },
    });
    const { notices } = db.compile({ dimensions: ['country'] }, minutes(0, 1));
    expect(notices.map((n) => n.text).join()).toContain('counts at both of its ends (country)');
  });

  it('adds the span before, of the same groups, moved to the present', async () => {
    await db.flows([
      flow(0, '10.0.0.1', '10.9.9.9', 1),
      flow(70, '10.0.0.2', '10.9.9.9', 2000),
      flow(130, '10.0.0.1', '10.9.9.9', 50),
      flow(190, '10.0.0.3', '10.9.9.9', 7),
    ]);
    const saved = { metric: 'bytes', dimensions: ['source_ip'], limit: 1, previousPeriod: true };
    expect(read(await db.ask(saved, minutes(2, 4)))).toEqual({
      '10.0.0.1': { 2: 50 },
      '~10.0.0.1': { 2: 1 },
      Other: { 3: 7 },
      '~Other': { 3: 2000 },
    });
  });

  it('shares the octets of long flows among buckets, to the byte', async () => {
    await db.flows([
      // From 0:30 to 3:30: 30, 60, 60, 30 seconds
      flow(215, '10.0.0.1', '10.0.0.2', 1001, { duration_ms: 180_000, end_lag_ms: 5_000 }),
      // Began before the range and ended after it
      flow(400, '10.0.0.1', '10.0.0.2', 6000, { duration_ms: 600_000, end_lag_ms: 0 }),
      // Has no times of its own
      flow(61, '10.0.0.9', '10.0.0.2', 7, { duration_ms: 0, end_lag_ms: 900_000, record_flags: 32 }),
    ]);
    const answer = read(await db.ask({ metric: 'bytes', spread: true }, minutes(0, 5)))['']!;
    const parts = [166, 334, 334, 167]; // floor of what had passed: 166, 500, 834, 1001
    expect(answer).toEqual({
      0: parts[0]! + 600,
      1: parts[1]! + 600 + 7,
      2: parts[2]! + 600,
      3: parts[3]! + 600,
      4: 600,
    });
    expect(db.compile({ spread: true, resolution: 'auto' }, rangeOf(T, T + 8 * HOUR)).table).toBe(
      'network_flows',
    );
  });

  it('leaves out, marks or keeps the bucket for which flows still come', () => {
    db.now = T + 5 * 60 + 5;
    const range = minutes(0, 6);
    expect(db.compile({}, range)).toMatchObject({ toSeconds: T + 240, unfinishedFromSeconds: undefined });
    expect(db.compile({ lastBucket: 'mark' }, range)).toMatchObject({
      toSeconds: T + 360,
      unfinishedFromSeconds: T + 240,
    });
    expect(db.compile({ lastBucket: 'keep' }, range)).toMatchObject({
      toSeconds: T + 360,
      unfinishedFromSeconds: undefined,
    });
    expect(db.compile({ lastBucket: 'keep' }, range, { forAlert: true })).toMatchObject({
      toSeconds: T + 240,
      notices: expect.arrayContaining([
        expect.objectContaining({ text: expect.stringContaining('alert rule') }),
      ]),
    });
  });

  it('measures means by their weights, distinct values, and quality', async () => {
    await db.flows([
      flow(1, '10.0.0.1', '10.0.0.2', 1500, { packets_in: 1, tcp_rtt_us: 100, sampling_rate: 10 }),
      flow(2, '10.0.0.1', '10.0.0.3', 300, {
        packets_in: 3,
        tcp_rtt_us: 0,
        retransmissions: 1,
        destination_port: 53,
      }),
      flow(3, '10.0.0.2', '10.0.0.3', 0, {
        packets_in: 0,
        tcp_rtt_us: 300,
        dropped_bytes: 40,
        dropped_packets: 2,
      }),
    ]);
    const one = async (metric: string): Promise<unknown> =>
      read(await db.ask({ metric, resolution: 'raw' }, minutes(0, 1)))['']![0];
    expect(await one('packet_size')).toBeCloseTo(15_300 / 13, 9);
    expect(await one('tcp_rtt')).toBe(200);
    expect(await one('unique_sources')).toBe(2);
    expect(await one('unique_destinations')).toBe(2);
    expect(await one('unique_ports')).toBe(2);
    expect(await one('retransmission_rate')).toBeCloseTo(100 / 13, 9);
    expect(await one('dropped_bits_per_second')).toBeCloseTo((40 * 8) / 60, 9);
    expect(await one('dropped_packets_per_second')).toBeCloseTo(2 / 60, 9);
    expect(await one('flows_per_second')).toBeCloseTo(3 / 60, 9);
  });
});

describe('utilization', () => {
  const port = { input_interface: 1, output_interface: 2, input_interface_name: 'xe-1' };
  beforeEach(async () => {
    await db.insert('interfaces', [
      { collector_ip: '192.0.2.1', interface: 1, name: 'xe-1', speed: 1000, seen: T },
    ]);
    await db.flows([
      flow(1, '10.0.0.1', '10.0.0.2', 750, { ...port, bytes_out: 75 }),
      flow(2, '10.0.0.2', '10.0.0.1', 1500, {
        input_interface: 2,
        output_interface: 1,
        output_interface_name: 'xe-1',
      }),
    ]);
  });

  it('is what came in, or went out, by an interface, in percent of its speed', async () => {
    const saved = { metric: 'utilization', filter: 'interface = xe-1' };
    expect(
      read(await db.ask({ ...saved, dimensions: ['input_interface'] }, minutes(0, 1)))['edge-1 xe-1'],
    ).toEqual({ 0: 10 });
    expect(
      read(await db.ask({ ...saved, dimensions: ['output_interface'] }, minutes(0, 1)))['edge-1 xe-1'],
    ).toEqual({ 0: 21 });
    const both = read(
      await db.ask({ ...saved, dimensions: ['interface'], bidirectional: true }, minutes(0, 1)),
    );
    expect([both['edge-1 xe-1'], both['<edge-1 xe-1']]).toEqual([{ 0: 10 }, { 0: 21 }]);
    expect(read(await db.ask({ ...saved, dimensions: ['interface'] }, minutes(0, 1)))['edge-1 xe-1']).toEqual(
      { 0: 21 },
    );
    expect(db.compile({ ...saved, dimensions: ['interface'] }, minutes(0, 1)).dimensions).toEqual([
      'exporter',
      'interface',
    ]);
  });

  it('is not known where the speed is not', async () => {
    const rows = await db.ask({ metric: 'utilization', dimensions: ['interface'] }, minutes(0, 1));
    expect(rows.map((r) => [r['keys'], r['speedless'], r['values']])).toEqual([
      [['edge-1', 'xe-1'], 0, [21]],
      [['edge-1', '2'], 1, []],
    ]);
    const [top] = await db.ask(
      { kind: 'top', metric: 'utilization', dimensions: ['interface'] },
      minutes(0, 1),
    );
    expect(top).toMatchObject({ keys: ['edge-1', 'xe-1'], value: 21 });
  });

  it('wants an interface', () => {
    expect(() => db.compile({ metric: 'utilization' }, minutes(0, 1))).toThrow('group by input_interface');
  });
});

describe('a top table', () => {
  it('has share, extremes, average, last, percentile and total', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => flow(i * 60 + 1, '10.0.0.1', '10.9.9.9', 60 * (i + 1)));
    await db.flows([...rows, flow(5, '10.0.0.2', '10.9.9.9', 12_600 / 3, { bytes_out: 0 })]);
    const saved = { kind: 'top', metric: 'bits_per_second', limit: 1, minInterval: 60 };
    const [first, other] = await db.ask(saved, minutes(0, 20));
    expect(first).toEqual({
      keys: ['10.0.0.1'],
      other: 0,
      value: (12_600 * 8) / 1200,
      min: 8,
      max: 160,
      avg: (12_600 * 8) / 1200,
      last: 160,
      p95: 152,
      total: 12_600 * 8,
      share: 75,
      reverse_value: 0,
      previous_value: 0,
    });
    expect(other).toMatchObject({ other: 1, total: 4200 * 8, share: 25, min: 0, p95: 0 });
    expect((await db.ask({ ...saved, rankBy: 'p95' }, minutes(0, 20)))[0]).toMatchObject({ value: 152 });
    expect((await db.ask({ ...saved, metric: 'bytes' }, minutes(0, 20)))[0]).toMatchObject({
      value: 12_600,
      total: 12_600,
    });
  });

  it('has the other direction and the span before beside it', async () => {
    await db.flows([
      flow(60, '10.0.0.1', '10.9.9.9', 500, { bytes_out: 20 }),
      flow(61, '10.9.9.9', '10.0.0.1', 3),
      flow(1, '10.0.0.1', '10.9.9.9', 40),
    ]);
    const saved = { kind: 'top', metric: 'bytes', bidirectional: true, previousPeriod: true, limit: 1 };
    expect(await db.ask(saved, minutes(1, 2))).toMatchObject([
      { keys: ['10.0.0.1'], value: 500, reverse_value: 23, previous_value: 40 },
      { other: 1, value: 23, reverse_value: 500, previous_value: 0 },
    ]);
  });

  it('counts distinct values over the whole range', async () => {
    await db.flows(
      [1, 61, 121].flatMap((t) => [
        flow(t, '10.0.0.1', '10.9.9.9', 1),
        flow(t, `10.0.1.${t}`, '10.9.9.9', 1),
      ]),
    );
    const [row] = await db.ask(
      { kind: 'top', metric: 'unique_sources', dimensions: ['protocol'] },
      minutes(0, 3),
    );
    expect(row).toMatchObject({ keys: ['tcp'], value: 4, total: 4, max: 2 });
  });
});

describe('keys', () => {
  it('are written so that a filter finds them again', async () => {
    await db.flows([
      flow(1, '10.1.2.3', '2001:db8::ffff:1', 1, {
        source_as: 64500,
        tos: 184,
        tcp_flags: 18,
        source_mac: 0x001b21aabbcc,
        verdict: 'dropped',
        application: '',
        input_interface: 7,
        exporter_name: '',
      }),
      flow(2, '192.0.2.200', '10.0.0.1', 1, {
        protocol: 253,
        source_as: 1,
        tos: 4,
        tcp_flags: 256,
        application: "it's",
        input_interface: 1,
        input_interface_name: 'Gi0/1',
      }),
    ]);
    const shown: Record<string, string> = {
      source_ip: '10.1.2.3',
      destination_ip: '2001:db8::ffff:1',
      source_as: 'AS64500',
      dscp: 'EF',
      protocol: 'tcp',
      tcp_flags: 'syn+ack',
      source_mac: '00:1b:21:aa:bb:cc',
      verdict: 'dropped',
      exporter: '192.0.2.1',
      input_interface: '7',
      service: '443',
      application: '',
    };
    const found = await Promise.all(
      Object.entries(shown).map(async ([field, text]) => {
        const saved = {
          kind: 'top',
          metric: 'bytes',
          dimensions: [field],
          adHoc: [{ key: field, operator: '=', value: text }],
        };
        const rows = await db.ask(
          text === '' ? { ...saved, adHoc: [], filter: `${field} = ""` } : saved,
          minutes(0, 1),
        );
        return [field, (rows[0]?.['keys'] as string[] | undefined)?.at(-1)];
      }),
    );
    expect(Object.fromEntries(found)).toEqual(shown);
  });

  it('of addresses can be cut to prefixes', async () => {
    await db.flows([flow(1, '10.1.2.3', '2001:db8:1:2::1', 5), flow(2, '10.1.2.99', '2001:db8:1:3::1', 6)]);
    const saved = { metric: 'bytes', dimensions: ['source_ip', 'destination_ip'], prefix4: 24, prefix6: 48 };
    expect(read(await db.ask(saved, minutes(0, 1)))).toEqual({ '10.1.2.0/24 2001:db8:1::/48': { 0: 11 } });
  });
});

describe('records', () => {
  it('come newest first, with what was asked for, and how many there were', async () => {
    await db.flows([
      flow(1, '10.0.0.1', '10.0.0.2', 100),
      flow(20 * 60, '10.0.0.3', '10.0.0.2', 5000, { tcp_flags: 2 }),
      flow(40 * 60, '10.0.0.4', '10.0.0.2', 50, { protocol: 17 }),
    ]);
    const saved = {
      kind: 'flows',
      columns: ['src', 'protocol', 'tcp_flags', 'flow_start_time', 'bytes'],
      limit: 2,
    };
    const compiled = db.compile(saved, minutes(0, 60));
    expect(await db.run(compiled.statements[0]!)).toEqual([
      {
        timestamp: (T + 2400) * 1000,
        source_ip: '10.0.0.4',
        protocol: 'udp',
        tcp_flags: '0',
        flow_start_time: (T + 2400) * 1000,
        bytes: 50,
      },
      {
        timestamp: (T + 1200) * 1000,
        source_ip: '10.0.0.3',
        protocol: 'tcp',
        tcp_flags: 'syn',
        flow_start_time: (T + 1200) * 1000,
        bytes: 5000,
      },
    ]);
    expect((await db.run(compiled.statements[1]!)).map((r) => r['value'])).toEqual([1, 1, 1]);
    expect((await db.ask({ ...saved, order: 'bytes', limit: 1 }, minutes(0, 60)))[0]).toMatchObject({
      bytes: 5000,
    });
  });

  it('say which end is meant', () => {
    expect(() => db.compile({ kind: 'flows', columns: ['host'] }, minutes(0, 1))).toThrow(
      'take source_ip and destination_ip',
    );
  });
});

describe('conversations and topology', () => {
  beforeEach(() =>
    db.flows([
      flow(1, '10.0.0.1', '10.9.0.1', 1000, { bytes_out: 10 }),
      flow(2, '10.0.0.1', '10.9.0.2', 200),
      flow(3, '10.0.0.2', '10.9.0.1', 30),
      flow(4, '10.0.0.3', '10.9.0.3', 4),
      flow(5, '10.9.0.1', '10.0.0.1', 500),
    ]),
  );

  it('keep what the heaviest paths name at each stage and sum up the rest', async () => {
    const rows = await db.ask({ kind: 'conversations', metric: 'bytes', limit: 1 }, minutes(0, 1));
    expect(rows).toEqual([
      { keys: ['10.0.0.1', '10.9.0.1'], other: [0, 0], value: 1010 },
      { keys: ['', ''], other: [1, 1], value: 504 },
      { keys: ['10.0.0.1', ''], other: [0, 1], value: 200 },
      { keys: ['', '10.9.0.1'], other: [1, 0], value: 30 },
    ]);
  });

  it('join both directions in one edge', async () => {
    const rows = await db.ask({ kind: 'topology', metric: 'bytes', limit: 2 }, minutes(0, 1));
    expect(rows).toEqual([
      {
        source: '10.0.0.1',
        destination: '10.9.0.1',
        value: 1000,
        reverse_value: 510,
        bytes: 1510,
        packets: 2,
        flows: 2,
        utilization: -1,
      },
      {
        source: '10.0.0.1',
        destination: '10.9.0.2',
        value: 200,
        reverse_value: 0,
        bytes: 200,
        packets: 1,
        flows: 1,
        utilization: -1,
      },
      {
        source: '',
        destination: '',
        value: 34,
        reverse_value: 0,
        bytes: 34,
        packets: 2,
        flows: 2,
        utilization: -1,
      },
    ]);
  });
});

describe('exporters', () => {
  const entry = (minute: number, measure: string, value: number, reason = '', exporter = 1) => ({
    minute: T + minute * 60,
    collector_ip: `192.0.2.${exporter}`,
    exporter_name: `edge-${exporter}`,
    measure,
    reason,
    value,
  });

  it('have losses in percent, a ledger over time and a balance', async () => {
    await db.insert('ledger', [
      entry(0, 'records_announced', 100),
      entry(0, 'records_lost', 25, 'sequence_gap'),
      entry(1, 'records_announced', 50),
      entry(1, 'flows', 50),
      entry(0, 'flows', 75),
      entry(1, 'flows', 7, '', 2),
    ]);
    await db.insert('stored_1m', [{ minute: T, collector_ip: '192.0.2.1', flows: 124 }]);
    const losses = { kind: 'exporters', exporterView: 'losses' };
    expect(read(await db.ask(losses, minutes(0, 2)))).toEqual({ 'edge-1': { 0: 25, 1: 0 } });
    expect(read(await db.ask({ ...losses, exporterView: 'ledger' }, minutes(0, 2)))).toEqual({
      'edge-1': { 0: 75, 1: 50 },
      'edge-2': { 1: 7 },
    });
    const [first] = await db.ask(
      { ...losses, exporterView: 'balance', filter: 'exporter = edge-1' },
      minutes(0, 2),
    );
    expect(first).toMatchObject({
      exporter: 'edge-1',
      records_announced: 150,
      lost_sequence_gap: 25,
      flows: 125,
      rows_stored: 124,
      records_unexplained: 0,
      flows_unexplained: 1,
    });
    expect(() => db.compile({ ...losses, filter: 'host = 10.0.0.1' }, minutes(0, 2))).toThrow(
      'exporters and tenants only',
    );
  });

  it('have a state', async () => {
    await db.insert('exporters', [
      {
        collector_ip: '192.0.2.1',
        exporter_name: 'edge-1',
        seen: T + 50,
        first_seen: T,
        sampling_rate: 100,
        clock_offset_ms: -3,
      },
    ]);
    expect(await db.ask({ kind: 'exporters' }, minutes(0, 2))).toMatchObject([
      {
        exporter: 'edge-1',
        address: '192.0.2.1',
        seen_ms: (T + 50) * 1000,
        sampling_rate: 100,
        clock_offset_ms: -3,
      },
    ]);
  });
});

describe('anomalies', () => {
  const id = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
  const one = (n: number, rest: Record<string, string | number>) => ({
    id: id(n),
    type: 'syn_flood',
    severity: 'high',
    state: 'open',
    opened: T,
    updated: T,
    closed: 0,
    source_ip: '10.0.0.1',
    destination_ip: '10.9.0.0',
    destination_prefix: 120,
    story: id(0),
    port: 443,
    ...rest,
  });

  it('are the newest word on each that lasted into the range', async () => {
    await db.insert('anomalies', [
      one(1, { severity: 'low' }),
      one(1, { updated: T + 100, severity: 'critical' }),
      one(2, { opened: T - 900, closed: T - 600, state: 'closed' }),
      one(3, { opened: T + 90, closed: T + 130, state: 'closed', port: 53 }),
      one(4, { opened: T + 900 }),
    ]);
    const rows = await db.ask({ kind: 'anomalies' }, minutes(0, 5));
    expect(rows.map((r) => [r['id'], r['severity'], r['destination_ip'], r['closed_ms']])).toEqual([
      [id(3), 'high', '10.9.0.0/24', (T + 130) * 1000],
      [id(1), 'critical', '10.9.0.0/24', 0],
    ]);
    expect(
      await db.ask({ kind: 'anomalies', filter: 'host = 10.0.0.1 and port = 443' }, minutes(0, 5)),
    ).toHaveLength(1);
    expect(await db.ask({ kind: 'anomalies', severities: ['low'] }, minutes(0, 5))).toHaveLength(0);
    const ids = async (model: object): Promise<unknown[]> =>
      (await db.ask({ kind: 'anomalies', ...model }, minutes(0, 5))).map((r) => r['id']);
    expect(await ids({ anomalyIds: [id(3), ''] })).toEqual([id(3)]);
    expect(await ids({ stories: [id(0)] })).toEqual([id(3), id(1)]);
    expect(await ids({ stories: [id(9)] })).toEqual([]);
    expect(read(await db.ask({ kind: 'anomalies', anomalyView: 'count' }, minutes(0, 4)))).toEqual({
      critical: { 0: 1, 1: 1, 2: 1, 3: 1 },
      high: { 1: 1, 2: 1 },
    });
    expect(() => db.compile({ kind: 'anomalies', filter: 'country = DE' }, minutes(0, 5))).toThrow(
      'Anomalies have no source_country',
    );
  });
});

describe('SQL', () => {
  it('is filled in and run', async () => {
    await db.flows([
      flow(1, '10.0.0.1', '10.0.0.2', 100, { sampling_rate: 10 }),
      flow(2, '10.0.0.3', '10.0.0.2', 7),
      flow(900, '10.0.0.1', '10.0.0.2', 1),
    ]);
    const sql =
      "SELECT sum($__bytes) AS b, sum($__flows) AS n, '$__filter;' AS s FROM $__table WHERE $__timeFilter(timestamp) AND $__filter";
    expect(await db.ask({ kind: 'sql', sql, filter: 'source = 10.0.0.1' }, minutes(0, 5))).toEqual([
      { b: 1000, n: 1, s: '$__filter;' },
    ]);
  });
});

describe('values for choice', () => {
  it('are the heaviest of a field that begin with what is typed', async () => {
    await db.flows([
      flow(1, '10.0.0.1', '10.0.0.2', 75),
      flow(2, '10.1.0.3', '10.0.0.2', 25),
      flow(3, '10.0.0.1', '10.0.0.1', 0),
    ]);
    const ask = async (field: string, prefix: string): Promise<readonly Row[]> => {
      const result = valuesQuery(field, prefix, { kind: 'all' }, minutes(0, 5), 10, db.context());
      if (!result.ok) throw new Error(result.problem.message);
      return db.run(result.statement);
    };
    expect(await ask('source_ip', '')).toEqual([
      { value: '10.0.0.1', share: 75 },
      { value: '10.1.0.3', share: 25 },
    ]);
    expect(await ask('source', '10.1')).toEqual([{ value: '10.1.0.3', share: 25 }]);
    expect((await ask('host', '')).map((r) => r['value'])).toEqual(['10.0.0.2', '10.0.0.1', '10.1.0.3']);
    expect(await ask('exporter', 'EDGE')).toEqual([{ value: 'edge-1', share: 100 }]);
    expect(valuesQuery('bytes', '', { kind: 'all' }, minutes(0, 5), 10, db.context())).toMatchObject({
      ok: false,
    });
  });
});
