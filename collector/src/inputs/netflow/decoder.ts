import { type FlowBatch, type FlowSource, RecordFlag, netflow9Field } from '@weir/core';
import type { DatagramReason, SetReason } from '../../ledger/reasons.ts';
import { u16, u32 } from './bytes.ts';
import { completeRows } from './complete.ts';
import { type CopyContext, copyField } from './copy.ts';
import { Domain, type Exporter } from './exporter.ts';
import { RecordLayout } from './layout.ts';
import { type NetflowLimits, defaultLimits } from './limits.ts';
import { V5_FILLS, V5_HEADER, copyV5Records, readV5Header } from './netflow5.ts';
import { learnOptions } from './options.ts';
import { compilePlan } from './plan.ts';
import { type SequenceTracker, fingerprint } from './sequence.ts';
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
  readonly receivedMs: number;
  readonly exportMs: number;
  readonly uptimeMs: number;
  readonly sink: FlowSink;
  flows: number;
  /** Data records seen: flows and options. */
  records: number;
  templates: number;
  malformed: number;
  /** Sets without a template, to be reckoned when the whole message has been read. */
  readonly waiting: { bytes: number; templateId: number; content: Uint8Array }[];
}

const V9_HEADER = 20;
const IPFIX_HEADER = 16;
const SET_HEADER = 4;
const FIRST_DATA_SET = 256;
/** Guess at the size of a record of which nothing is known. */
const TYPICAL_RECORD = 48;

