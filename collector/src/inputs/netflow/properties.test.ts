import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join as path } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressWords } from '@weir/core';
import { Exporters } from './exporters.ts';
import {
  FLOW,
  type FieldSpec,
  VARIABLE,
  encode,
  flow,
  ipfix,
  join,
  netflow5,
  netflow9,
  number,
  optionsTemplate10,
  optionsTemplate9,
  record,
  set,
  template,
  withdrawal,
} from './testing/datagrams.ts';
import { expectedRow, knownElements, referenceColumns, toHex } from './testing/reference.ts';
import { NOON, Rig } from './testing/rig.ts';

const SAMPLES = path(import.meta.dirname, '../../../../../shared/samples/netflow');

/** A field of a template: mostly one that has a column, sometimes one that nobody knows. */
const field: fc.Arbitrary<FieldSpec> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .constantFrom(...knownElements)
      .chain(({ pen, id, lengths }) =>
        fc
          .constantFrom(...lengths)
          .map((length): FieldSpec => (pen === 0 ? [id, length] : [id, length, pen])),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.integer({ min: 500, max: 32767 }), fc.constantFrom(0, 1, 3, 20, VARIABLE)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.integer({ min: 0, max: 32767 }),
      fc.constantFrom(0, 2, VARIABLE),
      fc.constant(424_242),
    ),
  },
);

/** Bytes of a value: often zero, often small, so that the rules about zeros are tried. */
function value([, length]: FieldSpec): fc.Arbitrary<Uint8Array> {
  const size =
    length === VARIABLE ? { minLength: 0, maxLength: 300 } : { minLength: length, maxLength: length };
  return fc.oneof(
    fc.constant(new Uint8Array(size.minLength)),
    fc.uint8Array({ ...size, max: 3 }),
    fc.uint8Array({ ...size, min: 0x41, max: 0x5a }),
    fc.uint8Array(size),
  );
}

const layouts = fc
  .array(field, { minLength: 1, maxLength: 14 })
  .filter((fields) => fields.some(([, length]) => length > 0 && length !== VARIABLE));
const sets = layouts.chain((fields) =>
  fc.tuple(fc.constant(fields), fc.array(fc.tuple(...fields.map(value)), { minLength: 1, maxLength: 6 })),
);

