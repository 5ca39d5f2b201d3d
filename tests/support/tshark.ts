import { type TsharkField, dissect } from '../../collector/src/simulate/testing/tshark.ts';
import type { FlowRow } from '../../collector/src/inputs/netflow/testing/flows.ts';
import { endOf, startOf } from '../../collector/src/inputs/netflow/testing/flows.ts';

/** One flow record, by whoever has read it: what both readers can tell. Left out where the exporter has not sent it. */
export type Reading = Readonly<Record<string, string | number>>;

/** Flow records in datagrams as tshark reads them: options are left out. */
export function readByTshark(payloads: readonly Uint8Array[]): Reading[][] {
  return dissect(payloads).map(({ header, records }) =>
    records.filter((fields) => fields.some(isOfFlow)).map((fields) => readingOf(header, fields)),
  );
}

function isOfFlow({ name }: TsharkField): boolean {
  return name === 'cflow.srcaddr' || name === 'cflow.srcaddrv6';
}

/** Columns, and the names of tshark's fields with the same. */
const NUMBERS: readonly (readonly [column: string, ...fields: string[]])[] = [
  ['source_port', 'cflow.srcport'],
  ['destination_port', 'cflow.dstport'],
  ['protocol', 'cflow.protocol'],
  ['bytes_in', 'cflow.octets'],
  ['packets_in', 'cflow.packets'],
  ['tcp_flags', 'cflow.tcpflags'],
  ['tos', 'cflow.tos'],
  ['input_interface', 'cflow.inputint'],
  ['output_interface', 'cflow.outputint'],
  ['source_as', 'cflow.srcas'],
  ['destination_as', 'cflow.dstas'],
  ['source_mask', 'cflow.srcmask', 'cflow.srcmaskv6'],
  ['destination_mask', 'cflow.dstmask', 'cflow.dstmaskv6'],
  ['vlan_id', 'cflow.vlanid'],
  ['flow_end_reason', 'cflow.flow_end_reason'],
];

const ADDRESSES: typeof NUMBERS = [
  ['source_ip', 'cflow.srcaddr', 'cflow.srcaddrv6'],
  ['destination_ip', 'cflow.dstaddr', 'cflow.dstaddrv6'],
  ['next_hop', 'cflow.nexthop', 'cflow.nexthopv6'],
];

function readingOf(header: readonly TsharkField[], fields: readonly TsharkField[]): Reading {
  const reading: Record<string, string | number> = {};
  const find = (names: readonly string[]): string | undefined =>
    fields.find(({ name }) => names.includes(name))?.show;
  for (const [column, ...names] of NUMBERS) {
    const shown = find(names);
    if (shown !== undefined) reading[column] = Number(shown);
  }
  for (const [column, ...names] of ADDRESSES) {
    const shown = find(names);
    if (shown !== undefined) reading[column] = shown;
  }
  const start = timeOf(header, fields, 'cflow.timestart', 'cflow.abstimestart');
  const end = timeOf(header, fields, 'cflow.timeend', 'cflow.abstimeend');
  if (start !== undefined) reading['start_ms'] = start;
  if (end !== undefined) reading['end_ms'] = end;
  return reading;
}

/** Milliseconds since 1970: an uptime is placed by the header's clock, 32 bits that may have wrapped. */
function timeOf(
  header: readonly TsharkField[],
  fields: readonly TsharkField[],
  relative: string,
  absolute: string,
): number | undefined {
  const exact = fields.find(({ name }) => name === absolute);
  if (exact !== undefined) return Math.floor(Date.parse(exact.show.replace(/(\.\d{3})\d*/, '$1')));
  const uptime = fields.find(({ name }) => name === relative);
  const boot = header.find(({ name }) => name === 'cflow.sysuptime');
  if (uptime === undefined || boot === undefined) return undefined;
  const seconds = Number(header.find(({ name }) => name === 'cflow.unix_secs')!.show);
  const fraction = header.find(({ name }) => name === 'cflow.unix_nsecs')?.show ?? '0';
  const nowMs = seconds * 1000 + Math.floor(Number(fraction) / 1e6);
  const milliseconds = (text: string): number => Math.round(Number(text) * 1000);
  return nowMs - ((milliseconds(boot.show) - milliseconds(uptime.show)) | 0);
}

/** The same of a row that our decoder has made: only what tshark has found too, so that both can be compared. */
export function readingOfRow(row: FlowRow, like: Reading): Reading {
  const reading: Record<string, string | number> = {};
  for (const name of Object.keys(like)) {
    if (name === 'start_ms') reading[name] = startOf(row);
    else if (name === 'end_ms') reading[name] = endOf(row);
    else reading[name] = row[name as keyof FlowRow] as string | number;
  }
  return reading;
}
