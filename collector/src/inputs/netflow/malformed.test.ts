import { describe, expect, test } from '@jest/globals';
import {
  FLOW,
  VARIABLE,
  flow,
  ipfix,
  join,
  netflow5,
  netflow9,
  number,
  record,
  set,
  template,
} from './testing/datagrams.ts';
import { Rig } from './testing/rig.ts';

const PROTOCOLS = [
  { name: 'NetFlow v9', datagram: netflow9, templates: 0 },
  { name: 'IPFIX', datagram: ipfix, templates: 2 },
];

const reasons = (rig: Rig): Record<string, number> =>
  Object.fromEntries(Object.entries(rig.exporter().ledger.setsMalformed).filter(([, count]) => count > 0));

describe('datagrams refused whole', () => {
  test.each([
    ['nothing', [], 'too_short'],
    ['three bytes', [0, 9, 0], 'too_short'],
    ['a header of v5 cut short', netflow5({}).subarray(0, 23), 'too_short'],
    ['a header of v9 cut short', netflow9({}).subarray(0, 19), 'too_short'],
    ['a header of IPFIX cut short', ipfix({}).subarray(0, 15), 'too_short'],
    ['another version', [0, 7, 0, 0], 'unknown_version'],
    ['sFlow', [0, 0, 0, 5, 0, 0, 0, 1], 'unknown_version'],
    ['text', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'), 'unknown_version'],
    ['v5 without a record', netflow5({}), 'no_records'],
    ['v5 whose record is cut short', netflow5({}, {}).subarray(0, 71), 'no_records'],
    [
      'IPFIX shorter than its header by its own word',
      ipfix({ says: 15 }, set(2, template(256, FLOW))),
      'bad_length',
    ],
  ] as const)('%s', (_, datagram, reason) => {
    const rig = new Rig();
    expect(rig.send(join(datagram))).toEqual({ kind: 'refused', reason });
    expect(rig.exporter().ledger.datagramsRefused[reason]).toBe(1);
    expect(rig.exporter().ledger).toMatchObject({ flows: 0, recordsAnnounced: 0, datagramsDecoded: 0 });
  });
});

describe('a count in v5’s header is not believed', () => {
  test('beyond what the datagram holds', () => {
    const rig = new Rig();
    expect(rig.flowsOf(netflow5({ says: 65535 }, { bytes: 1 }, { bytes: 2 }))).toHaveLength(2);
    expect(reasons(rig)).toEqual({ count_too_large: 1 });
    expect(rig.exporter().ledger).toMatchObject({ flows: 2, recordsAnnounced: 30 });
    expect(rig.exporter().ledger.recordsLost.malformed).toBe(28);
  });

  test('nor are records beyond it', () => {
    expect(new Rig().flowsOf(netflow5({ says: 1 }, { bytes: 1 }, { bytes: 2 }))).toHaveLength(1);
  });
});

describe('a count in v9’s header is not believed', () => {
  test.each([0, 1, 2, 65535])('%i, and two records in the datagram', (says) => {
    const rig = new Rig();
    rig.send(netflow9({}, set(0, template(256, FLOW))));
    expect(rig.flowsOf(netflow9({ says }, set(256, flow(1), flow(2))))).toHaveLength(2);
    expect(rig.exporter().ledger).toMatchObject({ flows: 2, recordsAnnounced: 2 });
  });

  test('where the data waits: at most as many as it has bytes', () => {
    const rig = new Rig();
    rig.send(netflow9({ says: 65535 }, set(256, [1, 2, 3, 4])));
    expect(rig.exporter().ledger.recordsWaiting).toBe(4);
  });
});

describe('the length of an IPFIX message', () => {
  const content = [set(2, template(256, FLOW)), set(256, flow(1), flow(2))];

  test('larger than the datagram: what came is decoded', () => {
    const rig = new Rig();
    expect(rig.flowsOf(ipfix({ says: 1400 }, ...content))).toHaveLength(2);
    expect(reasons(rig)).toEqual({ set_truncated: 1 });
  });

  test('that forgets padding: the last set is decoded', () => {
    const whole = ipfix({}, ...content);
    expect(new Rig().flowsOf(ipfix({ says: whole.length - 2 }, ...content))).toHaveLength(2);
  });

  test('smaller than the datagram: what follows is none of it', () => {
    const rig = new Rig();
    const whole = ipfix({}, ...content);
    expect(rig.flowsOf(join(whole, set(256, flow(3))))).toHaveLength(2);
    expect(reasons(rig)).toEqual({});
  });
});

describe.each(PROTOCOLS)('sets of $name', ({ datagram, templates }) => {
  const announce = set(templates, template(256, FLOW));

  test.each([0, 1, 2, 3])('of length %i end the datagram; what came before is decoded', (length) => {
    const rig = new Rig();
    const bad = join(number(256, 2), number(length, 2));
    expect(rig.flowsOf(datagram({}, announce, set(256, flow(1)), bad, set(256, flow(2))))).toHaveLength(1);
    expect(reasons(rig)).toEqual({ set_bad_length: 1 });
    expect(rig.exporter().ledger.recordsLost.malformed).toBeGreaterThan(0);
  });

  test('that run over the end are not decoded, those before are', () => {
    const rig = new Rig();
    const whole = datagram({}, announce, set(256, flow(1)), set(256, flow(2), flow(3)));
    expect(rig.flowsOf(whole.subarray(0, whole.length - 1))).toHaveLength(1);
    expect(reasons(rig).set_truncated).toBeGreaterThan(0);
  });

  test.each([4, 5, 100, 255])('with the reserved id %i are passed over', (id) => {
    const rig = new Rig();
    expect(rig.flowsOf(datagram({}, announce, set(id, flow(9)), set(256, flow(1))))).toHaveLength(1);
    expect(reasons(rig)).toEqual({ set_reserved_id: 1 });
  });

  test('followed by zeros to the end of the datagram are whole (Palo Alto)', () => {
    const rig = new Rig();
    expect(rig.flowsOf(datagram({}, announce, set(256, flow(1)), new Uint8Array(1000)))).toHaveLength(1);
    expect(reasons(rig)).toEqual({});
    expect(rig.exporter().ledger.recordsLost.malformed).toBe(0);
  });

  test('empty are no error', () => {
    const rig = new Rig();
    expect(
      rig.flowsOf(datagram({}, announce, set(256), set(999), set(templates), set(256, flow(1)))),
    ).toHaveLength(1);
    expect(reasons(rig)).toEqual({});
  });

  test('shorter than a record hold none', () => {
    const rig = new Rig();
    expect(rig.flowsOf(datagram({}, announce, set(256, flow(1).subarray(0, 10))))).toHaveLength(0);
    expect(reasons(rig)).toEqual({ record_truncated: 1 });
  });

  test('a few stray bytes after the last', () => {
    const rig = new Rig();
    expect(rig.flowsOf(datagram({}, announce, set(256, flow(1)), join([1, 2, 3])))).toHaveLength(1);
    expect(reasons(rig)).toEqual({ set_truncated: 1 });
  });
});

describe('records of variable length', () => {
  const fields = [
    [1, 4],
    [82, VARIABLE],
    [2, 4],
  ] as const;
  const announce = set(2, template(256, fields));
  const whole = record(fields, [1, 'eth0', 2]);

  test.each([
    ['runs over the end of its set', [0, 0, 0, 9, 200, 1, 2, 3, 4, 5]],
    ['announces a long length that is not there', [0, 0, 0, 9, 255, 1, 2, 3, 4]],
    ['ends within the fields that follow', [0, 0, 0, 9, 4, 1, 2, 3, 4, 0]],
    ['has 65535 bytes by its own word', [0, 0, 0, 9, 255, 255, 255, 0, 0]],
  ])('one that %s is not a flow; those before it are', (_, bad) => {
    const rig = new Rig();
    expect(rig.flowsOf(ipfix({}, announce, set(256, whole, whole, bad)))).toHaveLength(2);
    expect(reasons(rig)).toEqual({ record_truncated: 1 });
    expect(rig.exporter().ledger).toMatchObject({ flows: 2, recordsAnnounced: 3 });
  });

  test('of the next set are not drawn in', () => {
    const rig = new Rig();
    const rows = rig.flowsOf(ipfix({}, announce, set(256, [0, 0, 0, 9, 20]), set(256, whole)));
    expect(rows.map((row) => row.bytes_in)).toEqual([1]);
  });

  test('as many as there are bytes, where a record is an empty text', () => {
    const rig = new Rig({}, {}, 70_000);
    const text = [[82, VARIABLE]] as const;
    expect(rig.send(ipfix({}, set(2, template(256, text)), set(256, new Uint8Array(60_000))))).toEqual({
      kind: 'decoded',
      flows: 60_000,
    });
  });
});
