import { type FlowBatch, type FlowSource, RecordFlag, netflow9Field } from '@weir/core';
import type { DatagramReason, SetReason } from '../../ledger/reasons.ts';
import { type Octets, octetsOf, u16, u32 } from './bytes.ts';
import { completeRows } from './complete.ts';
import { type CopyContext, copyField, overlayField } from './copy.ts';
import { Domain, type Exporter, type UnusedCount } from './exporter.ts';
import { RecordLayout } from './layout.ts';
import { type NetflowLimits, defaultLimits } from './limits.ts';
import { V5_FILLS, V5_HEADER, V5_MAX_RECORDS, copyV5Records, readV5Header } from './netflow5.ts';
import { learnOptions } from './options.ts';
import { type Plan, compilePlan } from './plan.ts';
import type { PendingSet } from './pending.ts';
import { type SequenceTracker, type SequenceVerdict, fingerprint } from './sequence.ts';
import {
  type Template,
  type TemplateField,
  type TemplateProblem,
  V9_SCOPE_PEN,
  makeTemplate,
  sameLayout,
} from './template.ts';

/** What became of a datagram. */
export type DatagramOutcome =
  | { readonly kind: 'decoded'; readonly flows: number }
  | { readonly kind: 'refused'; readonly reason: DatagramReason };

/** Where flows go: a batch with room for at least `rows` more. */
export interface FlowSink {
  reserve(rows: number): FlowBatch;
}

/** One message (v9, IPFIX) while it is being read. */
interface Message {
  readonly exporter: Exporter;
  readonly domain: Domain;
  readonly version: 9 | 10;
  readonly octets: Octets;
  readonly receivedMs: number;
  readonly exportMs: number;
  readonly uptimeMs: number;
  readonly sink: FlowSink;
  flows: number;
  /** Data records seen: flows and options. */
  records: number;
  /** Those of them that are options. */
  options: number;
  templates: number;
  malformed: number;
  /** Sets without a template, to be reckoned when the whole message has been read. */
  readonly waiting: { readonly templateId: number; readonly from: number; readonly to: number }[];
}

const V9_HEADER = 20;
const IPFIX_HEADER = 16;
const SET_HEADER = 4;
const FIRST_DATA_SET = 256;
/** Guess at the size of a record of which nothing is known. */
const TYPICAL_RECORD = 48;

/** No datagram holds more records than this of any use. */
const MOST_RECORDS = 1500;
/** What a waiting set takes beside its bytes. */
const PENDING_OVERHEAD = 256;
/** Of the templates announced longest ago, among how many the least used is looked for. */
const EVICTION_CANDIDATES = 64;

/**
 * NetFlow v5 (Cisco), v9 (RFC 3954) and IPFIX (RFC 7011), without I/O: bytes in, rows in the sink's batch and counts in the
 * exporter's ledger out. Nothing that a datagram holds makes it throw.
 */
export class NetflowDecoder {
  /** Counts changes to what `state.ts` saves: templates and what was learnt from options. */
  changes = 0;
  templateCount = 0;
  pendingBytes = 0;
  private readonly limits: NetflowLimits;
  private readonly layout = new RecordLayout();
  private readonly context: CopyContext = {
    exportMs: 0,
    uptimeMs: NaN,
    systemStart: undefined,
    samplers: new Float64Array(0),
    saturated: false,
  };

  constructor(limits: Partial<NetflowLimits> = {}) {
    this.limits = { ...defaultLimits, ...limits };
  }

  /** Decodes one UDP payload that came from `port` of `exporter` at `receivedMs` (milliseconds since 1970). */
  decode(
    bytes: Uint8Array,
    exporter: Exporter,
    port: number,
    receivedMs: number,
    sink: FlowSink,
  ): DatagramOutcome {
    const { ledger } = exporter;
    ledger.datagramsReceived++;
    ledger.bytesReceived += bytes.length;
    exporter.lastSeenMs = receivedMs;
    const outcome = this.dispatch(bytes, exporter, port, receivedMs, sink);
    if (outcome.kind === 'decoded') ledger.datagramsDecoded++;
    else ledger.datagramsRefused[outcome.reason]++;
    return outcome;
  }