describe('random templates and records', () => {
  test('read as a slow and plain reading of the standard reads them', () => {
    fc.assert(
      fc.property(
        fc.array(sets, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (templates, templatesFirst) => {
          const announced = set(2, ...templates.map(([fields], i) => template(256 + i, fields)));
          const data = templates.map(([fields, records], i) =>
            set(256 + i, ...records.map((values) => record(fields, values))),
          );
          const rig = new Rig();
          const datagram = templatesFirst ? ipfix({}, announced, ...data) : ipfix({}, ...data, announced);
          if (datagram.length > 65_535) return;
          const rows = rig.flowsOf(datagram);
          const expected = templates.flatMap(([fields, records]) =>
            records.map((values) => expectedRow(fields, values)),
          );
          expect(rows).toHaveLength(expected.length);
          rows.forEach((row, r) => {
            for (const column of referenceColumns) {
              const ours = row[column];
              const shown =
                column.endsWith('_ip') || column === 'next_hop'
                  ? toHex([...new Uint8Array(addressWords(String(ours)).buffer)])
                  : ours;
              expect([column, String(shown)]).toEqual([column, String(expected[r]![column])]);
            }
          });
        },
      ),
      { numRuns: 400 },
    );
  });
});

/** Datagrams of every kind, to be damaged. */
function specimens(): Uint8Array[] {
  const texts: readonly FieldSpec[] = [
    [1, 4],
    [82, VARIABLE],
    [152, 8],
    [302, 8],
    [95, VARIABLE],
  ];
  const text = record(texts, [1, 'eth0', NOON, 5, new Uint8Array([13, 0, 1])]);
  const specimens: Uint8Array[] = [
    netflow5({}, {}, { protocol: 1 }, {}),
    netflow9({}, set(0, template(256, FLOW)), set(256, flow(1), flow(2), flow(3))),
    netflow9({}, set(256, flow(4)), set(999, flow(5))),
    netflow9(
      {},
      set(
        1,
        optionsTemplate9(
          300,
          [[1, 4]],
          [
            [48, 1],
            [34, 4],
          ],
        ),
      ),
      set(300, new Uint8Array(9).fill(1)),
    ),
    ipfix({}, set(2, template(257, texts)), set(257, text, text, text)),
    ipfix(
      {},
      set(
        3,
        optionsTemplate10(
          301,
          [[10, 4]],
          [
            [82, VARIABLE],
            [160, 8],
          ],
        ),
      ),
      set(301, [0, 0, 0, 1, 2, 0x61, 0x62], number(NOON, 8)),
    ),
    ipfix({}, set(2, withdrawal(257), withdrawal(2)), set(257, text)),
  ];
  if (existsSync(SAMPLES))
    for (const file of readdirSync(SAMPLES).sort())
      if (file.endsWith('.dat')) specimens.push(readFileSync(path(SAMPLES, file)));
  return specimens.map((datagram) => new Uint8Array(datagram));
}

type Damage = (datagram: Uint8Array) => Uint8Array;

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })).map(([at, bit]): Damage => (bytes) => {
    const out = bytes.slice();
    if (out.length > 0) out[at % out.length]! ^= 1 << bit;
    return out;
  }),
  fc.nat().map(
    (at): Damage =>
      (bytes) =>
        bytes.slice(0, at % (bytes.length + 1)),
  ),
  fc
    .tuple(fc.nat(), fc.constantFrom(0, 1, 2, 3, 4, 5, 255, 256, 257, 0x7fff, 0x8000, 65534, 65535))
    .map(([at, word]): Damage => (bytes) => {
      // Counts and lengths stand on even places.
      const out = bytes.slice();
      const where = 2 * (at % Math.max(1, out.length >> 1));
      if (where + 1 < out.length) out.set(number(word, 2), where);
      return out;
    }),
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map(([from, to, where]): Damage => (bytes) => {
    const a = from % (bytes.length + 1);
    const b = Math.min(bytes.length, a + (to % 64));
    const at = where % (bytes.length + 1);
    return join(bytes.subarray(0, at), bytes.subarray(a, b), bytes.subarray(at));
  }),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 40 })).map(([where, noise]): Damage => (bytes) => {
    const at = where % (bytes.length + 1);
    return join(bytes.subarray(0, at), noise, bytes.subarray(at));
  }),
);

