import { afterAll, describe, expect, it } from '@jest/globals';
import { type FlowRow } from '../../../collector/src/inputs/netflow/testing/flows.ts';
import { Rig } from '../../../collector/src/inputs/netflow/testing/rig.ts';
import { Capture, TCP } from '../../support/capture.ts';
import { provided } from '../../support/packages.ts';
import { Workspace } from '../../support/workspace.ts';
import { datagramsOf } from './recording.ts';
import { meterTcp } from './tcp-meter.ts';

const workspace = new Workspace();
afterAll(() => workspace.dispose());

const START = Date.UTC(2026, 2, 10, 12);
const ENDS = { client: '10.1.0.10', server: '198.51.100.80', clientPort: 40_000, serverPort: 443 };

/** Flows as the collector's own decoder reads them. */
async function metered(capture: Capture): Promise<FlowRow[]> {
  const pcap = workspace.path('line.pcap');
  const recording = workspace.path('line.datagrams');
  capture.write(pcap);
  const records = await meterTcp(pcap, recording);
  const rig = new Rig();
  const flows = [...datagramsOf(recording)].flatMap(({ bytes, receivedMs }) =>
    rig.flowsOf(bytes, { atMs: receivedMs }),
  );
  expect(flows).toHaveLength(records);
  return flows;
}

const describeHere = provided('tshark') ? describe : describe.skip;

describeHere('TCP measured in a capture', () => {
  it('is one biflow for a connection, with its octets, packets, times and flags', async () => {
    const capture = new Capture(START).tcp(ENDS, 2, 300, 2_000);
    const [flow, ...others] = await metered(capture);
    expect(others).toEqual([]);
    const [up, down] = [...capture.traffic.values()];
    expect(flow).toMatchObject({
      source_ip: ENDS.client,
      destination_ip: ENDS.server,
      source_port: ENDS.clientPort,
      destination_port: ENDS.serverPort,
      protocol: TCP,
      bytes_in: up!.bytes,
      bytes_out: down!.bytes,
      packets_in: up!.packets,
      packets_out: down!.packets,
      tcp_flags: up!.flags,
      tcp_flags_out: down!.flags,
      retransmissions: 0,
      retransmissions_out: 0,
    });
    expect(flow!.duration_ms).toBe(Math.round(Math.max(up!.lastMs, down!.lastMs) - START));
  });

  it('has the time from a request to its acknowledgement', async () => {
    const [flow] = await metered(new Capture(START).tcp(ENDS, 3, 300, 1_000));
    // Of the captures’ connections: 12 ms to the SYN’s answer, 15 ms to a request’s, 10 ms to the FIN’s.
    expect(Number(flow!.tcp_rtt_us)).toBeGreaterThan(12_000);
    expect(Number(flow!.tcp_rtt_us)).toBeLessThan(15_000);
  });

  it('counts what is sent again, by who sends it', async () => {
    const capture = new Capture(START);
    const from = { source: ENDS.client, destination: ENDS.server, sourcePort: 40_000, destinationPort: 443 };
    const back = { source: ENDS.server, destination: ENDS.client, sourcePort: 443, destinationPort: 40_000 };
    const data = { protocol: TCP, flags: 24 };
    capture.packet({ ...from, ...data, sequence: 1_000, acknowledged: 1, payload: 100 });
    for (let again = 0; again < 3; again++) {
      capture.wait(400);
      capture.packet({ ...back, ...data, sequence: 1, acknowledged: 1_100, payload: 500 });
    }
    const [flow] = await metered(capture);
    expect(flow).toMatchObject({ retransmissions: 0, retransmissions_out: 2, packets_out: 3 });
  });

  it('reports a connection that lasts each minute, and nothing twice', async () => {
    const capture = new Capture(START);
    const packet = {
      source: ENDS.client,
      destination: ENDS.server,
      sourcePort: 40_000,
      destinationPort: 443,
    };
    for (let n = 0; n < 150; n++) {
      capture.packet({
        ...packet,
        protocol: TCP,
        flags: 24,
        sequence: 1_000 + 10 * n,
        acknowledged: 1,
        payload: 10,
      });
      capture.wait(1_000);
    }
    const flows = await metered(capture);
    expect(flows.length).toBeGreaterThanOrEqual(3);
    expect(flows.reduce((sum, { packets_in }) => sum + Number(packets_in), 0)).toBe(150);
  });
});
