import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestStore, openTestStore } from '../testing/store.ts';
import { ClickHouseClient } from './clickhouse-client.ts';
import type { Column, Table } from './columns.ts';
import { UnreadableType, readRowBinary } from './row-binary.ts';

let store: TestStore;
let client: ClickHouseClient;

beforeAll(async () => {
  store = await openTestStore();
  client = new ClickHouseClient({
    url: store.url,
    user: '',
    password: '',
    database: store.database,
    concurrency: 2,
    idPrefix: 'test',
    serverName: '',
    skipVerify: false,
  });
});
afterAll(async () => {
  client.close();
  await store.close();
});

const ask = async (sql: string): Promise<Table> =>
  (await client.query({ sql, label: 't', signal: new AbortController().signal })).table;
const columnOf = async (expression: string): Promise<Column> =>
  (await ask(`SELECT ${expression} AS x`)).columns[0]!;

describe('what the engine answers', () => {
  const scalars: readonly (readonly [expression: string, kind: Column['kind'], value: unknown])[] = [
    ['toUInt8(200)', 'number', 200],
    ['toInt8(-5)', 'number', -5],
    ['toUInt16(60000)', 'number', 60000],
    ['toInt32(-70000)', 'number', -70000],
    ['toUInt32(4000000000)', 'number', 4000000000],
    ['toUInt64(9007199254740991)', 'number', 9007199254740991],
    ['toInt64(-9007199254740991)', 'number', -9007199254740991],
    ['toUInt64(18446744073709551615)', 'text', '18446744073709551615'],
    ['toInt64(-9223372036854775808)', 'text', '-9223372036854775808'],
    ["toInt128('-12345678901234567890123')", 'text', '-12345678901234567890123'],
    [
      "toUInt256('115792089237316195423570985008687907853269984665640564039457584007913129639935')",
      'text',
      '115792089237316195423570985008687907853269984665640564039457584007913129639935',
    ],
    ['toFloat32(0.5)', 'number', 0.5],
    ['-1.25', 'number', -1.25],
    ['toDecimal64(12.34, 2)', 'number', 12.34],
    ['toDecimal128(-12.5, 3)', 'number', -12.5],
    ["'äöü 🙂'", 'text', 'äöü 🙂'],
    ["repeat('long text ', 20)", 'text', 'long text '.repeat(20)],
    ["toFixedString('abc', 5)", 'text', 'abc'],
    ["toLowCardinality('lc')", 'text', 'lc'],
    ['true', 'boolean', true],
    ["CAST('two', 'Enum8(\\'one\\' = 1, \\'two\\' = -2)')", 'text', 'two'],
    ["CAST('it\\'s', 'Enum16(\\'it\\\\\\'s\\' = 300)')", 'text', "it's"],
    ["toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", 'text', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'],
    ["toIPv4('192.0.2.1')", 'text', '192.0.2.1'],
    ["toIPv6('::ffff:192.0.2.1')", 'text', '192.0.2.1'],
    ["toIPv6('2001:db8::1')", 'text', '2001:db8::1'],
    ["toIPv6('::')", 'text', '::'],
    ["toIPv6('1:0:0:2:0:0:0:3')", 'text', '1:0:0:2::3'],
    ["toDate('2026-03-01')", 'time', Date.UTC(2026, 2, 1)],
    ["toDate32('1950-01-01')", 'time', Date.UTC(1950, 0, 1)],
    ["toDateTime('2026-03-01 12:00:00', 'Asia/Tokyo')", 'time', Date.UTC(2026, 2, 1, 3)],
    ["toDateTime64('2026-03-01 12:00:00.125', 3, 'UTC')", 'time', Date.UTC(2026, 2, 1, 12, 0, 0, 125)],
    ["toDateTime64('2026-03-01 12:00:00.000001', 6, 'UTC')", 'time', Date.UTC(2026, 2, 1, 12) + 0.001],
    ['NULL', 'text', null],
    ["toNullable('x')", 'text', 'x'],
    ["CAST(NULL, 'Nullable(String)')", 'text', null],
    ['INTERVAL 3 DAY', 'text', '3'],
  ];
  it.each(scalars)('%s is a %s', async (expression, kind, value) => {
    const column = await columnOf(expression);
    expect([column.kind, column.values[0]]).toEqual([kind, value]);
  });

  it('keeps nulls of numbers apart from zeros, over many rows', async () => {
    const { columns, rows } = await ask(
      'SELECT if(number % 3 = 0, NULL, number) AS x, toUInt64(number) AS y FROM numbers(1000) ORDER BY y',
    );
    const [x] = columns;
    expect(rows).toBe(1000);
    const has = (row: number): boolean =>
      x?.kind === 'number' && x.validity !== undefined && (x.validity[row >> 3]! & (1 << (row & 7))) !== 0;
    expect(
      Array.from({ length: 1000 }, (_, row) => has(row)).every((known, row) => known === (row % 3 !== 0)),
    ).toBe(true);
    expect(columns[1]!.values[999]).toBe(999);
  });

  it('gives arrays of numbers as typed arrays, and nests the rest', async () => {
    expect((await columnOf("CAST([1.5, 2], 'Array(Float64)')")).values[0]).toEqual(Float64Array.of(1.5, 2));
    expect((await columnOf("CAST([7, 8], 'Array(UInt32)')")).values[0]).toEqual(Uint32Array.of(7, 8));
    expect((await columnOf("['a', 'b']")).values[0]).toEqual(['a', 'b']);
    expect((await columnOf('[[1, 2], []]')).values[0]).toEqual([[1, 2], []]);
    expect((await columnOf("(1, 'x', NULL)")).values[0]).toEqual([1, 'x', null]);
    expect((await columnOf("CAST((1, 'x'), 'Tuple(a UInt8, b String)')")).values[0]).toEqual({
      a: 1,
      b: 'x',
    });
    expect((await columnOf("map('k', 1, 'l', 2)")).values[0]).toEqual({ k: 1, l: 2 });
    expect((await columnOf('[toDateTime(0)]')).values[0]).toEqual(['1970-01-01T00:00:00.000Z']);
  });

  it('is no rows of known columns where nothing matches', async () => {
    expect(await ask('SELECT 1 AS x WHERE 0')).toMatchObject({
      rows: 0,
      columns: [{ name: 'x', kind: 'number' }],
    });
  });

  it('of a type without a place in a frame is refused, with what to do', async () => {
    await expect(ask('SELECT sumState(number) AS s FROM numbers(3)')).rejects.toThrow(UnreadableType);
    await expect(ask('SELECT sumState(number) AS s FROM numbers(3)')).rejects.toThrow(
      /Column s is of type .*toString\(s\)/,
    );
  });
});

it('an answer that ends within a row is an error, wherever it ends', () => {
  // One column "x" of String: "hello", "w…
  const whole = Buffer.concat([
    Buffer.from([1, 1]),
    Buffer.from('x'),
    Buffer.from([6]),
    Buffer.from('String'),
    Buffer.from([5]),
    Buffer.from('hello'),
  ]);
  expect(readRowBinary(whole).rows).toBe(1);
  for (let end = whole.length - 1; end > whole.length - 5; end--)
    expect(() => readRowBinary(whole.subarray(0, end))).toThrow(/ends within a row/);
});
