import { type Column, type Conversion, Pen, columnByName, columns, storedColumns } from '@weir/core';
import { type Template, type TemplateField, VARIABLE_LENGTH } from './template.ts';

/** What one field's loop does (see copy.ts). */
export type OpKind =
  | 'unsigned8'
  | 'unsigned16'
  | 'unsigned32'
  | 'unsigned64'
  | 'ipv4'
  | 'ipv6'
  | 'text'
  | 'hex'
  | 'highByte'
  | 'lowByte'
  | 'plusOne'
  | 'mplsLabel'
  | 'dscp'
  | 'milliToMicro'
  | 'microToMilli'
  | 'time'
  | 'sampler'
  | 'packetSpace';

export interface Op {
  readonly kind: OpKind;
  /** Stored column that it fills (not for `time` and `sampler`). */
  readonly column: number;
  /** Bytes from the start of the segment; segment k begins after the k-th variable-length field. */
  readonly segment: number;
  readonly offset: number;
  /** Bytes on the wire, `VARIABLE_LENGTH` where each record says: then the value lies just before segment `segment`. */
  readonly length: number;
  /** Only a value other than zero is written: another field has been there before. */
  readonly keepIfZero: boolean;
  /** For `time`: which and how. */
  readonly conversion: Conversion | undefined;
}

/** An element that no column takes: a user can see what an exporter sends in vain. */
export interface UnusedElement {
  readonly pen: number;
  readonly id: number;
}

/** A template compiled for decoding column by column. */
export interface Plan {
  readonly ops: readonly Op[];
  /** Lengths of the segments between variable-length fields; one more than there are such fields. */
  readonly segmentLengths: readonly number[];
  readonly unused: readonly UnusedElement[];
  /** Columns that some op fills. */
  readonly fills: ReadonlySet<number>;
  readonly hasStart: boolean;
  readonly hasEnd: boolean;
  readonly hasSampler: boolean;
  /** Bits of `record_flags` that hold for every record. */
  readonly flags: number;
  /** Times are relative to the system's start, which IPFIX does not tell in its header. */
  readonly needsSystemStart: boolean;
}

interface Target {
  readonly column: Column;
  readonly rank: number;
  readonly as: Conversion | undefined;
}

const key = (pen: number, id: number): string => `${pen}:${id}`;

/** Element → columns that it feeds, read off the column table. */
const targets = new Map<string, Target[]>();
for (const column of columns as readonly Column[]) {
  column.from.forEach((source, rank) => {
    const list = targets.get(key(source.pen, source.id)) ?? [];
    list.push({ column, rank, as: source.as });
    targets.set(key(source.pen, source.id), list);
  });
}

const indexOf = (name: string): number => storedColumns.findIndex((c) => c.name === name);
const BYTES_OUT = indexOf('bytes_out');
const PACKETS_OUT = indexOf('packets_out');
const SAMPLING_RATE = indexOf('sampling_rate');

/** Elements that select a sampler: flowSamplerId, selectorId. */
const SAMPLERS = new Set([48, 302]);
/** Elements with a meaning of their own, though no column takes them as they are: samplingPacketSpace, paddingOctets, ipVersion, samplingAlgorithm. */
const UNDERSTOOD = new Set([306, 210, 60, 35, 49]);

interface Placed {
  readonly field: TemplateField;
  readonly segment: number;
  readonly offset: number;
}

/**
 * Compiles a data template. `version` is 9 or 10 (IPFIX): the same number can mean something else.
 *
 * Where several fields feed one column, the column table's order decides; for addresses and times the better one is
 * written last and only where it is not zero, since exporters with one template for IPv4 and IPv6 leave one of them empty.
 */