describe('whatever comes', () => {
  const all = specimens();

  test('neither throws nor hangs, gives no more records than it has bytes, and the ledger balances', () => {
    const rig = new Rig(
      { templatesPerExporter: 64, domainsPerExporter: 8, pendingBytesPerExporter: 8_000 },
      {},
      12_000,
    );
    // The rig checks after each datagram: both identities, and that rows beyond the last are zero.
    fc.assert(
      fc.property(
        fc.nat({ max: all.length - 1 }),
        fc.array(damage, { maxLength: 5 }),
        fc.nat({ max: 3 }),
        (which, damages, from) => {
          const datagram = damages.reduce((bytes, apply) => apply(bytes), all[which]!).subarray(0, 65_507);
          const exporter = rig.exporter(`192.0.2.${from}`);
          const waiting = exporter.pendingBytes;
          const outcome = rig.send(datagram, { from: exporter.address });
          const flows = outcome.kind === 'decoded' ? outcome.flows : 0;
          expect(flows).toBeLessThanOrEqual(datagram.length + waiting);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test('of random bytes behind a good header', () => {
    const rig = new Rig();
    fc.assert(
      fc.property(
        fc.constantFrom(5, 9, 10),
        fc.uint8Array({ maxLength: 400, max: 255 }),
        (version, noise) => {
          const datagram = join(
            version === 10 ? [0, 10, ...number(noise.length + 4, 2)] : [0, version, 0, 9],
            noise,
          );
          const outcome = rig.send(datagram);
          expect(outcome.kind === 'decoded' ? outcome.flows : 0).toBeLessThanOrEqual(datagram.length);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('memory is bounded', () => {
  test('under a flood of templates', () => {
    const rig = new Rig({ templatesPerExporter: 100, templates: 150 });
    for (let i = 0; i < 300; i++) {
      const many = Array.from({ length: 20 }, (_, k) =>
        template(256 + ((i * 20 + k) % 60_000), [
          [8, 4],
          [i % 500, 4],
        ]),
      );
      rig.send(netflow9({ domain: i % 7 }, set(0, ...many)), { from: `192.0.2.${i % 2}` });
    }
    expect(rig.exporter('192.0.2.0').templateCount).toBeLessThanOrEqual(100);
    expect(rig.decoder.templateCount).toBeLessThanOrEqual(150);
    const domains = [...rig.exporters].flatMap((exporter) => [...exporter.domains.values()]);
    expect(domains.reduce((sum, domain) => sum + domain.templates.size, 0)).toBe(rig.decoder.templateCount);
    const good = netflow9({ domain: 99 }, set(0, template(256, FLOW)), set(256, flow(1)));
    expect(rig.flowsOf(good, { from: '192.0.2.0' })).toHaveLength(1);
  });

  test('under a flood of observation domains', () => {
    const rig = new Rig({ domainsPerExporter: 16 });
    for (let i = 0; i < 500; i++)
      rig.send(ipfix({ domain: i }, set(2, template(256, FLOW)), set(300, flow(1))));
    expect(rig.exporter().domains.size).toBeLessThanOrEqual(16);
    expect(rig.exporter().templateCount).toBeLessThanOrEqual(16);
    expect(rig.decoder.templateCount).toBe(rig.exporter().templateCount);
    expect(rig.decoder.pendingBytes).toBe(rig.exporter().pendingBytes);
    expect(rig.exporter().ledger.setsMalformed.domain_limit).toBe(484);
  });

  test('under endless new exporters, of which those that send flows stay', () => {
    const rig = new Rig({ exporters: 50 });
    const good = netflow9({}, set(0, template(256, FLOW)), set(256, flow(1)));
    rig.send(good, { from: '198.51.100.1' });
    for (let i = 0; i < 2_000; i++)
      rig.send(netflow9({}, set(0, template(256, FLOW)), set(999, flow(1))), {
        from: `10.0.${i >> 8}.${i & 255}`,
      });
    expect(rig.exporters.size).toBe(50);
    expect(rig.exporters.forgotten).toBe(1_951);
    rig.sweep(NOON);
    // What the forgotten ones held is no longer counted.
    expect(rig.decoder.templateCount).toBe(50);
    expect(rig.exporter('198.51.100.1').ledger.flows).toBe(1);
  });

  test('where all have sent flows there is no room for another, until one has been silent for a day', () => {
    const rig = new Rig({ exporters: 3 });
    for (let i = 0; i < 3; i++) rig.send(netflow5({}, {}), { from: `10.0.0.${i}`, atMs: NOON + i });
    expect(rig.exporters.at('10.0.0.9', NOON + 10)).toBeUndefined();
    const tomorrow = NOON + 25 * 3_600_000;
    expect(rig.exporters.at('10.0.0.9', tomorrow)?.address).toBe('10.0.0.9');
    expect([...rig.exporters].map((e) => e.address)).not.toContain('10.0.0.0');
  });

  test('an IPv4 address is one exporter, however the socket writes it', () => {
    const exporters = new Exporters(() => ({ name: '', tenantId: '' }), 10);
    expect(exporters.at('::ffff:192.0.2.1', 0)).toBe(exporters.at('192.0.2.1', 0));
    expect(exporters.at('fe80::1%eth0', 0)).toBe(exporters.at('fe80::1', 0));
    expect(exporters.size).toBe(2);
  });
});

describe('addresses', () => {
  test('in text and in words', () => {
    for (const text of [
      '192.0.2.1',
      '0.0.0.0',
      '::',
      '::1',
      '2001:db8::1',
      '2001:db8:0:1:1:1:1:1',
      'fe80::1:0:0:1',
    ])
      expect(toHex([...encode(text, text.includes(':') ? 16 : 4)])).toBe(
        toHex([...new Uint8Array(addressWords(text).buffer)]).slice(text.includes(':') ? 0 : 24),
      );
  });

  test.each(['', '1.2.3', '1.2.3.256', 'a.b.c.d', '1::2::3', ':::', '12345::', '1:2:3:4:5:6:7:8:9', 'g::'])(
    '%j is none',
    (text) => {
      expect(() => addressWords(text)).toThrow('not an address');
    },
  );
});
