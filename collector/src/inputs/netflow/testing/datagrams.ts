import { addressWords } from '@weir/core';
import { NOON } from './rig.ts';

/*
 * Datagrams by hand, for specifications: each function writes what its name says, and nothing is checked, so that wrong ones
 * can be written too.
 */

/** Element, bytes on the wire (65535: each record says), enterprise number. */
export type FieldSpec = readonly [id: number, length: number, pen?: number];
export type FieldValue = number | bigint | string | Uint8Array;

export const VARIABLE = 65535;

export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A number of `length` bytes, the highest first. */
export function number(value: number | bigint, length: number): number[] {
  const out: number[] = [];
  for (let i = length - 1; i >= 0; i--) out.push(Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
  return out;
}

/** A value as a field of this length holds it: addresses by their look, texts padded with NUL. */
export function encode(value: FieldValue, length: number): Uint8Array {
  if (length === VARIABLE) {
    const content = typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array);
    return join(content.length < 255 ? [content.length] : [255, ...number(content.length, 2)], content);
  }
  if (typeof value === 'number' || typeof value === 'bigint') return join(number(value, length));
  const out = new Uint8Array(length);
  if (typeof value !== 'string') out.set(value.subarray(0, length));
  else if (length === 4 && /^\d+\.\d+\.\d+\.\d+$/.test(value)) out.set(value.split('.').map(Number));
  else if (length === 16 && value.includes(':')) out.set(new Uint8Array(addressWords(value).buffer));
  else if (length === 6 && /^[0-9a-f:]{17}$/.test(value))
    out.set(value.split(':').map((h) => parseInt(h, 16)));
  else out.set(new TextEncoder().encode(value).subarray(0, length));
  return out;
}

/** A record: its values in the order of the fields. */
export function record(fields: readonly FieldSpec[], values: readonly FieldValue[]): Uint8Array {
  return join(...fields.map(([, length], i) => encode(values[i]!, length)));
}

/** A set (v9: flow set) with its header. */
export function set(id: number, ...contents: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const content = join(...contents);
  return join(number(id, 2), number(content.length + 4, 2), content);
}

function fieldSpecs(fields: readonly FieldSpec[]): Uint8Array {
  return join(
    ...fields.map(([id, length, pen]) =>
      pen === undefined
        ? join(number(id, 2), number(length, 2))
        : join(number(id | 0x8000, 2), number(length, 2), number(pen, 4)),
    ),
  );
}

/** A template record: the same in v9 and IPFIX, but for enterprise numbers. */
export function template(id: number, fields: readonly FieldSpec[]): Uint8Array {
  return join(number(id, 2), number(fields.length, 2), fieldSpecs(fields));
}

/** IPFIX's withdrawal of a template (RFC 7011 section 8.1): no fields. */
export function withdrawal(id: number): Uint8Array {
  return template(id, []);
}

/** An options template of v9: lengths of scope and options in bytes. */
export function optionsTemplate9(
  id: number,
  scope: readonly FieldSpec[],
  options: readonly FieldSpec[],
): Uint8Array {
  return join(
    number(id, 2),
    number(4 * scope.length, 2),
    number(4 * options.length, 2),
    fieldSpecs(scope),
    fieldSpecs(options),
  );
}

/** An options template of IPFIX: counts of fields. */
export function optionsTemplate10(
  id: number,
  scope: readonly FieldSpec[],
  options: readonly FieldSpec[],
): Uint8Array {
  return join(
    number(id, 2),
    number(scope.length + options.length, 2),
    number(scope.length, 2),
    fieldSpecs([...scope, ...options]),
  );
}

export interface Header {
  readonly domain?: number;
  readonly sequence?: number;
  readonly exportMs?: number;
  readonly uptimeMs?: number;
  /** What the header says, where it should not be the truth: v5, v9 the count, IPFIX the length. */
  readonly says?: number;
}

let nextSequence = 1_000_000;

/** A datagram of NetFlow v9. */
export function netflow9(header: Header, ...sets: readonly Uint8Array[]): Uint8Array {
  const {
    domain = 0,
    sequence = nextSequence++,
    exportMs = NOON,
    uptimeMs = 3_600_000,
    says = sets.length,
  } = header;
  return join(
    number(9, 2),
    number(says, 2),
    number(uptimeMs, 4),
    number(Math.floor(exportMs / 1000), 4),
    number(sequence, 4),
    number(domain, 4),
    ...sets,
  );
}

/** A message of IPFIX. */
export function ipfix(header: Header, ...sets: readonly Uint8Array[]): Uint8Array {
  const content = join(...sets);
  const { domain = 0, sequence = 0, exportMs = NOON, says = content.length + 16 } = header;
  return join(
    number(10, 2),
    number(says, 2),
    number(Math.floor(exportMs / 1000), 4),
    number(sequence, 4),
    number(domain, 4),
    content,
  );
}

export interface V5Record {
  readonly source?: string;
  readonly destination?: string;
  readonly nextHop?: string;
  readonly input?: number;
  readonly output?: number;
  readonly packets?: number;
  readonly bytes?: number;
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly tcpFlags?: number;
  readonly protocol?: number;
  readonly tos?: number;
  readonly sourceAs?: number;
  readonly destinationAs?: number;
  readonly sourceMask?: number;
  readonly destinationMask?: number;
}

export interface V5Header extends Header {
  readonly engine?: number;
  /** Two bits of mode, 14 of interval. */
  readonly sampling?: number;
  readonly nanoseconds?: number;
}

/** A datagram of NetFlow v5. */
export function netflow5(header: V5Header, ...records: readonly V5Record[]): Uint8Array {
  const { sequence = 0, exportMs = NOON, uptimeMs = 3_600_000, says = records.length } = header;
  const { engine = 0, sampling = 0, nanoseconds = 0 } = header;
  return join(
    number(5, 2),
    number(says, 2),
    number(uptimeMs, 4),
    number(Math.floor(exportMs / 1000), 4),
    number(nanoseconds, 4),
    number(sequence, 4),
    number(engine, 2),
    number(sampling, 2),
    ...records.map(v5Record),
  );
}

function v5Record(r: V5Record): Uint8Array {
  return join(
    encode(r.source ?? '10.0.0.1', 4),
    encode(r.destination ?? '10.0.0.2', 4),
    encode(r.nextHop ?? '0.0.0.0', 4),
    number(r.input ?? 0, 2),
    number(r.output ?? 0, 2),
    number(r.packets ?? 1, 4),
    number(r.bytes ?? 100, 4),
    number(r.firstMs ?? 3_599_000, 4),
    number(r.lastMs ?? 3_600_000, 4),
    number(r.sourcePort ?? 1024, 2),
    number(r.destinationPort ?? 80, 2),
    [0],
    number(r.tcpFlags ?? 0, 1),
    number(r.protocol ?? 6, 1),
    number(r.tos ?? 0, 1),
    number(r.sourceAs ?? 0, 2),
    number(r.destinationAs ?? 0, 2),
    number(r.sourceMask ?? 0, 1),
    number(r.destinationMask ?? 0, 1),
    [0, 0],
  );
}

/** The fields that most specifications speak of: who with whom, how much. */
export const FLOW: readonly FieldSpec[] = [
  [8, 4],
  [12, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [1, 4],
  [2, 4],
];

/** A record of `FLOW`, of so many bytes. */
export function flow(bytes: number, source = '10.0.0.1'): Uint8Array {
  return record(FLOW, [source, '10.0.0.2', 1024, 443, 6, bytes, 1]);
}
