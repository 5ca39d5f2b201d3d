import { describe, expect, test } from '@jest/globals';
// eslint-disable-next-line no-restricted-imports -- the test reads the samples in place; the registry reads nothing
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ELEMENT_TYPES,
  NETFLOW9_PEN,
  NTOP_PEN,
  REVERSE_PEN,
  allElements,
  elementByName,
  elementByNumber,
  elementName,
  netflow9Field,
  vendorName,
} from './index.ts';
import type { Element } from './index.ts';
import { IANA_ROWS } from './iana.ts';
import { parseRows } from './table.ts';
import { OTHER_VENDORS, VENDORS } from './vendors.ts';

/** [pen, id, name, type] */
type Fact = [number, number, string, Element['type']];

function brief(pen: number, id: number): unknown[] {
  const element = elementByNumber(pen, id);
  return [element?.pen, element?.id, element?.name, element?.type];
}

describe('tables', () => {
  const tables = [
    { name: 'iana', pen: 0, elements: parseRows(0, '', IANA_ROWS) },
    ...VENDORS.map((v) => ({ name: v.name, pen: v.pen, elements: parseRows(v.pen, v.name, v.rows) })),
  ];

  test.each(tables)('$name: numbers and names once, in order, with types we know', ({ elements }) => {
    const ids = elements.map((e) => e.id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    const names = elements.map((e) => e.name);
    expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([]);
    for (const e of elements) {
      expect(ELEMENT_TYPES).toContain(e.type);
      expect(e.id).toBeLessThan(65536);
      expect(e.name).toMatch(/^([a-z0-9]+:)?[A-Za-z][A-Za-z0-9_-]*$/);
    }
  });

  test('vendors have one number and one name each', () => {
    const pens = [...VENDORS.flatMap((v) => [v.pen, ...(v.aliases ?? [])]), ...OTHER_VENDORS.keys()];
    expect(new Set(pens).size).toBe(pens.length);
    const names = [...VENDORS.map((v) => v.name), ...OTHER_VENDORS.values()];
    expect(new Set(names).size).toBe(names.length);
  });

  test('the IANA table has no holes but those of the registry', () => {
    const unnamed = [65, 66, 67, 68, 69, 97, 416, 419];
    for (let id = 105; id < 128; id++) unnamed.push(id);
    const missing = [];
    for (let id = 1; id <= 533; id++) if (!elementByNumber(0, id)) missing.push(id);
    expect(missing).toEqual(unnamed.sort((a, b) => a - b));
  });

  test('a row that cannot be read is refused', () => {
    expect(() => parseRows(1, 'x', '1 name unsigned7')).toThrow('bad element row');
    expect(() => parseRows(1, 'x', 'one name unsigned8')).toThrow('bad element row');
    expect(() => parseRows(1, 'x', '1 name')).toThrow('bad element row');
  });

  test('every element is found by its number and by its name', () => {
    for (const e of allElements()) {
      expect(elementByNumber(e.pen, e.id)).toBe(e);
      expect(elementByName(e.name)?.id).toBe(e.id);
    }
  });
});

describe('elements', () => {
  test.each<Fact>([
    [0, 1, 'octetDeltaCount', 'unsigned64'],
    [0, 27, 'sourceIPv6Address', 'ipv6Address'],
    [0, 56, 'sourceMacAddress', 'macAddress'],
    [0, 95, 'applicationId', 'octetArray'],
    [0, 152, 'flowStartMilliseconds', 'dateTimeMilliseconds'],
    [0, 225, 'postNATSourceIPv4Address', 'ipv4Address'],
    [0, 311, 'samplingProbability', 'float64'],
    [0, 505, 'gtpuFlags', 'unsigned8'],
    [9, 9268, 'cisco:clientRetransmittedPackets', 'unsigned32'],
    [9, 12236, 'cisco:clientIPv4Address', 'ipv4Address'],
    [9, 12235, 'cisco:applicationHttpHost', 'octetArray'],
    [637, 93, 'nokia:natSubscriberString', 'string'],
    [2636, 137, 'juniper:observationDomainCommonProperties', 'unsigned64'],
    [3054, 111, 'ixia:l7ApplicationName', 'string'],
    [3054, 282, 'ixia:tcpRetransmittedPackets', 'unsigned32'],
    [5951, 128, 'citrix:roundTripTime', 'unsigned32'],
    [6871, 33, 'cert:silkAppLabel', 'unsigned16'],
    [6876, 881, 'vmware:tenantSourceIPv4', 'ipv4Address'],
    [8741, 5, 'sonicwall:initiatorIPv4Address', 'ipv4Address'],
    [10704, 8, 'barracuda:bindIPv4Address', 'ipv4Address'],
    [12326, 8, 'barracuda:bindIPv4Address', 'ipv4Address'],
    [12276, 38, 'f5:aclRuleName', 'string'],
    [15397, 11, 'procera:internalRtt', 'signed32'],
    [25461, 56701, 'paloalto:appId', 'string'],
    [26866, 204, 'gigamon:dnsQueryName', 'string'],
    [35632, 118, 'ntop:L7_PROTO', 'unsigned16'],
    [35632, 123, 'ntop:CLIENT_NW_LATENCY_MS', 'unsigned32'],
    [35632, 109, 'ntop:RETRANSMITTED_IN_PKTS', 'unsigned32'],
    [35632, 106, 'ntop:UPSTREAM_TUNNEL_ID', 'unsigned32'],
    [39499, 1, 'flowmon:httpHost', 'string'],
    [45346, 12240, 'velocloud:linkUUID', 'octetArray'],
  ])('%i:%i is %s', (pen, id, name, type) => {
    expect(brief(pen, id)).toEqual([pen, id, name, type]);
  });

  test('units', () => {
    expect(elementByName('octetDeltaCount')?.units).toBe('octets');
    expect(elementByName('ntop:APPL_LATENCY_MS')?.units).toBe('milliseconds');
    expect(elementByName('protocolIdentifier')?.units).toBeUndefined();
  });

  test('reverse elements', () => {
    expect(brief(REVERSE_PEN, 1)).toEqual([29305, 1, 'reverseOctetDeltaCount', 'unsigned64']);
    expect(elementByNumber(REVERSE_PEN, 1)).toBe(elementByNumber(REVERSE_PEN, 1));
    expect(elementByName('reverseOctetDeltaCount')?.pen).toBe(29305);
    expect(brief(6871, 16384 + 14)).toEqual([6871, 16398, 'cert:reverseInitialTCPFlags', 'unsigned16']);
    expect(elementByName('cert:reverseInitialTCPFlags')?.id).toBe(16398);
    expect(elementByName('reverseIPSecSPI')?.id).toBe(295);
    expect(elementByName('cert:reverseFlowDeltaMilliseconds')?.id).toBe(21);
    expect(elementByNumber(REVERSE_PEN, 65)).toBeUndefined();
    expect(elementByName('reverseNothing')).toBeUndefined();
    expect(elementByName('ntop:reverseX')).toBeUndefined();
    expect(elementByName('nothing')).toBeUndefined();
  });
});

describe('NetFlow v9', () => {
  test.each([
    [1, 0, 1, 'octetDeltaCount'],
    [233, 0, 233, 'firewallEvent'],
    [65, NETFLOW9_PEN, 65, 'netflow9:flowFlags'],
    [8192, NETFLOW9_PEN, 8192, 'netflow9:streamcoreWanRoundTripTime'],
    [33000, 9, 232, 'cisco:ingressAclId'],
    [33002, 9, 234, 'cisco:firewallExtendedEvent'],
    [33610, NETFLOW9_PEN, 33610, 'netflow9:meterVersion'],
    [34000, 9, 1232, 'cisco:sourceSecurityGroupTag'],
    [37086, 9, 4318, 'cisco:tcpMaximumSegmentSize'],
    [40000, 9, 7232, 'cisco:userName'],
    [40005, 9, 7237, 'cisco:firewallEvent'],
    [42036, 9, 9268, 'cisco:clientRetransmittedPackets'],
    [45003, 9, 12235, 'cisco:applicationHttpHost'],
    [51110, 17163, 51110, 'riverbed:tcpConnectionRoundTripTime'],
    [56701, 25461, 56701, 'paloalto:appId'],
    [56702, 25461, 56702, 'paloalto:userId'],
    [57552, NTOP_PEN, 80, 'ntop:SRC_FRAGMENTS'],
    [57595, NTOP_PEN, 123, 'ntop:CLIENT_NW_LATENCY_MS'],
    [65500, 9, 32732, 'cisco:monitoringIntervalStart'],
  ])('field type %i is (%i, %i), %s', (type, pen, id, name) => {
    expect(netflow9Field(type)).toEqual({ pen, id });
    expect(elementName(0, type, 9)).toBe(name);
    expect(elementName(pen, id, 9)).toBe(name);
  });
});

test('names of unknown elements', () => {
  expect(elementName(6871, 99, 10)).toBe('unknown 6871:99');
  expect(elementName(0, 40999, 9)).toBe('unknown 40999');
  expect(elementName(0, 65, 10)).toBe('unknown 65');
  expect(elementName(NETFLOW9_PEN, 7, 9)).toBe('unknown 7');
  expect(elementName(12356, 1, 10)).toBe('unknown 12356:1');
  expect(elementName(REVERSE_PEN, 2, 10)).toBe('reversePacketDeltaCount');
});

test('names of vendors', () => {
  expect([0, 9, 12326, 12356, 29305, 99999].map(vendorName)).toEqual([
    'iana',
    'cisco',
    'barracuda',
    'fortinet',
    'reverse',
    '99999',
  ]);
});

/** The fields of all template sets in one datagram, as (version, pen, id). */
function templateFields(data: Buffer): [9 | 10, number, number][] {
  const fields: [9 | 10, number, number][] = [];
  const version = data.length > 20 ? data.readUInt16BE(0) : 0;
  if (version !== 9 && version !== 10) return fields;
  let at = version === 9 ? 20 : 16;
  while (at + 4 <= data.length) {
    const set = data.readUInt16BE(at);
    const end = Math.min(at + data.readUInt16BE(at + 2), data.length);
    if (end < at + 4) break;
    const options = set === 1 || set === 3;
    let p = at + 4;
    while (set <= 3 && p + 4 <= end && data.readUInt16BE(p) >= 256) {
      let count = data.readUInt16BE(p + 2);
      let scopes = 0;
      p += 4;
      if (options && p + 2 > end) break;
      if (set === 1) {
        scopes = count / 4;
        count = scopes + data.readUInt16BE(p) / 4;
        p += 2;
      } else if (set === 3) p += 2;
      for (let i = 0; i < count && p + 4 <= end; i++) {
        let id = data.readUInt16BE(p);
        let pen = 0;
        p += 4;
        if (version === 10 && id >= 32768 && p + 4 <= end) {
          id -= 32768;
          pen = data.readUInt32BE(p);
          p += 4;
        }
        // The scope fields of v9 options have a numbering of their own.
        if (i >= scopes) fields.push([version, pen, id]);
      }
    }
    at = end;
  }
  return fields;
}

const samples = join(import.meta.dirname, '../../../../shared/samples/netflow');

test('real templates: 95 % of the elements are named', () => {
  if (!existsSync(samples)) {
    process.stdout.write('elements: ../shared/samples is absent, real templates are not tested\n');
    return;
  }
  const named = new Set<string>();
  const unnamed = new Set<string>();
  for (const file of readdirSync(samples).filter((f) => f.endsWith('.dat'))) {
    for (const [version, pen, id] of templateFields(readFileSync(join(samples, file)))) {
      const name = elementName(pen, id, version);
      (name.startsWith('unknown') ? unnamed : named).add(`v${version} ${pen}:${id} ${name}`);
    }
  }
  const all = named.size + unnamed.size;
  expect(all).toBeGreaterThan(100);
  expect(named.size / all).toBeGreaterThanOrEqual(0.95);
  // Field type 0 is padding in the templates of one exporter (H3C) and a fault in another's; all others have names.
  expect([...unnamed]).toEqual(['v9 0:0 unknown 0']);
});