  private dispatch(
    bytes: Uint8Array,
    exporter: Exporter,
    port: number,
    receivedMs: number,
    sink: FlowSink,
  ): DatagramOutcome {
    if (bytes.length < 4) return refused('too_short');
    switch (u16(bytes, 0)) {
      case 5:
        return bytes.length < V5_HEADER
          ? refused('too_short')
          : this.decodeV5(bytes, exporter, port, receivedMs, sink);
      case 9:
        return bytes.length < V9_HEADER
          ? refused('too_short')
          : this.decodeV9(bytes, exporter, port, receivedMs, sink);
      case 10:
        return bytes.length < IPFIX_HEADER
          ? refused('too_short')
          : this.decodeIpfix(bytes, exporter, port, receivedMs, sink);
      default:
        return refused('unknown_version');
    }
  }

  private decodeV5(
    bytes: Uint8Array,
    exporter: Exporter,
    port: number,
    receivedMs: number,
    sink: FlowSink,
  ): DatagramOutcome {
    const header = readV5Header(bytes);
    const records = Math.min(header.count, header.heldRecords);
    if (records === 0) return refused('no_records');
    const domain = this.domainOf(exporter, 5, header.engine, receivedMs);
    const tracker = domain.stream(port, 'records');
    const verdict = tracker.arrive(header.sequence, fingerprint(bytes), header.exportMs - header.uptimeMs);
    if (verdict.kind === 'duplicate') return refused('duplicate');
    const booked = this.bookSequence(exporter, domain, tracker, verdict);
    exporter.versions.add(5);
    exporter.observeClock(header.exportMs, receivedMs);
    const { ledger } = exporter;
    if (header.count > header.heldRecords) {
      // A datagram of version 5 has 30 records at most: what the count promises beyond is not believed.
      const missing = Math.max(0, Math.min(header.count, V5_MAX_RECORDS) - records);
      ledger.setsMalformed.count_too_large++;
      ledger.recordsAnnounced += missing;
      ledger.recordsLost.malformed += missing;
    }
    const batch = sink.reserve(records);
    const row = batch.rows;
    copyV5Records(octetsOf(bytes).view, records, header, batch, row);
    completeRows(batch, row, row + records, {
      exporter,
      domain,
      source: 'netflow5',
      receivedMs,
      flags: this.skewFlag(exporter),
      fills: V5_FILLS,
      hasStart: true,
      hasEnd: true,
      uptimesOnly: true,
      relativeTimes: false,
      samplers: undefined,
      headerSamplingRate: header.samplingRate,
    });
    batch.rows += records;
    ledger.flows += records;
    ledger.recordsAnnounced += records;
    const counted = Math.max(records, Math.min(header.count, V5_MAX_RECORDS));
    this.settle(domain, tracker, verdict, exporter, booked, records, counted, counted);
    return { kind: 'decoded', flows: records };
  }

  private decodeV9(
    bytes: Uint8Array,
    exporter: Exporter,
    port: number,
    receivedMs: number,
    sink: FlowSink,
  ): DatagramOutcome {
    const count = u16(bytes, 2);
    const uptimeMs = u32(bytes, 4);
    const exportMs = u32(bytes, 8) * 1000;
    const sequence = u32(bytes, 12);
    const domain = this.domainOf(exporter, 9, u32(bytes, 16), receivedMs);
    const tracker = domain.stream(port, 'datagrams');
    const verdict = tracker.arrive(sequence, fingerprint(bytes), exportMs - uptimeMs);
    if (verdict.kind === 'duplicate') return refused('duplicate');
    const booked = this.bookSequence(exporter, domain, tracker, verdict);
    exporter.versions.add(9);
    exporter.observeClock(exportMs, receivedMs);
    const message = makeMessage(exporter, domain, 9, octetsOf(bytes), receivedMs, exportMs, uptimeMs, sink);
    this.readSets(message, V9_HEADER, bytes.length);
    // The count covers templates too; some exporters count sets instead, so that it is only believed upwards.
    this.reckon(message, count - message.templates - message.records);
    const flows = message.records - message.options;
    this.settle(domain, tracker, verdict, exporter, booked, message.records, message.records, flows);
    return { kind: 'decoded', flows: message.flows };
  }

