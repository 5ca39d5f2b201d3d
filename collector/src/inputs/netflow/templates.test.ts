import { describe, expect, test } from '@jest/globals';
import { RecordFlag } from '@weir/core';
import {
  FLOW,
  VARIABLE,
  flow,
  ipfix,
  netflow9,
  optionsTemplate10,
  optionsTemplate9,
  record,
  set,
  template,
  withdrawal,
} from './testing/datagrams.ts';
import { NOON, Rig } from './testing/rig.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Both protocols where they do the same, and how each announces a template. */
const PROTOCOLS = [
  { name: 'NetFlow v9', datagram: netflow9, templates: 0 },
  { name: 'IPFIX', datagram: ipfix, templates: 2 },
];

const bytesOf = (rows: readonly { bytes_in: unknown }[]): unknown[] => rows.map((row) => row.bytes_in);

describe.each(PROTOCOLS)('templates of $name', ({ datagram, templates }) => {
  const announce = set(templates, template(256, FLOW));

  test('decode the data that follows, in the same datagram and in later ones', () => {
    const rig = new Rig();
    expect(bytesOf(rig.flowsOf(datagram({}, announce, set(256, flow(1), flow(2)))))).toEqual([1, 2]);
    expect(bytesOf(rig.flowsOf(datagram({ sequence: 2 }, set(256, flow(3)))))).toEqual([3]);
  });

  test('several in one set, several sets of one template', () => {
    const rig = new Rig();
    const short = [[8, 4]] as const;
    const both = set(templates, template(256, FLOW), template(257, short));
    const rows = rig.flowsOf(
      datagram({}, both, set(256, flow(1)), set(257, record(short, ['10.9.9.9'])), set(256, flow(2))),
    );
    expect(rows.map((row) => row.source_ip)).toEqual(['10.0.0.1', '10.9.9.9', '10.0.0.1']);
  });

  test('belong to the exporter’s address, whatever port it sends from', () => {
    const rig = new Rig();
    rig.send(datagram({}, announce), { port: 1000 });
    expect(rig.flowsOf(datagram({}, set(256, flow(1))), { port: 2000 })).toHaveLength(1);
  });

  test('of one exporter are nothing to another', () => {
    const rig = new Rig();
    rig.send(datagram({}, announce), { from: '192.0.2.1' });
    expect(rig.flowsOf(datagram({}, set(256, flow(1))), { from: '192.0.2.2' })).toHaveLength(0);
    expect(rig.exporter('192.0.2.2').ledger.recordsWaiting).toBeGreaterThan(0);
  });

  test('belong to their observation domain', () => {
    const rig = new Rig();
    rig.send(datagram({ domain: 1 }, announce));
    rig.send(datagram({ domain: 2 }, set(templates, template(256, [[8, 4]]))));
    expect(rig.flowsOf(datagram({ domain: 1 }, set(256, flow(7))))[0]).toMatchObject({
      bytes_in: 7,
      observation_domain: 1,
    });
    expect(rig.flowsOf(datagram({ domain: 2 }, set(256, record([[8, 4]], ['10.1.1.1']))))[0]).toMatchObject({
      source_ip: '10.1.1.1',
      bytes_in: 0,
      observation_domain: 2,
    });
  });

  test('announced anew with another layout hold from there on', () => {
    const rig = new Rig();
    const other = [[12, 4]] as const;
    const rows = rig.flowsOf(
      datagram(
        {},
        announce,
        set(256, flow(5)),
        set(templates, template(256, other)),
        set(256, record(other, ['10.7.7.7'])),
      ),
    );
    expect(rows.map((row) => [row.bytes_in, row.destination_ip])).toEqual([
      [5, '10.0.0.2'],
      [0, '10.7.7.7'],
    ]);
  });

  test('announced again unchanged are no change', () => {
    const rig = new Rig();
    rig.send(datagram({}, announce));
    const { changes } = rig.decoder;
    rig.send(datagram({}, announce));
    expect(rig.decoder.changes).toBe(changes);
    expect(rig.exporter().templateCount).toBe(1);
  });

  test('are forgotten when neither announced nor used for a day, not before', () => {
    const rig = new Rig();
    rig.send(datagram({}, announce), { atMs: NOON });
    rig.send(datagram({ sequence: 1 }, set(256, flow(1))), { atMs: NOON + 20 * HOUR });
    rig.sweep(NOON + 30 * HOUR);
    expect(rig.exporter().templateCount).toBe(1);
    rig.sweep(NOON + 45 * HOUR);
    expect(rig.exporter().templateCount).toBe(0);
    expect(rig.decoder.templateCount).toBe(0);
    expect(rig.flowsOf(datagram({}, set(256, flow(1))), { atMs: NOON + 45 * HOUR })).toHaveLength(0);
  });

  test('push out their own exporter’s least used ones beyond the limit', () => {
    const rig = new Rig({ templatesPerExporter: 8 });
    rig.send(datagram({}, announce), { atMs: NOON });
    for (let i = 1; i <= 40; i++) {
      rig.send(datagram({}, set(templates, template(256 + i, FLOW))), { atMs: NOON + i * 1000 });
      rig.send(datagram({}, set(256, flow(1))), { atMs: NOON + i * 1000 + 1 });
    }
    expect(rig.exporter().templateCount).toBe(8);
    expect(rig.decoder.templateCount).toBe(8);
    expect(rig.flowsOf(datagram({}, set(256, flow(9))))).toHaveLength(1);
  });

  test('find room in another of the exporter’s domains', () => {
    const rig = new Rig({ templatesPerExporter: 4 });
    for (let i = 0; i < 4; i++) rig.send(datagram({ domain: 1 }, set(templates, template(300 + i, FLOW))));
    expect(rig.flowsOf(datagram({ domain: 2 }, announce, set(256, flow(1))))).toHaveLength(1);
  });

  test.each([
    ['with an id below 256', template(255, FLOW), 'template_bad_id'],
    ['without a byte in a record', template(256, [[8, 0]]), 'template_empty'],
    ['cut short', template(256, FLOW).subarray(0, 20), 'template_truncated'],
    [
      'with more fields than are believed',
      template(256, new Array(600).fill([1, 1])),
      'template_too_many_fields',
    ],
  ] as const)('%s are refused, and the rest of the datagram is decoded', (_, bad, reason) => {
    const rig = new Rig();
    const rows = rig.flowsOf(
      datagram({}, set(templates, bad), set(templates, template(300, FLOW)), set(300, flow(3))),
    );
    expect(bytesOf(rows)).toEqual([3]);
    expect(rig.exporter().ledger.setsMalformed[reason]).toBe(1);
  });

  test('may be followed by padding in their set', () => {
    const rig = new Rig();
    expect(
      rig.flowsOf(datagram({}, set(templates, template(256, FLOW), [0, 0, 0, 0]), set(256, flow(1)))),
    ).toHaveLength(1);
    expect(rig.exporter().ledger.setsMalformed).toEqual(new Rig().exporter().ledger.setsMalformed);
  });
});