const NO_FIELDS: ReadonlySet<number> = new Set();

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
    systemStartMs: NaN,
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
    if (
      !this.follow(
        exporter,
        domain,
        tracker,
        header.sequence,
        fingerprint(bytes),
        header.exportMs - header.uptimeMs,
        records,
      )
    )
      return refused('duplicate');
    exporter.versions.add(5);
    exporter.observeClock(header.exportMs, receivedMs);
    const { ledger } = exporter;
    if (header.count > header.heldRecords) {
      // A datagram of version 5 has 30 records at most: what the count promises beyond is not believed.
      const missing = Math.max(0, Math.min(header.count, 30) - records);
      ledger.setsMalformed.count_too_large++;
      ledger.recordsAnnounced += missing;
      ledger.recordsLost.malformed += missing;
    }
    const batch = sink.reserve(records);
    const row = batch.rows;
    copyV5Records(bytes, records, header, batch, row);
    completeRows(batch, row, row + records, {
      exporter,
      domain,
      source: 'netflow5',
      receivedMs,
      flags: this.skewFlag(exporter),
      fills: V5_FILLS,
      hasStart: true,
      hasEnd: true,
      samplers: undefined,
      headerSamplingRate: header.samplingRate,
    });
    batch.rows += records;
    ledger.flows += records;
    ledger.recordsAnnounced += records;
    tracker.settle(Math.max(records, Math.min(header.count, 30)));
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
    const print = fingerprint(bytes);
    if (!this.follow(exporter, domain, tracker, sequence, print, exportMs - uptimeMs, domain.meanRecords))
      return refused('duplicate');
    exporter.versions.add(9);
    exporter.observeClock(exportMs, receivedMs);
    const message = makeMessage(exporter, domain, 9, receivedMs, exportMs, uptimeMs, sink);
    this.readSets(message, bytes, V9_HEADER, bytes.length);
    // The count covers templates too; some exporters count sets instead, so that it is only believed upwards.
    this.reckon(message, count - message.templates - message.records);
    tracker.settle(message.records);
    domain.meanRecords += (message.records - domain.meanRecords) / (domain.meanRecords === 0 ? 1 : 16);
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
    if (!this.follow(exporter, domain, tracker, sequence, fingerprint(bytes), NaN, 0))
      return refused('duplicate');
    exporter.versions.add(10);
    exporter.observeClock(exportMs, receivedMs);
    const message = makeMessage(exporter, domain, 10, receivedMs, exportMs, NaN, sink);
    if (length > bytes.length) exporter.ledger.setsMalformed.set_truncated++;
    this.readSets(message, bytes, IPFIX_HEADER, Math.min(length, bytes.length));
    this.reckon(message, 0);
    tracker.settle(message.records);
    return { kind: 'decoded', flows: message.flows };
  }

  /** Books what the sequence tells. False where the datagram is one that has been seen. */
  private follow(
    exporter: Exporter,
    domain: Domain,
    tracker: SequenceTracker,
    sequence: number,
    print: number,
    bootMs: number,
    records: number,
  ): boolean {
    const { ledger } = exporter;
    const verdict = tracker.arrive(sequence, print, bootMs);
    const perUnit = tracker.unit === 'records' ? 1 : Math.round(domain.meanRecords);
    switch (verdict.kind) {
      case 'duplicate':
        return false;
      case 'gap': {
        // What IPFIX numbers and no set without template explains has been lost on the way.
        const explained = tracker.unit === 'records' ? this.explain(exporter, domain, verdict.missing) : 0;
        const missing = (verdict.missing - explained) * perUnit;
        if (missing > 0 || explained === 0) ledger.sequenceGaps++;
        if (tracker.unit === 'datagrams') ledger.datagramsMissing += verdict.missing;
        ledger.recordsAnnounced += missing;
        ledger.recordsLost.sequence_gap += missing;
        return true;
      }
      case 'late': {
        ledger.reordered++;
        if (verdict.units === 0) return true;
        if (tracker.unit === 'datagrams') ledger.datagramsMissing = Math.max(0, ledger.datagramsMissing - 1);
        const back = Math.min(
          tracker.unit === 'records' ? records : perUnit,
          ledger.recordsLost.sequence_gap,
        );
        ledger.recordsLost.sequence_gap -= back;
        ledger.recordsAnnounced -= back;
        return true;
      }
      case 'reset':
        ledger.sequenceResets++;
        return true;
      default:
        return true;
    }
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

  private readSets(message: Message, bytes: Uint8Array, from: number, to: number): void {
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
      if (at + length > to) {
        malformed(message, 'set_truncated');
        return;
      }
      this.readSet(message, id, bytes, at + SET_HEADER, at + length);
      at += length;
    }
    if (to - at > 0 && !isZero(bytes, at, to)) ledger.setsMalformed.set_truncated++;
  }

  private readSet(message: Message, id: number, bytes: Uint8Array, from: number, to: number): void {
    const ipfix = message.version === 10;
    if (id === (ipfix ? 2 : 0)) this.readTemplates(message, bytes, from, to);
    else if (id === (ipfix ? 3 : 1)) {
      if (ipfix) this.readOptionsTemplates(message, bytes, from, to);
      else this.readV9OptionsTemplates(message, bytes, from, to);
    } else if (id < FIRST_DATA_SET) malformed(message, 'set_reserved_id');
    else {
      const template = message.domain.templates.get(id);
      if (template === undefined)
        message.waiting.push({ bytes: to - from, templateId: id, content: bytes.subarray(from, to) });
      else this.readData(message, template, bytes, from, to, false);
    }
  }

  /** Templates of both versions (RFC 3954 section 5.2, RFC 7011 section 3.4.1). */
  private readTemplates(message: Message, bytes: Uint8Array, from: number, to: number): void {
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
      at = this.readTemplate(message, id, fieldCount, 0, false, bytes, at, to);
      if (at < 0) return;
    }
  }

  /** RFC 7011 section 3.4.2.2. */
  private readOptionsTemplates(message: Message, bytes: Uint8Array, from: number, to: number): void {
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
      at = this.readTemplate(
        message,
        id,
        fieldCount,
        Math.min(scopeCount, fieldCount),
        true,
        bytes,
        at + 2,
        to,
      );
      if (at < 0) return;
    }
  }

  /** RFC 3954 section 6.1: lengths of the scope and of the options in bytes, not counts of fields. */
  private readV9OptionsTemplates(message: Message, bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (to - at >= 6) {
      const id = u16(bytes, at);
      const scopeLength = u16(bytes, at + 2);
      const optionLength = u16(bytes, at + 4);
      if (id === 0) return;
      at += 6;
      const scopeCount = scopeLength >> 2;
      at = this.readTemplate(message, id, scopeCount + (optionLength >> 2), scopeCount, true, bytes, at, to);
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
    bytes: Uint8Array,
    at: number,
    to: number,
  ): number {
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
    } else {
      if (known === undefined && !this.makeRoomForTemplate(exporter, domain))
        return malformed(message, 'template_limit');
      if (known === undefined) {
        exporter.templateCount++;
        this.templateCount++;
      }
      domain.templates.set(template.id, template);
      this.changes++;
    }
    if (domain.pending.length > 0 || message.waiting.length > 0) this.decodeWaiting(message, template);
  }

  private makeRoomForTemplate(exporter: Exporter, domain: Domain): boolean {
    if (
      exporter.templateCount >= this.limits.templatesPerExporter ||
      this.templateCount >= this.limits.templates
    ) {
      let oldest: Template | undefined;
      for (const t of domain.templates.values())
        if (oldest === undefined || t.usedMs < oldest.usedMs) oldest = t;
      if (oldest === undefined) return false;
      this.forget(exporter, domain, oldest.id);
    }
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
    for (const template of [...message.domain.templates.values()])
      if (template.options === options && (id === allId || template.id === id))
        this.forget(message.exporter, message.domain, template.id);
  }

  private decodeWaiting(message: Message, template: Template): void {
    const { exporter, domain } = message;
    for (const set of message.waiting.filter((s) => s.templateId === template.id)) {
      message.waiting.splice(message.waiting.indexOf(set), 1);
      this.readData(message, template, set.content, 0, set.content.length, true);
    }
    if (domain.pending.length === 0) return;
    const ready = domain.pending.filter((s) => s.templateId === template.id);
    if (ready.length === 0) return;
    domain.pending = domain.pending.filter((s) => s.templateId !== template.id);
    for (const set of ready) {
      this.release(exporter, set.bytes.length);
      this.recount(exporter, set, 0);
      const earlier = makeMessage(
        exporter,
        domain,
        message.version,
        set.receivedMs,
        set.exportMs,
        set.uptimeMs,
        message.sink,
      );
      this.readData(earlier, template, set.bytes, 0, set.bytes.length, true);
      message.flows += earlier.flows;
    }
  }

  private release(exporter: Exporter, bytes: number): void {
    exporter.pendingBytes -= bytes;
    this.pendingBytes -= bytes;
  }

  private readData(
    message: Message,
    template: Template,
    bytes: Uint8Array,
    from: number,
    to: number,
    late: boolean,
  ): void {
    const { exporter, domain } = message;
    const { layout, context } = this;
    const plan = (template.plan ??= compilePlan(template, message.version));
    template.usedMs = message.receivedMs;
    layout.lay(template, plan, bytes, from, to);
    const { records } = layout;
    if (layout.cutShort) malformed(message, 'record_truncated');
    else if (records === 0 && to > from && !isZero(bytes, from, to)) malformed(message, 'record_truncated');
    message.records += records;
    exporter.ledger.recordsAnnounced += records;
    if (template.options) {
      exporter.ledger.optionsRecords += records;
      if (learnOptions(template, bytes, layout, exporter, domain, this.limits)) this.changes++;
      return;
    }
    if (records === 0) return;
    const batch = message.sink.reserve(records);
    const row = batch.rows;
    context.exportMs = message.exportMs;
    context.uptimeMs = message.uptimeMs;
    context.systemStartMs = domain.systemStartMs;
    context.saturated = false;
    if (plan.hasSampler && context.samplers.length < records)
      context.samplers = new Float64Array(records * 2);
    if (plan.hasStart) batch.startMs.fill(NaN, row, row + records);
    if (plan.hasEnd) batch.endMs.fill(NaN, row, row + records);
    for (const op of plan.ops) copyField(op, bytes, layout, batch, row, context);
    let flags = plan.flags | this.skewFlag(exporter);
    if (late) flags |= RecordFlag.lateTemplate;
    if (context.saturated) flags |= RecordFlag.saturated;
    if (plan.needsSystemStart && Number.isNaN(domain.systemStartMs)) flags |= RecordFlag.relativeTimes;
    completeRows(batch, row, row + records, {
      exporter,
      domain,
      source: SOURCE[message.version],
      receivedMs: message.receivedMs,
      flags,
      fills: plan.fills ?? NO_FIELDS,
      hasStart: plan.hasStart,
      hasEnd: plan.hasEnd,
      samplers: plan.hasSampler ? context.samplers : undefined,
      headerSamplingRate: 0,
    });
    batch.rows += records;
    message.flows += records;
    exporter.ledger.flows += records;
    for (const element of plan.unused)
      this.countUnused(exporter, element.pen, element.id, message.version, records);
  }

  private countUnused(exporter: Exporter, pen: number, id: number, version: number, records: number): void {
    const key = `${version}/${pen}/${id}`;
    const count = exporter.unused.get(key);
    if (count !== undefined) count.records += records;
    else if (exporter.unused.size < this.limits.unusedElementsPerExporter)
      exporter.unused.set(key, { pen, id, version, records });
  }

  /**
   * Closes a message's account. `unseen` is how many records the header promises beyond those seen: they are in sets without
   * a template or in what was malformed.
   */
  private reckon(message: Message, unseen: number): void {
    const { ledger } = message.exporter;
    let left = Math.max(0, unseen);
    const counted =
      message.version === 9 && left > 0 && message.malformed === 0 && message.waiting.length === 1;
    for (const set of message.waiting) {
      const guess = Math.max(1, Math.floor(set.bytes / TYPICAL_RECORD));
      const records = left > 0 ? Math.min(counted ? left : guess, left, set.bytes) : guess;
      left -= Math.min(left, records);
      this.keepWaiting(message, set.templateId, set.content, records, message.version === 9);
    }
    if (message.malformed > 0) {
      const lost = Math.max(1, Math.min(left, 1500));
      ledger.recordsAnnounced += lost;
      ledger.recordsLost.malformed += lost;
    }
  }

  /** Keeps a set for when its template comes; the oldest of the same exporter give way where there is no room. */
  private keepWaiting(
    message: Message,
    templateId: number,
    content: Uint8Array,
    records: number,
    counted: boolean,
  ): void {
    const { exporter, domain } = message;
    const { ledger } = exporter;
    exporter.templateMissingMs = message.receivedMs;
    if (content.length === 0) return;
    while (
      domain.pending.length > 0 &&
      (exporter.pendingBytes + content.length > this.limits.pendingBytesPerExporter ||
        this.pendingBytes + content.length > this.limits.pendingBytes)
    )
      this.giveUp(exporter, domain);
    ledger.recordsAnnounced += records;
    if (
      exporter.pendingBytes + content.length > this.limits.pendingBytesPerExporter ||
      this.pendingBytes + content.length > this.limits.pendingBytes
    ) {
      ledger.recordsLost.template_missing += records;
      return;
    }
    ledger.recordsWaiting += records;
    exporter.pendingBytes += content.length;
    this.pendingBytes += content.length;
    domain.pending.push({
      templateId,
      bytes: content.slice(),
      receivedMs: message.receivedMs,
      exportMs: message.exportMs,
      uptimeMs: message.uptimeMs,
      records,
      counted,
    });
  }

  /** The oldest waiting set of a domain is lost for want of its template. */
  private giveUp(exporter: Exporter, domain: Domain): void {
    const set = domain.pending.shift()!;
    this.release(exporter, set.bytes.length);
    exporter.ledger.recordsWaiting -= set.records;
    exporter.ledger.recordsLost.template_missing += set.records;
  }

  /** Forgets what is too old: waiting data, templates. Call it every few seconds. */
  sweep(exporters: Iterable<Exporter>, nowMs: number): void {
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
          exporter.domains.delete(key);
      }
    }
  }

  private domainOf(exporter: Exporter, version: number, id: number, nowMs: number): Domain {
    let domain = exporter.domain(version, id);
    if (domain === undefined) {
      if (exporter.domains.size >= this.limits.domainsPerExporter) this.dropOldestDomain(exporter);
      domain = new Domain(id, version);
      exporter.domains.set(`${version}/${id}`, domain);
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
    exporter.domains.delete(key);
  }

  private skewFlag(exporter: Exporter): number {
    return Math.abs(exporter.clockOffsetMs) > this.limits.clockSkewMs ? RecordFlag.clockSkew : 0;
  }
}

const SOURCE: Readonly<Record<9 | 10, FlowSource>> = { 9: 'netflow9', 10: 'ipfix' };

function refused(reason: DatagramReason): DatagramOutcome {
  return { kind: 'refused', reason };
}

function makeMessage(
  exporter: Exporter,
  domain: Domain,
  version: 9 | 10,
  receivedMs: number,
  exportMs: number,
  uptimeMs: number,
  sink: FlowSink,
): Message {
  return {
    exporter,
    domain,
    version,
    receivedMs,
    exportMs,
    uptimeMs,
    sink,
    flows: 0,
    records: 0,
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