  private decodeIpfix(
    bytes: Uint8Array,
    exporter: Exporter,
    port: number,
    receivedMs: number,
    sink: FlowSink,
  ): DatagramOutcome {
    const length = u16(bytes, 2);
    if (length < IPFIX_HEADER) return refused('bad_length');
    const exportMs = u32(bytes, 4) * 1000;
    const sequence = u32(bytes, 8);
    const domain = this.domainOf(exporter, 10, u32(bytes, 12), receivedMs);
    const tracker = domain.stream(port, 'records');
    const verdict = tracker.arrive(sequence, fingerprint(bytes), NaN);
    if (verdict.kind === 'duplicate') return refused('duplicate');
    // Open vSwitch numbers the records of all its observation domains by one count: those of the others are not lost.
    const ofOthers = exporter.countSent(port, 0) - tracker.sentByAll;
    const isShared = verdict.kind === 'gap' && verdict.missing === ofOthers;
    const booked = isShared ? 0 : this.bookSequence(exporter, domain, tracker, verdict);
    exporter.versions.add(10);
    exporter.observeClock(exportMs, receivedMs);
    const message = makeMessage(exporter, domain, 10, octetsOf(bytes), receivedMs, exportMs, NaN, sink);
    if (length > bytes.length) exporter.ledger.setsMalformed.set_truncated++;
    this.readSets(message, IPFIX_HEADER, Math.min(length, bytes.length));
    this.reckon(message, 0);
    const flows = message.records - message.options;
    this.settle(domain, tracker, verdict, exporter, booked, message.records, message.records, flows);
    tracker.sentByAll = exporter.countSent(port, message.records);
    return { kind: 'decoded', flows: message.flows };
  }

  /** Books what the sequence tells before the datagram is read; returns the records booked as lost. */
  private bookSequence(
    exporter: Exporter,
    domain: Domain,
    tracker: SequenceTracker,
    verdict: SequenceVerdict,
  ): number {
    const { ledger } = exporter;
    switch (verdict.kind) {
      case 'gap':
        return this.bookGap(exporter, domain, tracker, verdict.missing);
      case 'late':
        ledger.reordered++;
        return 0;
      case 'reset':
        ledger.sequenceResets++;
        return 0;
      default:
        return 0;
    }
  }

  private bookGap(exporter: Exporter, domain: Domain, tracker: SequenceTracker, units: number): number {
    const { ledger } = exporter;
    // What IPFIX numbers and no set without template explains has been lost on the way.
    const explained = tracker.unit === 'records' ? this.explain(exporter, domain, units) : 0;
    const missing = (units - explained) * recordsPerUnit(domain, tracker);
    if (units > explained) ledger.sequenceGaps++;
    if (tracker.unit === 'datagrams') ledger.datagramsMissing += units;
    ledger.recordsAnnounced += missing;
    ledger.recordsLost.sequence_gap += missing;
    return missing;
  }

  /**
   * Books what the sequence tells once the datagram has been read: `counted` records move it, `records` were read, of them
   * `flows` flows. `booked` records were taken for lost before.
   */
  private settle(
    domain: Domain,
    tracker: SequenceTracker,
    verdict: SequenceVerdict,
    exporter: Exporter,
    booked: number,
    records: number,
    counted: number,
    flows: number,
  ): void {
    const { ledger } = exporter;
    const settlement = tracker.settle(counted, flows);
    if (settlement.kind === 'gap') this.bookGap(exporter, domain, tracker, settlement.missing);
    if (settlement.kind === 'revoked') {
      if (verdict.kind === 'gap' && booked > 0) ledger.sequenceGaps--;
      if (verdict.kind === 'late') ledger.reordered--;
      if (verdict.kind === 'reset') ledger.sequenceResets--;
      ledger.recordsAnnounced -= booked;
      ledger.recordsLost.sequence_gap -= booked;
    } else if (verdict.kind === 'late' && verdict.fills) {
      // It had been booked as lost.
      const held = tracker.unit === 'records' ? counted : recordsPerUnit(domain, tracker);
      const back = Math.min(held, ledger.recordsLost.sequence_gap);
      ledger.recordsLost.sequence_gap -= back;
      ledger.recordsAnnounced -= back;
      if (tracker.unit === 'datagrams') ledger.datagramsMissing = Math.max(0, ledger.datagramsMissing - 1);
    }
    domain.meanRecords += (records - domain.meanRecords) / (domain.meanRecords === 0 ? 1 : 16);
  }

