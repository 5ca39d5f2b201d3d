import {
  type Column,
  type Conversion,
  Pen,
  RecordFlag,
  type TimeEncoding,
  at,
  columnByName,
  columns,
  storedColumns,
} from '@weir/core';
import type { UnusedCount } from './exporter.ts';
import { type Template, type TemplateField, V9_SCOPE_PEN, VARIABLE_LENGTH } from './template.ts';

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
  | 'applicationId'
  | 'or16'
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

/** Where a field lies in its record. */
export interface Place {
  /** Segment k begins after the k-th variable-length field. */
  readonly segment: number;
  /** Bytes from the start of the segment. */
  readonly offset: number;
  /** Bytes on the wire, `VARIABLE_LENGTH` where each record says: then the value lies just before segment `segment`. */
  readonly length: number;
}

export interface Op extends Place {
  readonly kind: OpKind;
  /** Stored column that it fills (not for `time` and `sampler`). */
  readonly column: number;
  /** Only a value other than zero is written: another field has been there before. */
  readonly keepIfZero: boolean;
  /** For `time`: which of the two, and how it is written. */
  readonly isStart: boolean;
  readonly encoding: TimeEncoding | undefined;
}

/** An element that no column takes: a user can see what an exporter sends in vain. */
export interface UnusedElement {
  readonly pen: number;
  readonly id: number;
}

/** A template compiled for decoding column by column. */
export interface Plan {
  readonly ops: readonly Op[];
  /** Those that come after another of the same column and write over it where they are not zero (addresses and times see to that themselves). */
  readonly overlays: readonly Op[];
  /** What works on values that are there: bits added to others, a rate made of a sampling interval. */
  readonly additions: readonly Op[];
  /** Lengths of the segments between variable-length fields; one more than there are such fields. */
  readonly segmentLengths: readonly number[];
  readonly unused: readonly UnusedElement[];
  /** Where the exporter's unused elements are counted, found at first use. */
  unusedCounts: readonly UnusedCount[] | undefined;
  /** Columns that some op fills. */
  readonly fills: ReadonlySet<number>;
  readonly hasStart: boolean;
  readonly hasEnd: boolean;
  /** Start and end are told, and by the uptime in v9's header alone. */
  readonly uptimesOnly: boolean;
  /** Some record may come without a time though there is a field for it. */
  readonly timesMayLack: boolean;
  readonly hasSampler: boolean;
  /** Bits of `record_flags` that hold for every record. */
  readonly flags: number;
  /** Some time is relative to the system's start, which IPFIX does not tell in its header. */
  readonly needsSystemStart: boolean;
  /** Where the records themselves tell the system's start. */
  readonly systemStart: Place | undefined;
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

/** Elements that select a sampler: flowSamplerId, selectorId. */
const SAMPLERS = new Set([48, 302]);
/**
 * Elements with a meaning of their own, though no column takes them as they are: samplingPacketSpace, paddingOctets,
 * ipVersion, samplingAlgorithm, samplerMode, systemInitTimeMilliseconds.
 */
const UNDERSTOOD = new Set([306, 210, 60, 35, 49, 160]);

/** Elements that options data is read for, beside those that a column takes: see options.ts. */
const LEARNT = new Set([83, 304, 309, 310, 311]);

/** Columns in which zero is a count like any other, so that a lesser source must not show through. */
const COUNTS: ReadonlySet<string> = new Set([
  'bytes_in',
  'packets_in',
  'bytes_out',
  'packets_out',
  'dropped_bytes',
  'dropped_packets',
  'duration_ms',
]);

interface Placed {
  readonly field: TemplateField;
  readonly segment: number;
  readonly offset: number;
}

/**
 * Compiles a data template. `version` is 9 or 10 (IPFIX): the same number can mean something else.
 *
 * Where several fields feed one column, the column table's order decides: the better one is written last, and only where it
 * is not zero, since exporters with one template for IPv4 and IPv6, or for TCP, UDP and ICMP, leave one of them empty. Of
 * counters the best alone counts.
 */
export function compilePlan(template: Template, version: 9 | 10): Plan {
  const placed: Placed[] = [];
  const segmentLengths: number[] = [];
  let length = 0;
  for (const field of template.fields) {
    if (field.length === VARIABLE_LENGTH) {
      segmentLengths.push(length);
      length = 0;
      placed.push({ field, segment: segmentLengths.length, offset: 0 });
    } else {
      placed.push({ field, segment: segmentLengths.length, offset: length });
      length += field.length;
    }
  }
  segmentLengths.push(length);

  const present = new Set(template.fields.map((f) => key(f.pen, f.id)));
  const candidates = new Map<string, { rank: number; op: Op }[]>();
  const unused: UnusedElement[] = [];
  const seen = new Set<string>();
  let flags = 0;
  let systemStart: Place | undefined;
  const additions: Op[] = [];

  for (const { field, segment, offset } of placed) {
    const name = key(field.pen, field.id);
    if (field.length === 0 || seen.has(name)) continue; // the first of repeated elements is the outermost (RFC 7011 section 8)
    seen.add(name);
    const place = { segment, offset, length: field.length };
    const base = { ...place, keepIfZero: false, isStart: false, encoding: undefined };
    const numeric = field.length >= 1 && field.length <= 8;
    if (numeric && field.pen === Pen.iana && SAMPLERS.has(field.id)) {
      add('sampler', 0, { ...base, kind: 'sampler', column: -1 });
      continue;
    }
    if (numeric && field.pen === Pen.iana && field.id === 306 && present.has(key(Pen.iana, 305))) {
      additions.push({ ...base, kind: 'packetSpace', column: at.sampling_rate });
      continue;
    }
    if (numeric && field.pen === Pen.iana && field.id === 160) systemStart = place;
    const reverseCounter = reverseOfNetflow9(field, version, present);
    const feeds =
      reverseCounter === undefined
        ? (targets.get(name) ?? [])
        : [{ column: storedColumns[reverseCounter]!, rank: 0, as: undefined }];
    let used =
      field.pen === V9_SCOPE_PEN ||
      (field.pen === Pen.iana && (UNDERSTOOD.has(field.id) || (template.options && LEARNT.has(field.id))));
    for (const target of feeds) {
      const op = makeOp(target, base);
      if (op === undefined) continue;
      used = true;
      if (op.kind === 'or16') additions.push(op);
      else add(target.column.name, target.rank, op);
    }
    if (!used) unused.push({ pen: field.pen, id: field.id });
  }

  function add(slot: string, rank: number, op: Op): void {
    const list = candidates.get(slot) ?? [];
    list.push({ rank, op });
    candidates.set(slot, list);
  }

  const ops: Op[] = [];
  const overlays: Op[] = [];
  for (const [slot, list] of candidates) {
    list.sort((a, b) => b.rank - a.rank);
    const { op, rank } = list.at(-1)!;
    const seesToZeros = columnByName(slot)?.type === 'IPv6' || op.kind === 'time';
    if (COUNTS.has(slot) || slot === 'sampler') ops.push(op);
    else if (seesToZeros) list.forEach(({ op }, i) => ops.push({ ...op, keepIfZero: i > 0 }));
    else {
      ops.push(list[0]!.op);
      for (const { op } of list.slice(1)) overlays.push({ ...op, keepIfZero: true });
    }
    const element = columnByName(slot)?.from[rank]?.id ?? 0;
    if (slot === 'bytes_in' && LAYER2.has(element)) flags |= RecordFlag.layer2Bytes;
    if ((slot === 'bytes_in' || slot === 'packets_in') && TOTALS.has(element))
      flags |= RecordFlag.totalCounters;
  }
  const times = ops.filter((o) => o.kind === 'time');

  return {
    ops,
    overlays,
    additions,
    segmentLengths,
    unused,
    unusedCounts: undefined,
    flags,
    fills: new Set([...ops, ...additions].filter((o) => o.column >= 0).map((o) => o.column)),
    hasStart: candidates.has('flow_start_time'),
    hasEnd: candidates.has('flow_end_time'),
    uptimesOnly:
      version === 9 &&
      times.length === 2 &&
      times.every((o) => o.encoding === 'Uptime') &&
      times[0]!.isStart !== times[1]!.isStart,
    timesMayLack: times.some(
      (o) => !o.keepIfZero && o.encoding !== 'Uptime' && o.encoding !== 'DeltaMicroseconds',
    ),
    hasSampler: candidates.has('sampler'),
    needsSystemStart: version === 10 && times.some((o) => o.encoding === 'Uptime'),
    systemStart: version === 10 ? systemStart : undefined,
  };
}

/** Layer-2 octet counters. */
const LAYER2 = new Set([352, 353]);
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
  if (field.id === 23 && present.has(key(Pen.iana, 1))) return at.bytes_out;
  if (field.id === 24 && present.has(key(Pen.iana, 2))) return at.packets_out;
  return undefined;
}