describe('withdrawal (RFC 7011 section 8.1)', () => {
  const options = optionsTemplate10(300, [[149, 4]], [[34, 4]]);

  test('of one template: its data waits from there on, others’ does not', () => {
    const rig = new Rig();
    rig.send(ipfix({}, set(2, template(256, FLOW), template(257, FLOW))));
    rig.send(ipfix({}, set(2, withdrawal(256))));
    expect(rig.flowsOf(ipfix({}, set(256, flow(1)), set(257, flow(2))))).toHaveLength(1);
    expect(rig.exporter().templateCount).toBe(1);
  });

  test('of all templates, which spares the options templates', () => {
    const rig = new Rig();
    rig.send(ipfix({}, set(2, template(256, FLOW), template(257, FLOW)), set(3, options)));
    rig.send(ipfix({}, set(2, withdrawal(2))));
    expect(rig.exporter().templateCount).toBe(1);
    rig.send(ipfix({}, set(3, withdrawal(3))));
    expect(rig.exporter().templateCount).toBe(0);
  });

  test('and a new template of the same id, in one set', () => {
    const rig = new Rig();
    rig.send(ipfix({}, set(2, template(256, [[8, 4]]))));
    expect(
      rig.flowsOf(ipfix({}, set(2, withdrawal(256), template(256, FLOW)), set(256, flow(4)))),
    ).toHaveLength(1);
  });

  test('of what was never announced changes nothing', () => {
    const rig = new Rig();
    rig.send(ipfix({}, set(2, withdrawal(999), withdrawal(2)), set(3, withdrawal(3))));
    expect(rig.send(ipfix({}, set(2, template(256, FLOW)), set(256, flow(1))))).toEqual({
      kind: 'decoded',
      flows: 1,
    });
  });
});