  /** Gives a gap in IPFIX's record sequence to sets that wait for their template and whose size was only guessed. */
  private explain(exporter: Exporter, domain: Domain, missing: number): number {
    let left = missing;
    for (const set of domain.pending) {
      if (set.counted) continue;
      const records = Math.min(left, set.bytes.length);
      this.recount(exporter, set, records);
      set.counted = true;
      left -= records;
    }
    return missing - left;
  }

  private recount(exporter: Exporter, set: { records: number }, records: number): void {
    exporter.ledger.recordsAnnounced += records - set.records;
    exporter.ledger.recordsWaiting += records - set.records;
    set.records = records;
  }

  private readSets(message: Message, from: number, to: number): void {
    const { bytes } = message.octets;
    const { ledger } = message.exporter;
    let at = from;
    while (to - at >= SET_HEADER) {
      const id = u16(bytes, at);
      const length = u16(bytes, at + 2);
      if (length < SET_HEADER) {
        // Zeros to the end are padding, as some exporters fill their datagrams.
        if (id !== 0 || length !== 0) malformed(message, 'set_bad_length');
        return;
      }
      // Exporters are known to forget padding in the message's length: the datagram's own is what counts.
      if (at + length > bytes.length) {
        malformed(message, 'set_truncated');
        return;
      }
      this.readSet(message, id, at + SET_HEADER, at + length);
      at += length;
    }
    if (to - at > 0 && !isZero(bytes, at, to)) ledger.setsMalformed.set_truncated++;
  }

  private readSet(message: Message, id: number, from: number, to: number): void {
    const ipfix = message.version === 10;
    if (id === (ipfix ? 2 : 0)) this.readTemplates(message, from, to);
    else if (id === (ipfix ? 3 : 1)) {
      if (ipfix) this.readOptionsTemplates(message, from, to);
      else this.readV9OptionsTemplates(message, from, to);
    } else if (id < FIRST_DATA_SET) malformed(message, 'set_reserved_id');
    else {
      const template = message.domain.templates.get(id);
      if (template !== undefined) this.readData(message, template, from, to, false);
      else if (to > from) message.waiting.push({ templateId: id, from, to });
    }
  }

  /** Templates of both versions (RFC 3954 section 5.2, RFC 7011 section 3.4.1). */
  private readTemplates(message: Message, from: number, to: number): void {
    const { bytes } = message.octets;
    let at = from;
    while (to - at >= 4) {
      const id = u16(bytes, at);
      const fieldCount = u16(bytes, at + 2);
      if (id === 0 && fieldCount === 0) return; // padding
      at += 4;
      if (fieldCount === 0 && message.version === 10) {
        this.withdraw(message, id, 2, false);
        continue;
      }
      at = this.readTemplate(message, id, fieldCount, 0, false, at, to);
      if (at < 0) return;
    }
  }

  /** RFC 7011 section 3.4.2.2. */
  private readOptionsTemplates(message: Message, from: number, to: number): void {
    const { bytes } = message.octets;
    let at = from;
    while (to - at >= 4) {
      const id = u16(bytes, at);
      const fieldCount = u16(bytes, at + 2);
      if (id === 0 && fieldCount === 0) return;
      at += 4;
      if (fieldCount === 0) {
        this.withdraw(message, id, 3, true);
        continue;
      }
      if (to - at < 2) return malformed(message, 'template_truncated');
      const scopeCount = u16(bytes, at);
      at = this.readTemplate(message, id, fieldCount, Math.min(scopeCount, fieldCount), true, at + 2, to);
      if (at < 0) return;
    }
  }