function makeOp(target: Target, base: Omit<Op, 'kind' | 'column'>): Op | undefined {
  const { column, as } = target;
  const { length } = base;
  if (length === 0) return undefined;
  const variable = length === VARIABLE_LENGTH;
  const op = (kind: OpKind): Op => ({ ...base, kind, column: storedColumns.indexOf(column) });
  if (column.name === 'flow_start_time' || column.name === 'flow_end_time') {
    const isStart = as!.startsWith('start');
    const encoding = as!.slice(isStart ? 'start'.length : 'end'.length) as TimeEncoding;
    if (!fitsTime(encoding, length)) return undefined;
    return { ...op('time'), isStart, encoding };
  }
  if (column.type === 'IPv6') return length === 4 ? op('ipv4') : length === 16 ? op('ipv6') : undefined;
  if (column.type === 'String' || column.type === 'LowCardinality(String)')
    return op(as === 'hex' ? 'hex' : 'text');
  if (as === 'applicationId' && (variable || length > 8))
    return variable || length <= 32 ? op('applicationId') : undefined;
  if (variable || length > 8) return undefined;
  if (as === 'or') return length <= 2 ? op('or16') : undefined;
  if (as === 'highByte' || as === 'lowByte') return length === 2 ? op(as) : undefined;
  if (as === 'mplsLabel') return length === 3 || length === 4 ? op(as) : undefined;
  if (as !== undefined && as !== 'applicationId') return op(as as OpKind);
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

/** NTP's form has 8 bytes; the others may be reduced, though a time in milliseconds since 1970 needs at least 6. */
function fitsTime(encoding: TimeEncoding, length: number): boolean {
  if (length > 8) return false;
  switch (encoding) {
    case 'NtpMicroseconds':
    case 'NtpNanoseconds':
      return length === 8;
    case 'Milliseconds':
      return length >= 6;
    case 'Seconds':
      return length >= 4;
    default:
      return true;
  }
}
