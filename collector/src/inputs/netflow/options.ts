import { Pen } from '@weir/core';
import { applicationHigh, applicationKey, applicationLow } from './application.ts';
import { unsigned } from './bytes.ts';
import type { Domain, Exporter } from './exporter.ts';
import type { RecordLayout } from './layout.ts';
import { type Template, V9_SCOPE_PEN, VARIABLE_LENGTH } from './template.ts';

const decoder = new TextDecoder();
const MAX_NAME_BYTES = 256;

/** Where a learnt fact goes; each of the tables is bounded by `limit`. */
export interface LearningLimits {
  readonly namesPerExporter: number;
}

/**
 * Learns from one set of options data (RFC 7011 section 3.4.2.2, RFC 3954 section 6.1): sampling rates, names of
 * interfaces, VRFs and applications, the system's start. Returns whether something new was learnt.
 */
export function learnOptions(
  template: Template,
  bytes: Uint8Array,
  layout: RecordLayout,
  exporter: Exporter,
  domain: Domain,
  limits: LearningLimits,
): boolean {
  const spans = fieldSpans(template);
  let changed = false;
  for (let r = 0; r < layout.records; r++) {
    const record = new OptionsRecord(spans, bytes, layout, r);
    changed = learnSampling(record, domain, limits) || changed;
    if (learnNames(record, exporter, limits)) {
      exporter.namesVersion++;
      changed = true;
    }
    const start = record.number(Pen.iana, 160);
    if (start !== undefined && start !== domain.systemStartMs) {
      domain.systemStartMs = start;
      changed = true;
    }
  }
  return changed;
}

interface Span {
  readonly key: string;
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
}

function fieldSpans(template: Template): Span[] {
  const spans: Span[] = [];
  let segment = 0;
  let offset = 0;
  for (const { pen, id, length } of template.fields) {
    const key = `${pen}:${id}`;
    if (length === VARIABLE_LENGTH) {
      segment++;
      offset = 0;
      spans.push({ key, segment, offset: 0, length });
    } else {
      spans.push({ key, segment, offset, length });
      offset += length;
    }
  }
  return spans;
}

/** One record of options data, its fields found by number. Options are few: here objects do no harm. */
class OptionsRecord {
  private readonly spans: readonly Span[];
  private readonly bytes: Uint8Array;
  private readonly layout: RecordLayout;
  private readonly row: number;

  constructor(spans: readonly Span[], bytes: Uint8Array, layout: RecordLayout, row: number) {
    this.spans = spans;
    this.bytes = bytes;
    this.layout = layout;
    this.row = row;
  }

  /** The field's bytes as [from, to), undefined where the template has none. */
  private range(pen: number, id: number): readonly [number, number] | undefined {
    const key = `${pen}:${id}`;
    const span = this.spans.find((s) => s.key === key);
    if (span === undefined || span.length === 0) return undefined;
    const at = this.layout.starts[span.segment * this.layout.records + this.row]!;
    if (span.length !== VARIABLE_LENGTH) return [at + span.offset, at + span.offset + span.length];
    return [at - this.layout.lengths[span.segment * this.layout.records + this.row]!, at];
  }

  number(pen: number, ...ids: readonly number[]): number | undefined {
    for (const id of ids) {
      const range = this.range(pen, id);
      if (range !== undefined && range[1] - range[0] <= 8 && range[1] > range[0])
        return unsigned(this.bytes, range[0], range[1] - range[0]);
    }
    return undefined;
  }

  application(pen: number, id: number): number | undefined {
    const range = this.range(pen, id);
    if (range === undefined || range[1] === range[0]) return undefined;
    const [from, to] = range;
    return applicationKey(applicationHigh(this.bytes, from, to), applicationLow(this.bytes, from, to));
  }

