import type { WindowDistinct, WindowKind, WindowNumber } from '@weir/core/windows';
import type { WindowColumnName } from '../detector.ts';
import type { UsualMetric } from './usual.ts';

/**
 * How a minute's value comes of six windows.
 *
 * - `rate`: the sum by 60 s. A `volume` is what a flow brings over all of its time, and is evened out as long-flows.ts says; counts of
 *   flows are not.
 * - `distinct`: how many in the minute, the windows' hashes merged.
 * - `mean`: of all that was measured; no value where it was less than `least` times.
 */
export type Measure =
  | { readonly how: 'rate'; readonly column: WindowNumber; readonly volume: boolean }
  | { readonly how: 'distinct'; readonly column: WindowDistinct }
  | {
      readonly how: 'mean';
      readonly sum: WindowNumber;
      readonly count: WindowNumber;
      readonly least: number;
    };

export interface MeasuredMetric extends UsualMetric {
  readonly measure: Measure;
}

type Of = (kind: WindowKind) => MeasuredMetric;

function rate(name: string, column: WindowNumber, unit: string, doc: string, volume = true): Of {
  return (kind) => ({ kind, name, unit, doc, measure: { how: 'rate', column, volume } });
}

function distinct(name: WindowDistinct, unit: string, doc: string): Of {
  return (kind) => ({ kind, name, unit, doc, measure: { how: 'distinct', column: name } });
}

/** Fewer measurements in a minute say little of the path: one slow answer would be the mean. */
const LEAST_MEASURED = 5;

const bytes = rate('bytes', 'bytes', 'bytes/s', 'Octets, source to destination.');
const packets = rate('packets', 'packets', 'packets/s', 'Packets, source to destination.');
const flows = rate('flows', 'flows', 'flows/s', 'Flows that ended.', false);
const outbound = rate(
  'outbound_bytes',
  'outbound_bytes',
  'bytes/s',
  'Octets from own networks to others, either direction of a biflow.',
);
const udp = rate('udp_bytes', 'udp_bytes', 'bytes/s', 'Octets of UDP: for the mix of protocols.');
const icmp = rate('icmp_bytes', 'icmp_bytes', 'bytes/s', 'Octets of ICMP: for the mix of protocols.');
const other = rate('other_bytes', 'other_bytes', 'bytes/s', 'Octets of protocols other than TCP, UDP, ICMP.');
const dns = rate('dns_queries', 'dns_queries', 'queries/s', 'DNS queries.', false);
const dropped = rate('dropped', 'dropped_packets', 'packets/s', 'Packets dropped on the way.', false);
const denied = rate('dropped_flows', 'dropped_flows', 'flows/s', 'Flows dropped or denied.', false);
const sources = distinct('sources', 'hosts/min', 'Distinct source addresses in the minute.');
const destinations = distinct('destinations', 'hosts/min', 'Distinct destination addresses in the minute.');
const contacts = distinct(
  'contacts',
  'hosts/min',
  'Distinct addresses that the host contacted in the minute.',
);
const ports = distinct('ports', 'ports/min', 'Distinct destination ports of contacts in the minute.');
const rtt: Of = (kind) => ({
  kind,
  name: 'rtt',
  unit: 'us',
  doc: `Mean TCP round-trip time of the minute; no value where it was measured fewer than ${LEAST_MEASURED} times.`,
  measure: { how: 'mean', sum: 'rtt_sum_us', count: 'rtt_records', least: LEAST_MEASURED },
});

/** By kind, `bytes` always the first. A kind that is not here has no usual. Add at the end of a kind's list: what was saved says its own. */
const metricsOf: Partial<Record<WindowKind, readonly Of[]>> = {
  source: [bytes, packets, flows, outbound, contacts, ports, dns],
  destination: [bytes, packets, flows, sources, rtt],
  interface: [bytes, packets, flows, dropped, denied, udp, icmp, other, rtt],
  service: [bytes, flows, rtt],
  tenant: [bytes, packets, flows, sources, destinations, outbound, udp, icmp, other],
  prefix: [bytes, packets],
};

export const metrics: readonly MeasuredMetric[] = Object.entries(metricsOf).flatMap(([kind, list]) =>
  list.map((of) => of(kind as WindowKind)),
);

export function metricsOfKind(kind: WindowKind): readonly MeasuredMetric[] {
  return metrics.filter((m) => m.kind === kind);
}

export const usualKinds = Object.keys(metricsOf) as readonly WindowKind[];

function columnsOf({ measure }: MeasuredMetric): WindowColumnName[] {
  return measure.how === 'mean' ? [measure.sum, measure.count] : [measure.column];
}

/** What of the windows baselines read: what a replay must load beside what its detectors read. */
export const usualReads: Readonly<Partial<Record<WindowKind, readonly WindowColumnName[]>>> =
  Object.fromEntries(
    usualKinds.map((kind) => [
      kind,
      [
        ...new Set<WindowColumnName>([
          'bytes',
          'bytes_before',
          'longest_ms',
          'internal',
          ...metricsOfKind(kind).flatMap(columnsOf),
        ]),
      ],
    ]),
  );
