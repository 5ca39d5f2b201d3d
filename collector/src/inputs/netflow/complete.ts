import { type FlowBatch, type FlowSource, RecordFlag, at, flowSources, fillText } from '@weir/core';
import { applicationKey } from './application.ts';
import type { Domain, Exporter } from './exporter.ts';

/** What holds for all rows of one set, beside what its fields say. */
export interface SetContext {
  readonly exporter: Exporter;
  readonly domain: Domain;
  readonly source: FlowSource;
  readonly receivedMs: number;
  /** Bits of `record_flags` known so far. */
  flags: number;
  /** Columns that fields have filled. */
  readonly fills: ReadonlySet<number>;
  readonly hasStart: boolean;
  readonly hasEnd: boolean;
  /** Start and end of every record are known, by the uptime in the header. */
  readonly uptimesOnly: boolean;
  /** Times may be milliseconds since a start of the system that is not known. */
  readonly relativeTimes: boolean;
  /** Sampler of each record, where the template names one. */
  readonly samplers: Float64Array | undefined;
  /** Rate in the header (v5), 0 where there is none. */
  readonly headerSamplingRate: number;
}

const TWO_32 = 4294967296;
const ICMP = 1;
const ICMPV6 = 58;

/** Fills what no field says by itself in the rows `[from, to)`: times, origin, sampling, names, ICMP, verdict. */
export function completeRows(batch: FlowBatch, from: number, to: number, context: SetContext): void {
  fillTimes(batch, from, to, context);
  fillOrigin(batch, from, to, context);
  fillSampling(batch, from, to, context);
  fillNames(batch, from, to, context);
  fillIcmp(batch, from, to, context);
  fillVerdict(batch, from, to, context);
  if (context.flags !== 0) {
    const flags = batch.u16(at.record_flags);
    for (let r = from; r < to; r++) flags[r] = flags[r]! | context.flags;
  }
}

/** What ClickHouse's DateTime64 can show: years 1970 to 2299. Times beyond are no times. */
const LATEST_MS = 10_413_791_999_999;

/** Times by uptime lie within 25 days of each other: where the first is far from both ends of the calendar, none is beyond. */
function plausible(ms: number): boolean {
  return ms > TWO_32 && ms < LATEST_MS - TWO_32;
}

function fillTimes(batch: FlowBatch, from: number, to: number, context: SetContext): void {
  const { startMs, endMs } = batch;
  const { hasStart, hasEnd } = context;
  const sentDuration = context.fills.has(at.duration_ms);
  if (!hasStart && !hasEnd) {
    context.flags |= RecordFlag.noTimes;
    return;
  }
  const receivedMs = Math.floor(context.receivedMs / 1000) * 1000;
  const lag = batch.u32(at.end_lag_ms);
  const duration = batch.u32(at.duration_ms);
  if (context.uptimesOnly && plausible(endMs[from]!)) {
    for (let r = from; r < to; r++) {
      const end = endMs[r]!;
      const took = end - startMs[r]!;
      const behind = receivedMs - end;
      duration[r] = took > 0 ? took : 0;
      lag[2 * r] = behind;
      lag[2 * r + 1] = Math.floor(behind / TWO_32);
    }
    return;
  }
  for (let r = from; r < to; r++) {
    let start = hasStart ? startMs[r]! : NaN;
    let end = hasEnd ? endMs[r]! : NaN;
    if (!(start >= 0 && start <= LATEST_MS)) start = NaN;
    if (!(end >= 0 && end <= LATEST_MS)) end = NaN;
    let relative = false;
    if (context.relativeTimes) {
      // What is below 2^32 is an uptime; beside a time by the calendar it is of no use.
      relative = !(start >= TWO_32 || end >= TWO_32);
      if (!relative && start < TWO_32) start = NaN;
      if (!relative && end < TWO_32) end = NaN;
    }
    if (end !== end) {
      if (start !== start) {
        batch.u16(at.record_flags)[r] = RecordFlag.noTimes;
        continue;
      }
      end = sentDuration ? start + duration[r]! : start;
    }
    if (start !== start) start = sentDuration ? end - duration[r]! : end;
    let took = Math.floor(end) - Math.floor(start);
    if (relative) {
      if (took < -0x80000000) took += TWO_32; // the uptime wrapped between the two
      batch.u16(at.record_flags)[r] = RecordFlag.relativeTimes;
    }
    duration[r] = took <= 0 ? 0 : took >= TWO_32 ? TWO_32 - 1 : took;
    if (relative) continue;
    const behind = receivedMs - Math.floor(end);
    lag[2 * r] = behind;
    lag[2 * r + 1] = Math.floor(behind / TWO_32);
  }
}

