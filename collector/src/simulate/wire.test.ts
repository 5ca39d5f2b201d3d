import { describe, expect, test } from '@jest/globals';
import { AS_TRANS } from './encoder.ts';
import type { Emission } from './exporter.ts';
import type { SimulatedExporter } from './exporter.ts';
import { collect, makeExporter, NOON_MS } from './testing/exporters.ts';
import { dissect, hasTshark } from './testing/tshark.ts';
import type { TsharkDatagram, TsharkField } from './testing/tshark.ts';
import { truthFlow } from './truth-flows.ts';
import type { TruthFlow } from './truth-flows.ts';

if (!hasTshark)
  process.stderr.write('tshark is not installed: the wire formats are not checked against it\n');
const describeWithTshark = hasTshark ? describe : describe.skip;

const FLOWS = 400;

/** What the protocol can say of a flow, by the names of the truth. */
type Decoded = Partial<Record<keyof TruthFlow, string | number>>;

function truth(exporter: SimulatedExporter, emissions: readonly Emission[]): TruthFlow[] {
  return emissions.flatMap((emission) =>
    Array.from(exporter.order.subarray(emission.from, emission.to), (row) =>
      truthFlow(exporter, '', emission, exporter.flows, row),
    ),
  );
}

function number(fields: readonly TsharkField[], ...names: string[]): number {
  const field = fields.find((one) => names.includes(one.name) && !one.label.includes('Reverse'));
  return field === undefined ? 0 : parseInt(field.hex, 16);
}

function reverse(fields: readonly TsharkField[], name: string): number {
  const field = fields.find((one) => one.name === name && one.label.includes('Reverse'));
  return field === undefined ? 0 : parseInt(field.hex, 16);
}

function text(fields: readonly TsharkField[], ...names: string[]): string {
  return fields.find((one) => names.includes(one.name))?.show ?? '';
}

function utf8(fields: readonly TsharkField[], name: string): string {
  return Buffer.from(fields.find((one) => one.name === name)?.hex ?? '', 'hex').toString('utf8');
}

/** Milliseconds since 1970 of a time that a NetFlow record has in milliseconds since boot. */
function sinceBoot({ header }: TsharkDatagram, uptime: number): number {
  const atMs = number(header, 'cflow.unix_secs') * 1000 + number(header, 'cflow.unix_nsecs') / 1e6;
  return atMs - number(header, 'cflow.sysuptime') + uptime;
}

function isFlow(record: readonly TsharkField[]): boolean {
  return record.some(({ name }) => name === 'cflow.srcaddr' || name === 'cflow.srcaddrv6');
}

function common(record: readonly TsharkField[]): Decoded {
  return {
    source_ip: text(record, 'cflow.srcaddr', 'cflow.srcaddrv6'),
    destination_ip: text(record, 'cflow.dstaddr', 'cflow.dstaddrv6'),
    source_port: number(record, 'cflow.srcport'),
    protocol: number(record, 'cflow.protocol'),
    bytes: number(record, 'cflow.octets'),
    packets: number(record, 'cflow.packets'),
    tcp_flags: number(record, 'cflow.tcpflags'),
    tos: number(record, 'cflow.tos'),
    input_interface: number(record, 'cflow.inputint'),
    output_interface: number(record, 'cflow.outputint'),
    next_hop: text(record, 'cflow.nexthop', 'cflow.nexthopv6'),
    source_as: number(record, 'cflow.srcas'),
    destination_as: number(record, 'cflow.dstas'),
    source_mask: number(record, 'cflow.srcmask', 'cflow.srcmaskv6'),
    destination_mask: number(record, 'cflow.dstmask', 'cflow.dstmaskv6'),
  };
}

/** NetFlow v5, and the IPv4 records of v9, have ICMP's type and code in the place of the destination port. */
function icmpInPort(record: readonly TsharkField[]): Decoded {
  const port = number(record, 'cflow.dstport');
  const icmp = number(record, 'cflow.protocol') === 1;
  return {
    destination_port: icmp ? 0 : port,
    icmp_type: icmp ? port >>> 8 : 0,
    icmp_code: icmp ? port & 0xff : 0,
  };
}

const shortAs = (flow: TruthFlow): TruthFlow => ({
  ...flow,
  source_as: Math.min(flow.source_as, 0x10000) === 0x10000 ? AS_TRANS : flow.source_as,
  destination_as: Math.min(flow.destination_as, 0x10000) === 0x10000 ? AS_TRANS : flow.destination_as,
});