  /** A probability: float64 or float32. */
  real(pen: number, id: number): number | undefined {
    const range = this.range(pen, id);
    if (range === undefined) return undefined;
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + range[0], range[1] - range[0]);
    return view.byteLength === 8
      ? view.getFloat64(0)
      : view.byteLength === 4
        ? view.getFloat32(0)
        : undefined;
  }

  text(pen: number, id: number): string | undefined {
    const range = this.range(pen, id);
    if (range === undefined) return undefined;
    let [from, to] = range;
    to = Math.min(to, from + MAX_NAME_BYTES);
    let end = from;
    while (end < to && this.bytes[end] !== 0) end++;
    while (from < end && this.bytes[from] === 0x20) from++;
    while (end > from && this.bytes[end - 1] === 0x20) end--;
    return decoder.decode(this.bytes.subarray(from, end));
  }
}

function learnSampling(record: OptionsRecord, domain: Domain, limits: LearningLimits): boolean {
  const rate = announcedRate(record);
  if (rate === undefined) return false;
  const sampler = record.number(Pen.iana, 302, 48);
  if (sampler === undefined) {
    const index = record.number(Pen.iana, 10, 14, 252, 253) ?? record.number(V9_SCOPE_PEN, 2);
    if (index !== undefined) return remember(domain.interfaceRates, index, rate, limits);
    if (domain.samplingRate === rate) return false;
    domain.samplingRate = rate;
    return true;
  }
  if (domain.samplers.get(sampler) === rate) return false;
  if (domain.samplers.size >= 1024 && !domain.samplers.has(sampler)) return false;
  domain.samplers.set(sampler, rate);
  return true;
}

/** One packet in how many (RFC 5477 section 8.2; RFC 7270 for the older elements); undefined where nothing is said. */
function announcedRate(record: OptionsRecord): number | undefined {
  const interval = record.number(Pen.iana, 305);
  if (interval !== undefined && interval > 0) {
    const space = record.number(Pen.iana, 306);
    if (space !== undefined) return asRate((interval + space) / interval);
    return asRate(interval);
  }
  const size = record.number(Pen.iana, 309);
  const population = record.number(Pen.iana, 310);
  if (size !== undefined && population !== undefined && size > 0) return asRate(population / size);
  const probability = record.real(Pen.iana, 311);
  if (probability !== undefined && probability > 0 && probability <= 1) return asRate(1 / probability);
  const older = record.number(Pen.iana, 50, 34);
  return older === undefined ? undefined : asRate(older);
}

function asRate(rate: number): number | undefined {
  const rounded = Math.round(rate);
  return rounded >= 1 && rounded <= 0xffffffff ? rounded : undefined;
}

function learnNames(record: OptionsRecord, exporter: Exporter, limits: LearningLimits): boolean {
  let changed = false;
  const index = record.number(Pen.iana, 10, 14, 252, 253) ?? record.number(V9_SCOPE_PEN, 2);
  const name = record.text(Pen.iana, 82);
  const description = record.text(Pen.iana, 83);
  if (index !== undefined && (name !== undefined || description !== undefined)) {
    const known = exporter.interfaces.get(index);
    const next = { name: name ?? known?.name ?? '', description: description ?? known?.description ?? '' };
    const room = exporter.interfaces.size < limits.namesPerExporter || known !== undefined;
    if (room && (known?.name !== next.name || known.description !== next.description)) {
      exporter.interfaces.set(index, next);
      changed = true;
    }
  }
  const vrf = record.number(Pen.iana, 234, 235);
  changed = remember(exporter.vrfs, vrf, record.text(Pen.iana, 236), limits) || changed;
  const application = record.application(Pen.iana, 95);
  return remember(exporter.applications, application, record.text(Pen.iana, 96), limits) || changed;
}

function remember<T extends string | number>(
  known: Map<number, T>,
  id: number | undefined,
  value: T | undefined,
  limits: LearningLimits,
): boolean {
  if (id === undefined || value === undefined || value === '' || known.get(id) === value) return false;
  if (known.size >= limits.namesPerExporter && !known.has(id)) return false;
  known.set(id, value);
  return true;
}