describe.each(PROTOCOLS)('data of $name that comes before its template', ({ datagram, templates }) => {
  const announce = set(templates, template(256, FLOW));

  test('in the same datagram is decoded, and flagged', () => {
    const [row] = new Rig().flowsOf(datagram({}, set(256, flow(8)), announce));
    expect(row).toMatchObject({ bytes_in: 8, record_flags: RecordFlag.noTimes | RecordFlag.lateTemplate });
  });

  test('in earlier datagrams is kept with its own time, and decoded when the template comes', () => {
    const rig = new Rig();
    rig.send(datagram({}, set(256, flow(1), flow(2))), { atMs: NOON });
    rig.send(datagram({ sequence: 2 }, set(256, flow(3))), { atMs: NOON + MINUTE });
    expect(rig.exporter().pendingBytes).toBeGreaterThan(0);
    const rows = rig.flowsOf(datagram({ sequence: 3 }, announce), { atMs: NOON + 2 * MINUTE });
    expect(rows.map((row) => [row.bytes_in, row.timestamp])).toEqual([
      [1, NOON / 1000],
      [2, NOON / 1000],
      [3, NOON / 1000 + 60],
    ]);
    expect(rig.exporter().ledger).toMatchObject({ recordsWaiting: 0, flows: 3 });
    expect(rig.exporter().pendingBytes).toBe(0);
    expect(rig.decoder.pendingBytes).toBe(0);
  });

  test('does not keep the rest of its datagram waiting', () => {
    const rig = new Rig();
    rig.send(datagram({}, announce));
    expect(bytesOf(rig.flowsOf(datagram({}, set(999, flow(1)), set(256, flow(2)))))).toEqual([2]);
  });

  test('is lost for want of its template after half an hour', () => {
    const rig = new Rig();
    rig.send(datagram({}, set(256, flow(1))), { atMs: NOON });
    const waiting = rig.exporter().ledger.recordsWaiting;
    rig.sweep(NOON + 29 * MINUTE);
    expect(rig.exporter().ledger.recordsWaiting).toBe(waiting);
    rig.sweep(NOON + 31 * MINUTE);
    expect(rig.exporter().ledger).toMatchObject({ recordsWaiting: 0 });
    expect(rig.exporter().ledger.recordsLost.template_missing).toBe(waiting);
    expect(rig.decoder.pendingBytes).toBe(0);
  });

  test('is bounded in bytes: the oldest gives way, of any domain', () => {
    const rig = new Rig({ pendingBytesPerExporter: 4096 });
    for (let i = 0; i < 100; i++)
      rig.send(datagram({ domain: i % 3 }, set(256, flow(i))), { atMs: NOON + i });
    expect(rig.exporter().pendingBytes).toBeLessThanOrEqual(4096);
    const newest = rig.flowsOf(datagram({ domain: 0 }, announce), { atMs: NOON + 200 });
    expect(bytesOf(newest)).toContain(99);
    expect(bytesOf(newest)).not.toContain(0);
  });

  test('is bounded over all exporters', () => {
    const rig = new Rig({ pendingBytes: 2048 });
    for (let i = 0; i < 50; i++) rig.send(datagram({}, set(256, flow(i))), { from: `192.0.2.${i}` });
    expect(rig.decoder.pendingBytes).toBeLessThanOrEqual(2048);
  });

  test('counts tiny sets for what they take, not for their bytes', () => {
    const rig = new Rig({ pendingBytesPerExporter: 100_000 });
    for (let i = 0; i < 1000; i++) rig.send(datagram({}, set(256 + i, [1])));
    const [domain] = rig.exporter().domains.values();
    expect(domain!.pending.length).toBeLessThan(400);
  });
});

describe('options templates', () => {
  test('of v9 tell the lengths of scope and options in bytes; padding follows', () => {
    const rig = new Rig();
    const scope = [[1, 4]] as const;
    const options = [
      [34, 4],
      [35, 1],
    ] as const;
    rig.send(
      netflow9(
        {},
        set(1, optionsTemplate9(257, scope, options), [0, 0]),
        set(257, record([...scope, ...options], ['10.0.0.9', 100, 1]), [0, 0, 0]),
      ),
    );
    const [domain] = rig.exporter().domains.values();
    expect(domain!.samplingRate).toBe(100);
    expect(rig.exporter().ledger.optionsRecords).toBe(1);
  });

  test('of v9 may have a scope of no length (Juniper SRX)', () => {
    const rig = new Rig();
    rig.send(netflow9({}, set(1, optionsTemplate9(257, [[1, 0]], [[34, 4]])), set(257, [0, 0, 0, 7])));
    expect([...rig.exporter().domains.values()][0]!.samplingRate).toBe(7);
  });

  test('of IPFIX tell counts, may use enterprise elements and variable lengths', () => {
    const rig = new Rig();
    const scope = [[10, 4]] as const;
    const options = [
      [1, 4, 9999],
      [82, VARIABLE],
    ] as const;
    rig.send(
      ipfix(
        {},
        set(3, optionsTemplate10(257, scope, options)),
        set(257, record([...scope, ...options], [17, 1, 'xe-0/0/1'])),
      ),
    );
    expect(rig.exporter().interfaces.get(17)?.name).toBe('xe-0/0/1');
  });

  test('give no flows, and turn into templates of flows when announced so', () => {
    const rig = new Rig();
    rig.send(
      ipfix({}, set(3, optionsTemplate10(256, [[149, 4]], [[34, 4]])), set(256, [0, 0, 0, 1, 0, 0, 0, 10])),
    );
    expect(rig.exporter().ledger).toMatchObject({ flows: 0, optionsRecords: 1 });
    expect(rig.flowsOf(ipfix({ sequence: 1 }, set(2, template(256, FLOW)), set(256, flow(1))))).toHaveLength(
      1,
    );
  });
});