describeWithTshark('tshark reads what was written', () => {
  test('NetFlow v5', () => {
    const exporter = makeExporter({ protocol: 'v5', samplingRate: 100 });
    const emissions = collect(exporter, FLOWS);
    const datagrams = dissect(emissions.map(({ datagram }) => datagram.payload));
    const decoded = datagrams.flatMap((datagram) =>
      datagram.records.map((record) => ({
        ...common(record),
        ...icmpInPort(record),
        start_ms: sinceBoot(datagram, number(record, 'cflow.timestart')),
        end_ms: sinceBoot(datagram, number(record, 'cflow.timeend')),
      })),
    );
    expect(decoded).toHaveLength(FLOWS);
    truth(exporter, emissions).forEach((flow, i) => expect(shortAs(flow)).toMatchObject(decoded[i]!));
    expect(datagrams.map(({ header }) => text(header, 'cflow.sequence'))).toEqual(
      datagrams.map((_, i) => String(i * 28)),
    );
    expect(number(datagrams[0]!.header, 'cflow.engine_id')).toBe(7);
    expect(number(datagrams[0]!.header, 'cflow.samplingmode')).toBe(1);
    expect(number(datagrams[0]!.header, 'cflow.samplerate')).toBe(100);
  });

  test('NetFlow v9', () => {
    const exporter = makeExporter({ protocol: 'v9', samplingRate: 1000 });
    const emissions = collect(exporter, FLOWS);
    const datagrams = dissect(emissions.map(({ datagram }) => datagram.payload));
    const decoded = datagrams.flatMap((datagram) =>
      datagram.records.filter(isFlow).map((record): Decoded => {
        const ipv4 = record.some(({ name }) => name === 'cflow.srcaddr');
        const icmp = number(record, 'cflow.icmp_type_code_ipv4');
        return {
          ...common(record),
          ...(ipv4
            ? icmpInPort(record)
            : {
                destination_port: number(record, 'cflow.dstport'),
                icmp_type: icmp >>> 8,
                icmp_code: icmp & 0xff,
              }),
          start_ms: sinceBoot(datagram, number(record, 'cflow.timestart')),
          end_ms: sinceBoot(datagram, number(record, 'cflow.timeend')),
          direction: number(record, 'cflow.direction'),
          vlan: number(record, 'cflow.vlanid'),
        };
      }),
    );
    expect(decoded).toHaveLength(FLOWS);
    truth(exporter, emissions).forEach((flow, i) => {
      // Only the template for IPv4 has AS numbers of 16 bits.
      expect(flow.template === 256 ? shortAs(flow) : flow).toMatchObject(decoded[i]!);
    });
    const options = datagrams.flatMap(({ records }) => records.filter((record) => !isFlow(record)));
    expect(options).toHaveLength(1 + exporter.site.interfaces.length);
    expect(number(options[0]!, 'cflow.sampler_random_interval')).toBe(1000);
    expect(
      options
        .slice(1)
        .map((record) => [number(record, 'cflow.scope_interface'), text(record, 'cflow.if_name')]),
    ).toEqual(exporter.site.interfaces.map(({ index, name }) => [index, name]));
    expect(datagrams.map(({ header }) => number(header, 'cflow.sequence'))).toEqual(
      datagrams.map((_, i) => i),
    );
    for (const datagram of datagrams) {
      const templates = datagram.header.filter(({ name }) => name === 'cflow.template_id').length;
      expect(number(datagram.header, 'cflow.count')).toBe(datagram.records.length + templates);
    }
  });

  test.each([false, true])('IPFIX, biflow %s', (biflow) => {
    const exporter = makeExporter({ protocol: 'ipfix', samplingRate: 50, biflow });
    const emissions = collect(exporter, FLOWS);
    const datagrams = dissect(emissions.map(({ datagram }) => datagram.payload));
    const records = datagrams.flatMap((datagram) => datagram.records);
    const decoded = records.filter(isFlow).map((record): Decoded => {
      const host = utf8(record, 'cflow.http_request_host') || utf8(record, 'cflow.pie.ntop.dns_query');
      return {
        ...common(record),
        destination_port: number(record, 'cflow.dstport'),
        icmp_type:
          (number(record, 'cflow.icmp_type_code_ipv4') >>> 8) | number(record, 'cflow.icmp_ipv6_type'),
        start_ms: number(record, 'cflow.abstimestart'),
        end_ms: number(record, 'cflow.abstimeend'),
        direction: number(record, 'cflow.direction'),
        vlan: number(record, 'cflow.vlanid'),
        vrf: number(record, 'cflow.ingress_vrfid'),
        flow_end_reason: number(record, 'cflow.flow_end_reason'),
        reverse_bytes: reverse(record, 'cflow.octets'),
        reverse_packets: reverse(record, 'cflow.packets'),
        reverse_tcp_flags: reverse(record, 'cflow.tcpflags'),
        ...(host === '' ? {} : { name: host, user: utf8(record, 'cflow.user_name') }),
      };
    });
    expect(decoded).toHaveLength(FLOWS);
    truth(exporter, emissions).forEach((flow, i) => expect(flow).toMatchObject(decoded[i]!));
    expect(decoded.filter((flow) => flow.name !== undefined).length).toBeGreaterThan(FLOWS / 3);
    expect(decoded.some((flow) => flow.reverse_bytes !== 0)).toBe(biflow);
    const sampler = records.find((record) =>
      record.some(({ name }) => name === 'cflow.sampling_packet_space'),
    )!;
    expect(number(sampler, 'cflow.sampling_packet_interval')).toBe(1);
    expect(number(sampler, 'cflow.sampling_packet_space')).toBe(49);
    expect(records.filter((record) => record.some(({ name }) => name === 'cflow.if_name'))).toHaveLength(
      exporter.site.interfaces.length,
    );
    let sequence = 0;
    for (const datagram of datagrams) {
      expect(number(datagram.header, 'cflow.sequence')).toBe(sequence);
      sequence += datagram.records.length;
    }
  });
});