  /** RFC 3954 section 6.1: lengths of the scope and of the options in bytes, not counts of fields. */
  private readV9OptionsTemplates(message: Message, from: number, to: number): void {
    const { bytes } = message.octets;
    let at = from;
    while (to - at >= 6) {
      const id = u16(bytes, at);
      const scopeLength = u16(bytes, at + 2);
      const optionLength = u16(bytes, at + 4);
      if (id === 0) return;
      at += 6;
      const scopeCount = scopeLength >> 2;
      at = this.readTemplate(message, id, scopeCount + (optionLength >> 2), scopeCount, true, at, to);
      if (at < 0) return;
    }
  }

  /** Reads one template's fields from `at`; the offset after them, or -1 where the rest of the set is lost. */
  private readTemplate(
    message: Message,
    id: number,
    fieldCount: number,
    scopeCount: number,
    options: boolean,
    at: number,
    to: number,
  ): number {
    const { bytes } = message.octets;
    if (fieldCount > this.limits.fieldsPerTemplate) return fail(message, 'template_too_many_fields');
    const fields: TemplateField[] = [];
    for (let f = 0; f < fieldCount; f++) {
      if (to - at < 4) return fail(message, 'template_truncated');
      const number = u16(bytes, at);
      const length = u16(bytes, at + 2);
      at += 4;
      if (message.version === 10) {
        const enterprise = (number & 0x8000) !== 0;
        if (enterprise && to - at < 4) return fail(message, 'template_truncated');
        fields.push({ pen: enterprise ? u32(bytes, at) : 0, id: number & 0x7fff, length });
        if (enterprise) at += 4;
      } else if (options && f < scopeCount) fields.push({ pen: V9_SCOPE_PEN, id: number, length });
      else fields.push({ ...netflow9Field(number), length });
    }
    message.templates++;
    if (id < FIRST_DATA_SET) malformed(message, 'template_bad_id');
    else {
      const template = makeTemplate(id, fields, scopeCount, options, message.receivedMs);
      if (typeof template === 'string') malformed(message, template);
      else this.install(message, template);
    }
    return at;
  }

  /** Takes a template into its domain, and decodes what has waited for it. */
  private install(message: Message, template: Template): void {
    const { exporter, domain } = message;
    exporter.ledger.templatesReceived++;
    const known = domain.templates.get(template.id);
    if (known !== undefined && sameLayout(known, template)) {
      known.seenMs = message.receivedMs;
      known.usedMs = message.receivedMs;
      domain.templates.delete(known.id); // the map is kept in order of announcement
      domain.templates.set(known.id, known);
      template = known;
    } else {
      if (known === undefined && !this.makeRoomForTemplate(exporter, domain))
        return malformed(message, 'template_limit');
      if (known === undefined) {
        exporter.templateCount++;
        this.templateCount++;
      }
      domain.templates.delete(template.id);
      domain.templates.set(template.id, template);
      this.changes++;
    }
    if (domain.pending.length > 0 || message.waiting.length > 0) this.decodeWaiting(message, template);
  }

  /** An exporter that announces without end pushes out its own templates, those first that it has not used for longest. */
  private makeRoomForTemplate(exporter: Exporter, domain: Domain): boolean {
    if (
      exporter.templateCount < this.limits.templatesPerExporter &&
      this.templateCount < this.limits.templates
    )
      return true;
    const holder = domain.templates.size > 0 ? domain : fullestDomain(exporter);
    let oldest: Template | undefined;
    let looked = 0;
    for (const template of holder.templates.values()) {
      if (oldest === undefined || template.usedMs < oldest.usedMs) oldest = template;
      if (++looked === EVICTION_CANDIDATES) break;
    }
    if (oldest === undefined) return false;
    this.forget(exporter, holder, oldest.id);
    return true;
  }

  private forget(exporter: Exporter, domain: Domain, templateId: number): void {
    if (!domain.templates.delete(templateId)) return;
    exporter.templateCount--;
    this.templateCount--;
    this.changes++;
  }