function fillOrigin(batch: FlowBatch, from: number, to: number, context: SetContext): void {
  const { exporter, domain } = context;
  batch.u32(at.timestamp).fill(Math.floor(context.receivedMs / 1000), from, to);
  const words = batch.u32(at.collector_ip);
  const [a, b, c, d] = exporter.words as unknown as [number, number, number, number];
  for (let w = 4 * from; w < 4 * to; w += 4) {
    words[w + 2] = c;
    words[w + 3] = d;
  }
  // Of an IPv4 address the first half is zero, as the rows are.
  if (a !== 0 || b !== 0)
    for (let w = 4 * from; w < 4 * to; w += 4) {
      words[w] = a;
      words[w + 1] = b;
    }
  batch.u8(at.flow_source).fill(flowSources.indexOf(context.source) + 1, from, to);
  if (domain.id !== 0) batch.u32(at.observation_domain).fill(domain.id, from, to);
  fillText(batch, at.exporter_name, exporter.profile.name, from, to);
  fillText(batch, at.tenant_id, exporter.profile.tenantId, from, to);
}

function fillSampling(batch: FlowBatch, from: number, to: number, context: SetContext): void {
  const { exporter, domain, samplers } = context;
  const { samplingRate: configured, defaultSamplingRate } = exporter.profile;
  const otherwise =
    configured ??
    (domain.samplingRate || context.headerSamplingRate || onlySampler(domain) || (defaultSamplingRate ?? 0));
  if (configured === undefined && (samplers !== undefined || context.fills.has(at.sampling_rate))) {
    const rates = batch.u32(at.sampling_rate);
    let last = NaN;
    let rate = 0;
    for (let r = from; r < to; r++) {
      if (rates[r] !== 0) continue;
      const sampler = samplers?.[r - from] ?? 0;
      if (sampler !== last) {
        last = sampler;
        rate =
          domain.samplers.get(sampler) ??
          (sampler === 0 ? otherwise : domain.samplingRate || (defaultSamplingRate ?? 0));
      }
      rates[r] = rate;
    }
    exporter.lastSamplingRate = to > from ? rates[to - 1]! : exporter.lastSamplingRate;
    return;
  }
  if (configured === undefined && domain.interfaceRates.size > 0 && context.fills.has(at.input_interface)) {
    fillInterfaceRates(batch, from, to, context, otherwise);
    return;
  }
  exporter.lastSamplingRate = otherwise;
  if (otherwise !== 0) batch.u32(at.sampling_rate).fill(otherwise, from, to);
}

/** Each record has the rate of the interface it came in by, or else left by. */
function fillInterfaceRates(
  batch: FlowBatch,
  from: number,
  to: number,
  context: SetContext,
  otherwise: number,
): void {
  const { interfaceRates } = context.domain;
  const rates = batch.u32(at.sampling_rate);
  const input = batch.u32(at.input_interface);
  const output = context.fills.has(at.output_interface) ? batch.u32(at.output_interface) : input;
  for (let r = from; r < to; r++)
    rates[r] = interfaceRates.get(input[r]!) ?? interfaceRates.get(output[r]!) ?? otherwise;
  if (to > from) context.exporter.lastSamplingRate = rates[to - 1]!;
}

/** Records that name no sampler belong to the only one that was announced. */
function onlySampler(domain: Domain): number {
  return domain.samplers.size === 1 ? (domain.samplers.values().next().value ?? 0) : 0;
}

