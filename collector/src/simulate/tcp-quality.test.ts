import { expect, test } from '@jest/globals';
import { ICMP, TCP } from './applications.ts';
import { createFlowColumns } from './flow-columns.ts';
import { buildNetwork } from './network.ts';
import { Random } from './random.ts';
import { tcpQuality } from './tcp-quality.ts';
import { TrafficModel } from './traffic.ts';

test('TCP flows have plausible delays and few packets sent again, other flows none', () => {
  const network = buildNetwork(1);
  const flows = createFlowColumns(network, network.sites[0]!, 5_000);
  const model = new TrafficModel({
    network,
    site: 0,
    random: new Random(1, 1),
    samplingRate: 1,
    ipv6Share: 0.2,
    biflow: false,
  });
  model.fill(flows, 0, 5_000);
  const rows = [...flows.protocol.keys()];
  const tcp = rows.filter((row) => flows.protocol[row] === TCP);
  const all = tcp.map((row) => tcpQuality(flows, row));
  expect(all.every(({ roundTripUs }) => roundTripUs > 500 && roundTripUs < 300_000)).toBe(true);
  expect(all.every(({ responseUs }) => responseUs > 200 && responseUs < 100_000)).toBe(true);
  const packets = tcp.reduce((sum, row) => sum + flows.packets[row]!, 0);
  const again = all.reduce((sum, { retransmissions }) => sum + retransmissions, 0);
  expect(again / packets).toBeGreaterThan(0.0005);
  expect(again / packets).toBeLessThan(0.02);
  expect(tcp.every((row, i) => all[i]!.retransmissions <= flows.packets[row]!)).toBe(true);
  const icmp = rows.find((row) => flows.protocol[row] === ICMP)!;
  expect(tcpQuality(flows, icmp)).toEqual({ roundTripUs: 0, responseUs: 0, retransmissions: 0 });
  expect(tcpQuality(flows, tcp[0]!)).toEqual(tcpQuality(flows, tcp[0]!));
});