  /** RFC 7011 section 8.1: one template by its id, all by the id of their set. */
  private withdraw(message: Message, id: number, allId: number, options: boolean): void {
    message.templates++;
    const { exporter, domain } = message;
    if (id === allId) {
      for (const template of [...domain.templates.values()])
        if (template.options === options) this.forget(exporter, domain, template.id);
    } else if (id < FIRST_DATA_SET) malformed(message, 'template_bad_id');
    else if (domain.templates.get(id)?.options === options) this.forget(exporter, domain, id);
  }

  /** Decodes what came before its template: in this message, or in earlier ones. */
  private decodeWaiting(message: Message, template: Template): void {
    const { waiting, exporter, domain } = message;
    for (let i = 0; i < waiting.length;) {
      const set = waiting[i]!;
      if (set.templateId !== template.id) i++;
      else {
        waiting.splice(i, 1);
        this.readData(message, template, set.from, set.to, true);
      }
    }
    if (!domain.pending.some((set) => set.templateId === template.id)) return;
    const ready = domain.pending.filter((set) => set.templateId === template.id);
    domain.pending = domain.pending.filter((set) => set.templateId !== template.id);
    for (const set of ready) {
      this.release(exporter, set);
      this.recount(exporter, set, 0);
      const octets = octetsOf(set.bytes);
      const { version, sink } = message;
      const earlier = makeMessage(
        exporter,
        domain,
        version,
        octets,
        set.receivedMs,
        set.exportMs,
        set.uptimeMs,
        sink,
      );
      this.readData(earlier, template, 0, set.bytes.length, true);
      if (earlier.malformed > 0) this.bookMalformed(exporter, 0);
      message.flows += earlier.flows;
    }
  }

  private release(exporter: Exporter, set: PendingSet): void {
    exporter.pendingBytes -= set.bytes.length + PENDING_OVERHEAD;
    this.pendingBytes -= set.bytes.length + PENDING_OVERHEAD;
  }

  private readData(message: Message, template: Template, from: number, to: number, late: boolean): void {
    const { exporter, domain, octets } = message;
    const { bytes } = octets;
    const { layout } = this;
    const plan = (template.plan ??= compilePlan(template, message.version));
    template.usedMs = message.receivedMs;
    layout.lay(template, plan, bytes, from, to);
    const { records } = layout;
    if (layout.cutShort || (records === 0 && !isZero(bytes, from, to)))
      malformed(message, 'record_truncated');
    if (records === 0) return;
    if (template.options) {
      if (learnOptions(template, bytes, layout, exporter, domain, this.limits)) this.changes++;
      exporter.ledger.optionsRecords += records;
      message.options += records;
    } else {
      this.writeFlows(message, plan, late);
      message.flows += records;
      exporter.ledger.flows += records;
    }
    exporter.ledger.recordsAnnounced += records;
    message.records += records;
    if (plan.unused.length > 0) this.countUnused(exporter, plan, message.version, records);
  }

  /** Writes the records that have been laid out into the batch. */
  private writeFlows(message: Message, plan: Plan, late: boolean): void {
    const { exporter, domain, octets } = message;
    const { layout, context } = this;
    const { records } = layout;
    const batch = message.sink.reserve(records);
    const row = batch.rows;
    const startKnown = plan.systemStart !== undefined || !Number.isNaN(domain.systemStartMs);
    context.exportMs = message.exportMs;
    context.uptimeMs = message.version === 9 ? message.uptimeMs : message.exportMs - domain.systemStartMs;
    context.systemStart = plan.systemStart;
    context.saturated = false;
    if (plan.hasSampler && context.samplers.length < records)
      context.samplers = new Float64Array(records * 2);
    if (plan.timesMayLack) {
      batch.startMs.fill(NaN, row, row + records);
      batch.endMs.fill(NaN, row, row + records);
    }
    try {
      for (const op of plan.ops) copyField(op, octets, layout, batch, row, context);
      for (const op of plan.overlays) overlayField(op, octets, layout, batch, row, context);
      for (const op of plan.additions) copyField(op, octets, layout, batch, row, context);
      let flags = plan.flags | this.skewFlag(exporter);
      if (late) flags |= RecordFlag.lateTemplate;
      if (context.saturated) flags |= RecordFlag.saturated;
      completeRows(batch, row, row + records, {
        exporter,
        domain,
        source: SOURCE[message.version],
        receivedMs: message.receivedMs,
        flags,
        fills: plan.fills,
        hasStart: plan.hasStart,
        hasEnd: plan.hasEnd,
        uptimesOnly: plan.uptimesOnly,
        relativeTimes: plan.needsSystemStart && !startKnown,
        samplers: plan.hasSampler ? context.samplers : undefined,
        headerSamplingRate: 0,
      });
    } catch (fault) {
      batch.wipe(row, row + records);
      throw fault;
    }
    batch.rows += records;
  }

