import { type V5Record, netflow5 } from '../../collector/src/inputs/netflow/testing/datagrams.ts';
import { Sender } from '../support/datagrams.ts';

export const ATTACKER = '10.10.250.66';
export const VICTIM = '10.10.250.10';

const EXPORTER = { address: '127.0.0.9', port: 1 };
const SYN = 0x02;
const RST_ACK = 0x14;
const WHOLE = 0x1b;
const SSH = 22;
/** As uptime in the datagram's header says an hour: flows end now. */
const NOW = 3_600_000;

/** Flows of a scan as a router sees it: what was asked, and that nobody was there. */
function scan(ports: number): V5Record[] {
  return Array.from({ length: ports }, (_, i) => i + 1).flatMap((port) =>
    both(
      port,
      40_000,
      { tcpFlags: SYN, packets: 1, bytes: 40 },
      { tcpFlags: RST_ACK, packets: 1, bytes: 40 },
    ),
  );
}

/** Flows of passwords that are tried: short connections, all alike. */
function logins(attempts: number): V5Record[] {
  return Array.from({ length: attempts }, (_, i) => i + 30_000).flatMap((port) =>
    both(
      SSH,
      port,
      { tcpFlags: WHOLE, packets: 18, bytes: 2_600, firstMs: NOW - 3_000 },
      { tcpFlags: WHOLE, packets: 16, bytes: 3_100, firstMs: NOW - 3_000 },
    ),
  );
}

type Part = Pick<V5Record, 'tcpFlags' | 'packets' | 'bytes' | 'firstMs'>;

function both(service: number, port: number, there: Part, back: Part): V5Record[] {
  return [
    {
      source: ATTACKER,
      destination: VICTIM,
      sourcePort: port,
      destinationPort: service,
      input: 1,
      output: 2,
      ...there,
    },
    {
      source: VICTIM,
      destination: ATTACKER,
      sourcePort: service,
      destinationPort: port,
      input: 2,
      output: 1,
      ...back,
    },
  ].map((flow) => ({ firstMs: NOW - 10, ...flow }) as V5Record);
}

const RECORDS = 30;

/** A host scans another and then tries passwords on it: the flows of both, sent to a collector over some seconds. */
export async function attack(collectorPort: number): Promise<void> {
  const sender = new Sender();
  let sequence = 0;
  try {
    for (const flows of [scan(400), logins(60)]) {
      for (let from = 0; from < flows.length; from += RECORDS) {
        const part = flows.slice(from, from + RECORDS);
        const payload = Buffer.from(netflow5({ exportMs: Date.now(), sequence }, ...part));
        sequence += part.length;
        await sender.send(collectorPort, { ...EXPORTER, payload });
        await new Promise((wait) => setTimeout(wait, 100));
      }
      await new Promise((wait) => setTimeout(wait, 10_000));
    }
  } finally {
    await sender.close();
  }
}
