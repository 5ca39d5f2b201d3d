import type { ClosedWindow } from '@weir/core/windows';
import { windowsOfFlows } from '../../../testing/run-detector.ts';
import { type Flow, NOON } from '../../../windows/testing/flows.ts';

/** Windows numbered from noon on, of the flows that a function gives for each. */
export function windowsOf(
  count: number,
  flowsOf: (window: number) => readonly Flow[],
  first = 0,
): ClosedWindow[] {
  return windowsOfFlows(
    Array.from({ length: count }, (_, i) =>
      flowsOf(first + i).map((flow) => ({ timestamp: NOON + 10 * (first + i) + 1, ...flow })),
    ).flat(),
  );
}

const always = new Map<string, ClosedWindow[]>();

/** So many windows of the same flows each: made once, for they are many. */
export function windowsAlways(count: number, flows: readonly Flow[]): ClosedWindow[] {
  const key = JSON.stringify([count, flows]);
  const known = always.get(key);
  if (known !== undefined) return known;
  const made = windowsOf(count, () => flows);
  always.set(key, made);
  return made;
}

export function windowNumber({ at }: { readonly at: number }): number {
  return (at - NOON) / 10;
}

/** So many flows of a client to a server, from ports of their own; the answers are in the same record. */
export function contacts(count: number, more: Partial<Flow> = {}): Flow[] {
  return Array.from({ length: count }, (_, i) => ({
    collector_ip: '192.0.2.1',
    input_interface: 1,
    output_interface: 2,
    source_ip: `10.1.0.${1 + (i % 20)}`,
    destination_ip: '10.0.0.2',
    source_port: 40_000 + i,
    destination_port: 443,
    protocol: 6,
    tcp_flags: 0x1b,
    tcp_flags_out: 0x1b,
    bytes_in: 2000,
    packets_in: 10,
    bytes_out: 20_000,
    packets_out: 10,
    ...more,
  }));
}

/** SYNs that nobody answers. */
export const unanswered: Partial<Flow> = {
  tcp_flags: 0x02,
  tcp_flags_out: 0,
  bytes_in: 60,
  packets_in: 1,
  bytes_out: 0,
  packets_out: 0,
};