  private countUnused(exporter: Exporter, plan: Plan, version: number, records: number): void {
    plan.unusedCounts ??= this.unusedCounts(exporter, plan, version);
    for (const count of plan.unusedCounts) count.records += records;
  }

  private unusedCounts(exporter: Exporter, plan: Plan, version: number): UnusedCount[] {
    const counts: UnusedCount[] = [];
    for (const { pen, id } of plan.unused) {
      const key = `${version}/${pen}/${id}`;
      let count = exporter.unused.get(key);
      if (count === undefined) {
        if (exporter.unused.size >= this.limits.unusedElementsPerExporter) continue;
        count = { pen, id, version, records: 0 };
        exporter.unused.set(key, count);
      }
      counts.push(count);
    }
    return counts;
  }

  /**
   * Closes a message's account. `unseen` is how many records the header promises beyond those seen: they are in sets without
   * a template or in what was malformed.
   */
  private reckon(message: Message, unseen: number): void {
    let left = Math.max(0, unseen);
    const counted =
      message.version === 9 && left > 0 && message.malformed === 0 && message.waiting.length === 1;
    for (const set of message.waiting) {
      const bytes = set.to - set.from;
      const guess = Math.max(1, Math.floor(bytes / TYPICAL_RECORD));
      const records = left > 0 ? Math.min(counted ? left : guess, left, bytes) : guess;
      left -= Math.min(left, records);
      this.keepWaiting(message, set.templateId, message.octets.bytes.slice(set.from, set.to), records);
    }
    if (message.malformed > 0) this.bookMalformed(message.exporter, left);
  }

  /** What was malformed held at least a record, and no more than a datagram can. */
  private bookMalformed(exporter: Exporter, promised: number): void {
    const lost = Math.max(1, Math.min(promised, MOST_RECORDS));
    exporter.ledger.recordsAnnounced += lost;
    exporter.ledger.recordsLost.malformed += lost;
  }

  /** Keeps a set for when its template comes; the oldest of the same exporter give way where there is no room. */
  private keepWaiting(message: Message, templateId: number, bytes: Uint8Array, records: number): void {
    const { exporter, domain } = message;
    const { ledger } = exporter;
    exporter.templateMissingMs = message.receivedMs;
    ledger.recordsAnnounced += records;
    const room = bytes.length + PENDING_OVERHEAD;
    while (!this.hasRoomToWait(exporter, room)) {
      const holder = domainWaitingLongest(exporter);
      if (holder === undefined) {
        ledger.recordsLost.template_missing += records;
        return;
      }
      this.giveUp(exporter, holder);
    }
    ledger.recordsWaiting += records;
    exporter.pendingBytes += room;
    this.pendingBytes += room;
    const { receivedMs, exportMs, uptimeMs } = message;
    const counted = message.version === 9;
    domain.pending.push({ templateId, bytes, receivedMs, exportMs, uptimeMs, records, counted });
  }

  private hasRoomToWait(exporter: Exporter, bytes: number): boolean {
    return (
      exporter.pendingBytes + bytes <= this.limits.pendingBytesPerExporter &&
      this.pendingBytes + bytes <= this.limits.pendingBytes
    );
  }

  /** The oldest waiting set of a domain is lost for want of its template. */
  private giveUp(exporter: Exporter, domain: Domain): void {
    const set = domain.pending.shift()!;
    this.release(exporter, set);
    exporter.ledger.recordsWaiting -= set.records;
    exporter.ledger.recordsLost.template_missing += set.records;
  }

