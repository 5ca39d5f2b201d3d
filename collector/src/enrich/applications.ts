import { type FlowBatch, at } from '@weir/core';
import { protocolNames, serviceNames } from '@weir/core/filter';

/** Fills `application` in the rows `[from, to)`, where the records have none. */
export type ApplicationEnricher = (batch: FlowBatch, from: number, to: number) => void;

const TCP = 6;
const UDP = 17;
const SCTP = 132;

/**
 * Names applications by protocol and port: the lower port's service, else the higher one's; of protocols without ports the
 * protocol. What has no name stays without: a guess at a port above 1024 would be no better than the port.
 */
export function applicationEnricher(): ApplicationEnricher {
  // Names by id, of which 0 is none; ids by port and by protocol.
  const names: string[] = [''];
  const byPort = new Uint8Array(65_536);
  const byProtocol = new Uint8Array(256);
  for (const [name, port] of serviceNames) if (byPort[port] === 0) byPort[port] = names.push(name) - 1;
  for (const [name, protocol] of protocolNames)
    if (byProtocol[protocol] === 0) byProtocol[protocol] = names.push(name) - 1;
  for (const protocol of [TCP, UDP, SCTP]) byProtocol[protocol] = 0;
  if (names.length > 256) throw new Error('more names than a byte can tell apart');

  // The dictionary's ids of the names, one higher, for one filling of one batch: 0 is for not yet looked up.
  const texts = new Uint32Array(names.length);
  let known: { readonly batch: FlowBatch; readonly generation: number } | undefined;

  return (batch, from, to) => {
    if (!batch.has(at.protocol) || to <= from) return;
    const protocols = batch.u8(at.protocol);
    const hasPorts = batch.has(at.source_port) && batch.has(at.destination_port);
    const sources = hasPorts ? batch.u16(at.source_port) : undefined;
    const destinations = hasPorts ? batch.u16(at.destination_port) : undefined;
    const applications = batch.u32(at.application);
    const dictionary = batch.dictionary(at.application);
    if (known?.batch !== batch || known.generation !== batch.generation) {
      texts.fill(0);
      known = { batch, generation: batch.generation };
    }
    for (let r = from; r < to; r++) {
      if (applications[r] !== 0) continue;
      const protocol = protocols[r]!;
      let name = byProtocol[protocol]!;
      if (
        sources !== undefined &&
        destinations !== undefined &&
        (protocol === TCP || protocol === UDP || protocol === SCTP)
      ) {
        const source = sources[r]!;
        const destination = destinations[r]!;
        const low = source < destination ? source : destination;
        name = byPort[low]! || byPort[low === source ? destination : source]!;
      }
      if (name === 0) continue;
      let text = texts[name]!;
      if (text === 0) {
        text = dictionary.internText(names[name]!) + 1;
        texts[name] = text;
      }
      applications[r] = text - 1;
    }
  };
}
