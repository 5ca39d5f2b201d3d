import { describe, expect, test } from '@jest/globals';
import { RecordFlag } from '@weir/core';
import {
  type FieldSpec,
  type FieldValue,
  ipfix,
  netflow5,
  netflow9,
  optionsTemplate10,
  record,
  set,
  template,
} from './testing/datagrams.ts';
import { type FlowRow, endOf, startOf } from './testing/flows.ts';
import { NOON, Rig } from './testing/rig.ts';

type Pair = readonly [spec: FieldSpec, value: FieldValue];
const HOUR = 3_600_000;
const TWO_32 = 2 ** 32;

function sets(version: 9 | 10, pairs: readonly Pair[]): Uint8Array[] {
  const fields = pairs.map(([spec]) => spec);
  const content = record(
    fields,
    pairs.map(([, value]) => value),
  );
  return [set(version === 9 ? 0 : 2, template(256, fields)), set(256, content)];
}

const inIpfix = (...pairs: readonly Pair[]): FlowRow => new Rig().flowsOf(ipfix({}, ...sets(10, pairs)))[0]!;
const inV9 = (header: { uptimeMs?: number; exportMs?: number }, ...pairs: readonly Pair[]): FlowRow =>
  new Rig().flowsOf(netflow9(header, ...sets(9, pairs)))[0]!;
const flags = (row: FlowRow): number => Number(row.record_flags);

/** A time as NTP writes it: seconds since 1900 and 2^-32 seconds. */
function ntp(ms: number): bigint {
  return (
    (BigInt(Math.floor(ms / 1000) + 2_208_988_800) << 32n) | BigInt(Math.floor(((ms % 1000) / 1000) * TWO_32))
  );
}

describe('start and end of a flow', () => {
  const start = NOON - 61_250;
  const end = NOON - 1_250;

  test.each<[string, readonly Pair[], number]>([
    [
      'in milliseconds',
      [
        [[152, 8], start],
        [[153, 8], end],
      ],
      0,
    ],
    [
      'in seconds',
      [
        [[150, 4], start / 1000],
        [[151, 4], end / 1000],
      ],
      1000,
    ],
    [
      'in microseconds of NTP’s form',
      [
        [[154, 8], ntp(start)],
        [[155, 8], ntp(end)],
      ],
      1,
    ],
    [
      'in nanoseconds of NTP’s form',
      [
        [[156, 8], ntp(start)],
        [[157, 8], ntp(end)],
      ],
      1,
    ],
    [
      'in microseconds since 1970, against the standard',
      [
        [[154, 8], start * 1000],
        [[155, 8], end * 1000],
      ],
      0,
    ],
    [
      'in nanoseconds since 1970, against the standard',
      [
        [[156, 8], BigInt(start) * 1_000_000n],
        [[157, 8], BigInt(end) * 1_000_000n],
      ],
      0,
    ],
    [
      'in microseconds before the export',
      [
        [[158, 4], 61_250_000],
        [[159, 4], 1_250_000],
      ],
      0,
    ],
    [
      'by the end and the duration',
      [
        [[153, 8], end],
        [[161, 4], 60_000],
      ],
      0,
    ],
    [
      'by the start and the duration in microseconds',
      [
        [[152, 8], start],
        [[162, 4], 60_000_000],
      ],
      0,
    ],
  ])('%s', (_, pairs, within) => {
    const row = inIpfix(
      ...pairs.map(([spec, value]): Pair => [
        spec,
        typeof value === 'number' ? BigInt(Math.floor(value)) : value,
      ]),
    );
    expect(Math.abs(startOf(row) - start)).toBeLessThanOrEqual(within);
    expect(Math.abs(endOf(row) - end)).toBeLessThanOrEqual(within);
    expect(row.duration_ms).toBe(60_000);
    expect(flags(row)).toBe(0);
  });

  test('by the uptime in the header of v9 and v5', () => {
    const row = inV9({ uptimeMs: HOUR }, [[22, 4], HOUR - 61_250], [[21, 4], HOUR - 1_250]);
    expect([startOf(row), endOf(row)]).toEqual([start, end]);
    const [five] = new Rig().flowsOf(
      netflow5(
        { uptimeMs: HOUR, nanoseconds: 500_000_000 },
        { firstMs: HOUR - 61_250, lastMs: HOUR - 1_250 },
      ),
    );
    expect([startOf(five!), endOf(five!)]).toEqual([start + 500, end + 500]);
  });

  test('across the wrap of the uptime after 49.7 days', () => {
    const row = inV9({ uptimeMs: 1_000 }, [[22, 4], TWO_32 - 60_250], [[21, 4], TWO_32 - 250]);
    expect([startOf(row), endOf(row)]).toEqual([start, end]);
    const [five] = new Rig().flowsOf(
      netflow5({ uptimeMs: 1_000 }, { firstMs: TWO_32 - 60_250, lastMs: TWO_32 - 250 }),
    );
    expect([startOf(five!), endOf(five!)]).toEqual([start, end]);
  });

  test('the finest of several encodings; a zero says nothing', () => {
    const row = inIpfix([[150, 4], 5], [[152, 8], start], [[153, 8], 0], [[151, 4], Math.floor(end / 1000)]);
    expect([startOf(row), endOf(row)]).toEqual([start, Math.floor(end / 1000) * 1000]);
  });

  test('an event’s time is its end', () => {
    expect(endOf(inIpfix([[323, 8], end]))).toBe(end);
    expect(endOf(inIpfix([[322, 4], Math.floor(end / 1000)]))).toBe(Math.floor(end / 1000) * 1000);
  });

  test('an end before the start gives no negative duration', () => {
    expect(inIpfix([[152, 8], end], [[153, 8], start]).duration_ms).toBe(0);
  });

  test('a flow that ends after it was received has a negative lag', () => {
    expect(inIpfix([[152, 8], NOON], [[153, 8], NOON + 5_000]).end_lag_ms).toBe(-5_000);
  });
});