export function compilePlan(template: Template, version: 9 | 10): Plan {
  const placed: Placed[] = [];
  const segmentLengths: number[] = [];
  let offset = 0;
  for (const field of template.fields) {
    if (field.length === VARIABLE_LENGTH) {
      segmentLengths.push(offset);
      offset = 0;
      placed.push({ field, segment: segmentLengths.length, offset: 0 });
    } else {
      placed.push({ field, segment: segmentLengths.length, offset });
      offset += field.length;
    }
  }
  segmentLengths.push(offset);

  const present = new Set(template.fields.map((f) => key(f.pen, f.id)));
  const candidates = new Map<string, { rank: number; op: Op }[]>();
  const unused: UnusedElement[] = [];
  const seen = new Set<string>();
  let flags = 0;

  for (const { field, segment, offset: at } of placed) {
    const name = key(field.pen, field.id);
    if (seen.has(name)) continue; // the first of repeated elements is the outermost (RFC 7011 section 8)
    seen.add(name);
    const base = { segment, offset: at, length: field.length, keepIfZero: false };
    if (field.pen === Pen.iana && SAMPLERS.has(field.id)) {
      add('sampler', 0, { ...base, kind: 'sampler', column: -1, conversion: undefined });
      continue;
    }
    if (field.pen === Pen.iana && field.id === 306 && present.has(key(Pen.iana, 305))) {
      add('space', 0, { ...base, kind: 'packetSpace', column: SAMPLING_RATE, conversion: undefined });
      continue;
    }
    const reverseCounter = reverseOfNetflow9(field, version, present);
    const feeds =
      reverseCounter === undefined
        ? (targets.get(name) ?? [])
        : [{ column: storedColumns[reverseCounter]!, rank: 0, as: undefined }];
    let used = field.length === 0 || (field.pen === Pen.iana && UNDERSTOOD.has(field.id));
    for (const target of feeds) {
      const op = makeOp(target, base);
      if (op === undefined) continue;
      used = true;
      add(target.column.name, target.rank, op);
    }
    if (!used) unused.push({ pen: field.pen, id: field.id });
  }

  function add(slot: string, rank: number, op: Op): void {
    const list = candidates.get(slot) ?? [];
    list.push({ rank, op });
    candidates.set(slot, list);
  }

  const ops: Op[] = [];
  for (const [slot, list] of candidates) {
    list.sort((a, b) => b.rank - a.rank);
    const overlay =
      columnByName(slot)?.type === 'IPv6' || slot === 'flow_start_time' || slot === 'flow_end_time';
    if (overlay) list.forEach(({ op }, i) => ops.push(i === 0 ? op : { ...op, keepIfZero: true }));
    else ops.push(list.at(-1)!.op);
    const best = list.at(-1)!.rank;
    const element = columnByName(slot)?.from[best]?.id;
    if (slot === 'bytes_in' && (element === 352 || element === 353)) flags |= 2;
    if ((slot === 'bytes_in' || slot === 'packets_in') && TOTALS.has(element ?? 0)) flags |= 4;
  }
  // A combining op works on what another has written.
  ops.sort((a, b) => Number(a.kind === 'packetSpace') - Number(b.kind === 'packetSpace'));

  return {
    ops,
    segmentLengths,
    unused,
    flags,
    fills: new Set(ops.filter((o) => o.column >= 0).map((o) => o.column)),
    hasStart: candidates.has('flow_start_time'),
    hasEnd: candidates.has('flow_end_time'),
    hasSampler: candidates.has('sampler'),
    needsSystemStart:
      version === 10 && ops.some((o) => o.conversion === 'startUptime' || o.conversion === 'endUptime'),
  };
}

/** Total counters: octets 85, 171, 353; packets 86, 172. */
const TOTALS = new Set([85, 171, 353, 86, 172]);

/**
 * v9's OUT_BYTES (23) and OUT_PKTS (24) beside IN_BYTES and IN_PKTS are the answer's counters, as nProbe and FortiGate send
 * them; alone they are an egress flow's own. In IPFIX the same numbers are counters after a middlebox of the same packets.
 */
function reverseOfNetflow9(
  field: TemplateField,
  version: 9 | 10,
  present: ReadonlySet<string>,
): number | undefined {
  if (version !== 9 || field.pen !== Pen.iana) return undefined;
  if (field.id === 23 && present.has(key(Pen.iana, 1))) return BYTES_OUT;
  if (field.id === 24 && present.has(key(Pen.iana, 2))) return PACKETS_OUT;
  return undefined;
}

function makeOp(target: Target, base: Omit<Op, 'kind' | 'column' | 'conversion'>): Op | undefined {
  const { column, as } = target;
  const { length } = base;
  if (length === 0) return undefined;
  const variable = length === VARIABLE_LENGTH;
  const isTime = column.name === 'flow_start_time' || column.name === 'flow_end_time';
  const index = storedColumns.indexOf(column);
  const op = (kind: OpKind): Op => ({ ...base, kind, column: index, conversion: as });
  if (isTime) {
    if (variable || length > 8 || (!as!.endsWith('Uptime') && length < 4)) return undefined;
    return op('time');
  }
  if (column.type === 'IPv6') return length === 4 ? op('ipv4') : length === 16 ? op('ipv6') : undefined;
  if (column.type === 'String' || column.type === 'LowCardinality(String)')
    return op(as === 'hex' ? 'hex' : 'text');
  if (variable) return undefined;
  if (as === 'highByte' || as === 'lowByte') return length === 2 ? op(as) : undefined;
  if (as === 'mplsLabel') return length === 3 || length === 4 ? op(as) : undefined;
  if (as !== undefined) return length <= 8 ? op(as as OpKind) : undefined;
  if (length > 8) return undefined;
  switch (column.type) {
    case 'UInt8':
      return op('unsigned8');
    case 'UInt16':
      return op('unsigned16');
    case 'UInt32':
      return op('unsigned32');
    case 'UInt64':
      return op('unsigned64');
    default:
      return column.type.startsWith('Enum8') ? op('unsigned8') : undefined;
  }
}