  /** Forgets what is too old: waiting data, templates. Call it every few seconds, with all exporters there are. */
  sweep(exporters: Iterable<Exporter>, nowMs: number): void {
    let templates = 0;
    let pendingBytes = 0;
    for (const exporter of exporters) {
      for (const [key, domain] of exporter.domains) {
        while (domain.pending.length > 0 && nowMs - domain.pending[0]!.receivedMs > this.limits.pendingMs)
          this.giveUp(exporter, domain);
        for (const template of domain.templates.values())
          if (nowMs - template.usedMs > this.limits.templateLifetimeMs)
            this.forget(exporter, domain, template.id);
        if (
          domain.templates.size === 0 &&
          domain.pending.length === 0 &&
          nowMs - domain.usedMs > this.limits.templateLifetimeMs
        )
          exporter.dropDomain(key);
      }
      templates += exporter.templateCount;
      pendingBytes += exporter.pendingBytes;
    }
    // Exporters that were forgotten took theirs with them.
    this.templateCount = templates;
    this.pendingBytes = pendingBytes;
  }

  private domainOf(exporter: Exporter, version: number, id: number, nowMs: number): Domain {
    let domain = exporter.domain(version, id);
    if (domain === undefined) {
      if (exporter.domains.size >= this.limits.domainsPerExporter) this.dropOldestDomain(exporter);
      domain = new Domain(id, version);
      exporter.addDomain(domain);
    }
    domain.usedMs = nowMs;
    return domain;
  }

  private dropOldestDomain(exporter: Exporter): void {
    let oldest: [string, Domain] | undefined;
    for (const entry of exporter.domains)
      if (oldest === undefined || entry[1].usedMs < oldest[1].usedMs) oldest = entry;
    if (oldest === undefined) return;
    const [key, domain] = oldest;
    exporter.ledger.setsMalformed.domain_limit++;
    while (domain.pending.length > 0) this.giveUp(exporter, domain);
    for (const id of [...domain.templates.keys()]) this.forget(exporter, domain, id);
    exporter.dropDomain(key);
  }

  private skewFlag(exporter: Exporter): number {
    return Math.abs(exporter.clockOffsetMs) > this.limits.clockSkewMs ? RecordFlag.clockSkew : 0;
  }
}

/** How many records a missing unit of the sequence is reckoned to have held. */
function recordsPerUnit(domain: Domain, tracker: SequenceTracker): number {
  return tracker.unit === 'records' ? 1 : Math.round(domain.meanRecords);
}

function fullestDomain(exporter: Exporter): Domain {
  let fullest: Domain | undefined;
  for (const domain of exporter.domains.values())
    if (fullest === undefined || domain.templates.size > fullest.templates.size) fullest = domain;
  return fullest!;
}

function domainWaitingLongest(exporter: Exporter): Domain | undefined {
  let longest: Domain | undefined;
  for (const domain of exporter.domains.values()) {
    const since = domain.pending[0]?.receivedMs ?? Infinity;
    if (since < (longest?.pending[0]?.receivedMs ?? Infinity)) longest = domain;
  }
  return longest;
}

const SOURCE: Readonly<Record<9 | 10, FlowSource>> = { 9: 'netflow9', 10: 'ipfix' };

function refused(reason: DatagramReason): DatagramOutcome {
  return { kind: 'refused', reason };
}

function makeMessage(
  exporter: Exporter,
  domain: Domain,
  version: 9 | 10,
  octets: Octets,
  receivedMs: number,
  exportMs: number,
  uptimeMs: number,
  sink: FlowSink,
): Message {
  return {
    exporter,
    domain,
    version,
    octets,
    receivedMs,
    exportMs,
    uptimeMs,
    sink,
    flows: 0,
    records: 0,
    options: 0,
    templates: 0,
    malformed: 0,
    waiting: [],
  };
}

function malformed(message: Message, reason: SetReason | TemplateProblem): void {
  message.exporter.ledger.setsMalformed[reason]++;
  if (!reason.startsWith('template') && reason !== 'set_reserved_id') message.malformed++;
}

function fail(message: Message, reason: SetReason): -1 {
  malformed(message, reason);
  return -1;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