describe('times that are not there', () => {
  test('are the time of receipt, and the row says so', () => {
    const row = inIpfix([[1, 4], 1]);
    expect(row).toMatchObject({
      timestamp: NOON / 1000,
      end_lag_ms: 0,
      duration_ms: 0,
      record_flags: RecordFlag.noTimes,
    });
  });

  test('record by record, where the field is there and zero', () => {
    const fields = [
      [152, 8],
      [153, 8],
    ] as const;
    const rows = new Rig().flowsOf(
      ipfix(
        {},
        set(2, template(256, fields)),
        set(256, record(fields, [0, 0]), record(fields, [NOON - 10, NOON])),
      ),
    );
    expect(rows.map(flags)).toEqual([RecordFlag.noTimes, 0]);
    expect(rows.map((row) => row.duration_ms)).toEqual([0, 10]);
  });

  test('or that no calendar has: they are not believed', () => {
    expect(flags(inIpfix([[152, 8], 2n ** 63n], [[153, 8], 2n ** 64n - 1n]))).toBe(RecordFlag.noTimes);
  });

  test('a duration alone is kept', () => {
    expect(inIpfix([[161, 4], 700])).toMatchObject({ duration_ms: 700, record_flags: RecordFlag.noTimes });
  });
});

describe('uptimes in IPFIX, whose header has none', () => {
  const boot = NOON - 10 * HOUR;
  const uptimes: readonly Pair[] = [
    [[22, 4], 10 * HOUR - 5_000],
    [[21, 4], 10 * HOUR - 2_000],
  ];

  test('stand on the system’s start of the same record', () => {
    const row = inIpfix([[160, 8], boot], ...uptimes);
    expect([startOf(row), endOf(row), flags(row)]).toEqual([NOON - 5_000, NOON - 2_000, 0]);
  });

  test('stand on the system’s start that options data has told', () => {
    const rig = new Rig();
    rig.send(
      ipfix(
        {},
        set(3, optionsTemplate10(300, [[149, 4]], [[160, 8]])),
        set(
          300,
          record(
            [
              [149, 4],
              [160, 8],
            ],
            [0, boot],
          ),
        ),
      ),
    );
    const [row] = rig.flowsOf(ipfix({ sequence: 1 }, ...sets(10, uptimes)));
    expect([startOf(row!), endOf(row!), flags(row!)]).toEqual([NOON - 5_000, NOON - 2_000, 0]);
  });

  test('also after they have wrapped', () => {
    const old = NOON - TWO_32 - 20_000;
    const row = inIpfix([[160, 8], old], [[22, 4], TWO_32 - 1_000], [[21, 4], 15_000]);
    expect([startOf(row), endOf(row)]).toEqual([NOON - 21_000, NOON - 5_000]);
  });

  test('without it tell a duration alone, and the row says so', () => {
    const row = inIpfix(...uptimes);
    expect(row).toMatchObject({ duration_ms: 3_000, end_lag_ms: 0, record_flags: RecordFlag.relativeTimes });
    expect(inIpfix([[22, 4], TWO_32 - 1_000], [[21, 4], 1_000]).duration_ms).toBe(2_000);
  });

  test('beside times by the calendar are of no account (nProbe)', () => {
    const row = inIpfix(...uptimes, [[152, 8], NOON - 9_000], [[153, 8], NOON - 8_000]);
    expect([startOf(row), endOf(row), flags(row)]).toEqual([NOON - 9_000, NOON - 8_000, 0]);
  });
});

describe('the exporter’s clock', () => {
  test('is measured against ours', () => {
    const rig = new Rig();
    rig.send(netflow9({ exportMs: NOON - 240_000 }, ...sets(9, [[[1, 4], 1]])), { atMs: NOON });
    expect(rig.exporter().clockOffsetMs).toBe(-240_000);
  });

  test.each([
    [-240_000, RecordFlag.clockSkew],
    [240_000, RecordFlag.clockSkew],
    [-9_000, 0],
    [9_000, 0],
  ])('off by %i ms, its flows are flagged with %i', (offset, flag) => {
    const [row] = new Rig().flowsOf(
      ipfix({ exportMs: NOON + offset }, ...sets(10, [[[153, 8], NOON + offset]])),
    );
    expect(flags(row!)).toBe(flag);
  });

  test('a single datagram held up on its way does not make it slow', () => {
    const rig = new Rig();
    for (let i = 0; i < 5; i++) rig.send(ipfix({ exportMs: NOON, sequence: i }, ...sets(10, [[[1, 4], 1]])));
    const [row] = rig.flowsOf(
      ipfix({ exportMs: NOON - 60_000, sequence: 5 }, ...sets(10, [[[153, 8], NOON - 60_000]])),
    );
    expect(flags(row!)).toBe(0);
  });
});
