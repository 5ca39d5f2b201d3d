import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatAddress, parseAddress } from './addresses.ts';
import { AliasTable, zipfWeights } from './alias-table.ts';
import { APPLICATIONS, TCP } from './applications.ts';
import { diurnalFactor } from './diurnal.ts';
import { createFlowColumns } from './flow-columns.ts';
import type { FlowColumns } from './flow-columns.ts';
import { Random } from './random.ts';
import { network } from './testing/exporters.ts';
import { TrafficModel } from './traffic.ts';

const ROWS = 40_000;

function model(seed = 1, samplingRate = 1, biflow = false): TrafficModel {
  return new TrafficModel({
    network,
    site: 0,
    random: new Random(seed),
    samplingRate,
    ipv6Share: 0.25,
    biflow,
  });
}

function traffic(seed = 1, samplingRate = 1): FlowColumns {
  const flows = createFlowColumns(network, network.sites[0]!, ROWS);
  model(seed, samplingRate).fill(flows, 0, ROWS);
  return flows;
}

const flows = traffic();

function rows(condition: (row: number) => boolean): number[] {
  return Array.from({ length: ROWS }, (_, row) => row).filter(condition);
}

describe('the model of traffic', () => {
  test('is the same for a seed, in one piece or in many', () => {
    const other = createFlowColumns(network, network.sites[0]!, 100);
    const again = model();
    for (let from = 0, size = 1; from + size <= 2000; from += size, size = (size % 100) + 1) {
      again.fill(other, 0, size);
      expect(other.bytes.subarray(0, size)).toEqual(flows.bytes.subarray(from, from + size));
      expect(other.sourceHost.subarray(0, size)).toEqual(flows.sourceHost.subarray(from, from + size));
    }
    expect(traffic(2).bytes).not.toEqual(flows.bytes);
  });

  test('keeps bytes and packets within what an MTU allows', () => {
    const impossible = rows((row) => {
      const perPacket = flows.bytes[row]! / flows.packets[row]!;
      return !(flows.packets[row]! >= 1 && perPacket >= 28 && perPacket <= 1500);
    });
    expect(impossible).toEqual([]);
  });

  test('has a heavy tail: one flow in a hundred carries most bytes, the median is small', () => {
    const sorted = flows.bytes.slice().sort();
    const total = sorted.reduce((sum, bytes) => sum + bytes, 0);
    const top = sorted.subarray(ROWS * 0.99).reduce((sum, bytes) => sum + bytes, 0);
    expect(top / total).toBeGreaterThan(0.5);
    expect(sorted[ROWS / 2]!).toBeLessThan(5000);
    expect(sorted[ROWS - 1]!).toBeLessThan(2 ** 32);
  });

  test('has every application, replies that mirror requests, and both versions of IP', () => {
    expect(new Set(flows.application).size).toBe(APPLICATIONS.length);
    const mirrored = rows(
      (row) =>
        row + 1 < ROWS &&
        flows.sourceHost[row] === flows.destinationHost[row + 1] &&
        flows.destinationHost[row] === flows.sourceHost[row + 1] &&
        flows.sourcePort[row] === flows.destinationPort[row + 1] &&
        flows.input[row] === flows.output[row + 1] &&
        flows.direction[row] !== flows.direction[row + 1],
    );
    expect(mirrored.length).toBeGreaterThan(ROWS * 0.48);
    const ipv6 = rows((row) => (flows.sourceHost[row]! & 1) === 1).length / ROWS;
    expect(ipv6).toBeGreaterThan(0.2);
    expect(ipv6).toBeLessThan(0.27);
  });

  test('passes an outward interface and a LAN, in the direction that it says', () => {
    const { interfaces } = network.sites[0]!;
    const isLan = (position: number): boolean => interfaces[position]!.role === 'lan';
    const astray = rows((row) => {
      const egress = flows.direction[row] === 1;
      return isLan(flows.input[row]!) !== egress || isLan(flows.output[row]!) === egress;
    });
    expect(astray).toEqual([]);
  });

  test('sets TCP’s flags for TCP only, and FIN on what has ended', () => {
    expect(rows((row) => flows.protocol[row] !== TCP && flows.tcpFlags[row] !== 0)).toEqual([]);
    expect(rows((row) => flows.protocol[row] === TCP && flows.tcpFlags[row] === 0)).toEqual([]);
    expect(rows((row) => (flows.tcpFlags[row]! & 1) !== 0 && flows.endReason[row] !== 3)).toEqual([]);
  });

  test('sees about one packet in N when it samples, and at least one of each flow', () => {
    const sampled = traffic(1, 100);
    const packets = (columns: FlowColumns): number => columns.packets.reduce((sum, value) => sum + value, 0);
    // every flow reported counts one packet more than a fair sample of it has
    const expected = (packets(flows) - ROWS) / 100 + ROWS;
    expect(packets(sampled) / expected).toBeGreaterThan(0.6);
    expect(packets(sampled) / expected).toBeLessThan(1.6);
    expect(Math.min(...sampled.packets)).toBe(1);
  });

  test('has a scan now and then, where it is asked for', () => {
    const scanned = createFlowColumns(network, network.sites[0]!, ROWS);
    const options = { network, site: 0, random: new Random(1), samplingRate: 1, ipv6Share: 0, biflow: false };
    new TrafficModel({ ...options, scan: true }).fill(scanned, 0, ROWS);
    const target = network.sites[0]!.publicServers[0]! * 2;
    const probes = Array.from({ length: ROWS }, (_, row) => row).filter(
      (row) => scanned.destinationHost[row] === target && scanned.tcpFlags[row] === 2,
    );
    const ports = new Set(probes.map((row) => scanned.destinationPort[row]));
    const sources = Map.groupBy(probes, (row) => scanned.sourceHost[row]);
    expect(Math.max(...[...sources.values()].map((of) => of.length))).toBe(500);
    expect(ports.size).toBeGreaterThanOrEqual(500);
  });

  test('reports both directions in one row as biflow', () => {
    const biflows = createFlowColumns(network, network.sites[0]!, 1000);
    model(1, 1, true).fill(biflows, 0, 1000);
    expect(biflows.reverseBytes.filter((bytes) => bytes > 0).length).toBeGreaterThan(950);
    expect(biflows.bytes[0]).toBe(flows.bytes[0]);
    expect(biflows.reverseBytes[0]).toBe(flows.bytes[1]);
  });
});