describe('datagrams', () => {
  test.each(['v5', 'v9', 'ipfix'] as const)(
    '%s: none is larger than allowed, and full ones nearly reach it',
    (protocol) => {
      for (const maxPayload of [512, 1400, 8900]) {
        const emissions = collect(makeExporter({ protocol, maxPayload }), 4000);
        const sizes = emissions.map(({ datagram }) => datagram.payload.length);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(maxPayload);
        // v5 has 30 records at most
        expect(Math.max(...sizes)).toBeGreaterThan(Math.min(maxPayload, 24 + 30 * 48) - 200);
        expect(emissions.reduce((sum, { datagram }) => sum + datagram.flows, 0)).toBe(4000);
      }
    },
  );

  test('28 records fit into 1,400 bytes, in v5 and in v9 with IPv4', () => {
    for (const protocol of ['v5', 'v9'] as const) {
      const flows = collect(makeExporter({ protocol, ipv6Share: 0 }), 280).filter(
        ({ to, from }) => to > from,
      );
      expect(flows.map(({ datagram }) => datagram.flows)).toEqual(new Array(10).fill(28));
    }
  });

  test('flows that do not fill a datagram wait for others, and none is lost', () => {
    const exporter = makeExporter({ ipv6Share: 0.5 });
    const seen: number[] = [];
    const bytes: number[] = [];
    const take = ({ datagram, from, to }: Emission): void => {
      if (datagram.flows > 0) seen.push(datagram.payload.length);
      for (let n = from; n < to; n++) bytes.push(exporter.flows.bytes[exporter.order[n]!]!);
    };
    for (let round = 0; round < 50; round++) exporter.produce(37, NOON_MS, take, false);
    expect(Math.min(...seen)).toBeGreaterThan(1200);
    exporter.produce(0, NOON_MS, take);
    const atOnce = makeExporter({ ipv6Share: 0.5 });
    collect(atOnce, 50 * 37);
    expect(bytes.sort()).toEqual([...atOnce.flows.bytes.subarray(0, 50 * 37)].sort());
  });

  test('templates come first, and again after as many datagrams as asked for', () => {
    const emissions = collect(makeExporter({ templateRefresh: 10 }), 2000);
    const announcements = emissions.flatMap(({ datagram }, i) => (datagram.flows === 0 ? [i] : []));
    expect(announcements.slice(0, 3)).toEqual([0, 11, 22]);
  });

  test('the whole datagrams are the same for the same seed, and not for another', () => {
    const bytes = (seed: number): string =>
      Buffer.concat(
        collect(makeExporter({ protocol: 'ipfix', seed }), 500).map(({ datagram }) => datagram.payload),
      ).toString('hex');
    expect(bytes(5)).toBe(bytes(5));
    expect(bytes(5)).not.toBe(bytes(6));
  });

  test('the clock’s error is in the header and in the times of flows', () => {
    const exporter = makeExporter({ protocol: 'ipfix', skewMs: 240_000 });
    const emissions = collect(exporter, 10);
    const seconds = Buffer.from(emissions.at(-1)!.datagram.payload).readUInt32BE(4);
    expect(seconds).toBe(Math.floor((NOON_MS + 240_000) / 1000));
    for (const flow of truth(exporter, emissions)) expect(flow.end_ms).toBeGreaterThan(NOON_MS);
  });
});