function fillNames(batch: FlowBatch, from: number, to: number, context: SetContext): void {
  const { exporter, fills } = context;
  if (exporter.namesInterfaces) {
    if (fills.has(at.input_interface))
      lookUp(batch, at.input_interface, at.input_interface_name, from, to, exporter, interfaceName);
    if (fills.has(at.output_interface))
      lookUp(batch, at.output_interface, at.output_interface_name, from, to, exporter, interfaceName);
  }
  if (exporter.vrfs.size > 0) {
    if (fills.has(at.vrf_id)) lookUp(batch, at.vrf_id, at.vrf_name, from, to, exporter, vrfName);
    if (fills.has(at.egress_vrf_id))
      lookUp(batch, at.egress_vrf_id, at.egress_vrf_name, from, to, exporter, vrfName);
  }
  if (exporter.applications.size > 0 && fills.has(at.application_id))
    lookUp(batch, at.application_id, at.application, from, to, exporter, applicationName, true);
}

function interfaceName(exporter: Exporter, index: number): string {
  return exporter.interfaceName(index);
}

function vrfName(exporter: Exporter, id: number): string {
  return exporter.vrfs.get(id) ?? '';
}

function applicationName(exporter: Exporter, id: number): string {
  return exporter.applications.get(id) ?? '';
}

/** Texts by number, column to column; what a field has already said stays. */
function lookUp(
  batch: FlowBatch,
  numbers: number,
  texts: number,
  from: number,
  to: number,
  exporter: Exporter,
  nameOf: (exporter: Exporter, id: number) => string,
  wide = false,
): void {
  const ids = batch.u32(numbers);
  const out = batch.u32(texts);
  const dictionary = batch.dictionary(texts);
  const known = exporter.nameIds(texts, batch);
  let last = -1;
  let text = 0;
  for (let r = from; r < to; r++) {
    if (out[r] !== 0) continue;
    const id = wide ? applicationKey(ids[2 * r + 1]!, ids[2 * r]!) : ids[r]!;
    if (id !== last) {
      last = id;
      const found = known.get(id);
      if (found === undefined) known.set(id, (text = dictionary.internText(nameOf(exporter, id))));
      else text = found;
    }
    out[r] = text;
  }
}

/** Without elements for them, ICMP's type and code stand in the destination port (NetFlow v5 and its heirs). */
function fillIcmp(batch: FlowBatch, from: number, to: number, context: SetContext): void {
  const { fills } = context;
  if (!fills.has(at.protocol) || !fills.has(at.destination_port)) return;
  if (fills.has(at.icmp_type) || fills.has(at.icmp_code)) return;
  const protocols = batch.u8(at.protocol);
  const ports = batch.u16(at.destination_port);
  for (let r = from; r < to; r++) {
    if (protocols[r] !== ICMP && protocols[r] !== ICMPV6) continue;
    const port = ports[r]!;
    if (port === 0) continue;
    // ICMPv6 has no type 0: what stands in the low octet alone is a type (IOS XR, of neighbour discovery).
    const low = port < 256 && protocols[r] === ICMPV6;
    batch.u8(at.icmp_type)[r] = low ? port : port >>> 8;
    batch.u8(at.icmp_code)[r] = low ? 0 : port & 0xff;
  }
}

const FORWARDED = 1;
const DROPPED = 2;
const CONSUMED = 3;
const FIREWALL_DENIED = 3;

function fillVerdict(batch: FlowBatch, from: number, to: number, context: SetContext): void {
  const { fills } = context;
  const verdict =
    fills.has(at.forwarding_status) || fills.has(at.firewall_event) ? batch.u8(at.verdict) : undefined;
  if (verdict === undefined) return;
  if (fills.has(at.firewall_event)) {
    const event = batch.u8(at.firewall_event);
    for (let r = from; r < to; r++)
      verdict[r] = event[r] === FIREWALL_DENIED ? DROPPED : event[r] === 0 ? 0 : FORWARDED;
  }
  if (fills.has(at.forwarding_status)) {
    const status = batch.u8(at.forwarding_status);
    // RFC 7270 section 4.12: the two upper bits; some exporters send these two alone.
    for (let r = from; r < to; r++) {
      const value = status[r]!;
      const two = value >= 64 ? value >>> 6 : value;
      if (two === 1) verdict[r] = FORWARDED;
      else if (two === 2) verdict[r] = DROPPED;
      else if (two === 3) verdict[r] = CONSUMED;
    }
  }
}