describe('the day', () => {
  const at = (text: string, offset = 0): number => diurnalFactor(Date.parse(text), offset);

  test('is several times as busy as the night, and as the weekend', () => {
    expect(at('2026-11-18T10:30Z') / at('2026-11-18T03:30Z')).toBeGreaterThan(5);
    expect(at('2026-11-18T10:30Z') / at('2026-11-21T10:30Z')).toBeGreaterThan(2);
  });

  test('is local', () => {
    expect(at('2026-11-18T02:30Z', 8)).toBeCloseTo(at('2026-11-18T10:30Z'), 10);
  });

  test('has a mean of 1 over a week', () => {
    let sum = 0;
    for (let hour = 0; hour < 168; hour++) sum += diurnalFactor(Date.UTC(2026, 0, 1, hour), 0);
    expect(sum / 168).toBeCloseTo(1, 2);
  });
});

describe('random numbers', () => {
  test('are uniform, normal, Pareto as they say', () => {
    const random = new Random(3);
    const n = 100_000;
    let uniform = 0;
    let square = 0;
    let above = 0;
    for (let i = 0; i < n; i++) {
      uniform += random.unit();
      square += random.normal() ** 2;
      if (random.pareto(1, 1) > 10) above++;
    }
    expect(uniform / n).toBeCloseTo(0.5, 2);
    expect(square / n).toBeCloseTo(1, 1);
    expect(above / n).toBeCloseTo(0.1, 2);
  });

  test('are drawn from a table with the weights given', () => {
    const random = new Random(4);
    const table = new AliasTable([1, 0, 3, 6]);
    const seen = [0, 0, 0, 0];
    for (let i = 0; i < 100_000; i++) seen[table.draw(random)]!++;
    expect(seen[1]).toBe(0);
    expect(seen[2]! / 100_000).toBeCloseTo(0.3, 1);
    expect(seen[3]! / 100_000).toBeCloseTo(0.6, 1);
    expect(zipfWeights(3, 1)).toEqual(Float64Array.of(1, 1 / 2, 1 / 3));
  });
});

describe('addresses', () => {
  test('are read and written back', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(formatAddress(parseAddress(text))).toBe(text);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        bytes[0] = 0x20; // not mapped
        const text = formatAddress(bytes);
        expect(new URL(`http://[${text}]`).hostname).toBe(`[${text}]`); // the shortest form
        expect(parseAddress(text)).toEqual(bytes);
      }),
    );
  });
});
