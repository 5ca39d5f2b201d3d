import { ExporterLedger } from '../../ledger/exporter-ledger.ts';
import type { FlowBatch } from '@weir/core';
import { NameIds } from './name-ids.ts';
import type { PendingSet } from './pending.ts';
import { SequenceTracker, type SequenceUnit } from './sequence.ts';
import type { Template } from './template.ts';

/** What configuration says about an exporter. */
export interface ExporterProfile {
  readonly name: string;
  readonly tenantId: string;
  /** Holds against whatever the exporter says. */
  readonly samplingRate?: number;
  /** Holds where the exporter says nothing. */
  readonly defaultSamplingRate?: number;
  /** By SNMP ifIndex; names hold against what the exporter's options data say. */
  readonly interfaces?: ReadonlyMap<number, ConfiguredInterface>;
  /** Bits per second of interfaces that have no speed of their own. */
  readonly defaultInterfaceSpeed?: number;
}

export interface ConfiguredInterface {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Bits per second. */
  readonly speed?: number | undefined;
}

export interface InterfaceNames {
  name: string;
  description: string;
}

const MOST_INTERFACES_SEEN = 20_000;

/** An element that came and that no column takes. */
export interface UnusedCount {
  readonly pen: number;
  readonly id: number;
  readonly version: number;
  records: number;
}

/** Streams of one domain that are followed at a time: an exporter may send from several ports. */
const MAX_STREAMS = 16;

/** An observation domain (IPFIX) or source id (v9) of an exporter, or an engine of v5. */
export class Domain {
  readonly id: number;
  readonly version: number;
  readonly templates = new Map<number, Template>();
  /** Rate by sampler (selector) id. */
  readonly samplers = new Map<number, number>();
  /** Rate by interface, for exporters that sample each interface by itself and name no sampler. */
  readonly interfaceRates = new Map<number, number>();
  /** Rate announced for the whole domain, 0 where none was. */
  samplingRate = 0;
  /** Milliseconds since 1970, NaN where not announced. */
  systemStartMs = NaN;
  pending: PendingSet[] = [];
  /** Mean number of records in its datagrams, for guessing what a missing one held. */
  meanRecords = 0;
  usedMs = 0;
  private readonly streams = new Map<number, SequenceTracker>();

  constructor(id: number, version: number) {
    this.id = id;
    this.version = version;
  }

  stream(port: number, unit: SequenceUnit): SequenceTracker {
    let tracker = this.streams.get(port);
    if (tracker === undefined) {
      if (this.streams.size >= MAX_STREAMS) this.streams.delete(this.streams.keys().next().value!);
      tracker = new SequenceTracker(unit);
      this.streams.set(port, tracker);
    }
    return tracker;
  }

  /** Whether its sequence numbers count something else than its protocol says. */
  get contrarySequence(): boolean {
    for (const tracker of this.streams.values()) if (tracker.contrary) return true;
    return false;
  }
}

/** Everything known about one exporter, by its address: never its port, which NAT and restarts change. */
export class Exporter {
  readonly address: string;
  /** The address as a batch holds it: four words in network byte order. */
  readonly words: Uint32Array;
  profile: ExporterProfile;
  readonly firstSeenMs: number;
  lastSeenMs: number;
  readonly ledger = new ExporterLedger();
  readonly domains = new Map<string, Domain>();
  readonly interfaces = new Map<number, InterfaceNames>();
  /** Interfaces that flows have named; kept only where the configuration gives a speed to any interface. */
  readonly interfacesSeen = new Set<number>();
  readonly vrfs = new Map<number, string>();
  readonly applications = new Map<number, string>();
  /** Counts changes to the names of interfaces, VRFs and applications. */
  namesVersion = 0;
  private readonly idsOfNames = new Map<number, NameIds>();
  readonly unused = new Map<string, UnusedCount>();
  /** Protocol versions seen: 5, 9, 10. */
  readonly versions = new Set<number>();
  templateCount = 0;
  pendingBytes = 0;
  /** The exporter's clock minus ours, the latest smoothed estimate in milliseconds; NaN before the first datagram. */
  clockOffsetMs = NaN;
  /** The sampling rate last stored with a flow, 0 for not known. */
  lastSamplingRate = 0;
  /** When its last datagram with a missing template came. */
  templateMissingMs = 0;
  /** Records by port that they came from, whatever their domain. */
  private readonly sent = new Map<number, number>();
  private latestDomain: Domain | undefined;

  constructor(address: string, words: Uint32Array, profile: ExporterProfile, nowMs: number) {
    this.address = address;
    this.words = words;
    this.profile = profile;
    this.firstSeenMs = nowMs;
    this.lastSeenMs = nowMs;
  }

  domain(version: number, id: number): Domain | undefined {
    const latest = this.latestDomain;
    if (latest !== undefined && latest.id === id && latest.version === version) return latest;
    return (this.latestDomain = this.domains.get(`${version}/${id}`));
  }

  /** What an interface is called in flows: as configured, else as learnt, by name, else by description; empty where not known. */
  interfaceName(index: number): string {
    const { interfaces, defaultInterfaceSpeed } = this.profile;
    if (defaultInterfaceSpeed !== undefined && this.interfacesSeen.size < MOST_INTERFACES_SEEN)
      this.interfacesSeen.add(index);
    const configured = interfaces?.get(index);
    const learnt = this.interfaces.get(index);
    return configured?.name || learnt?.name || configured?.description || learnt?.description || '';
  }

  /** Whether {@link interfaceName} has anything to say or to keep. */
  get namesInterfaces(): boolean {
    const { interfaces, defaultInterfaceSpeed } = this.profile;
    return this.interfaces.size > 0 || interfaces !== undefined || defaultInterfaceSpeed !== undefined;
  }

  /** Counts records from a port; returns how many there have been. */
  countSent(port: number, records: number): number {
    const known = this.sent.get(port);
    if (known === undefined && this.sent.size >= MAX_STREAMS)
      this.sent.delete(this.sent.keys().next().value!);
    const sum = (known ?? 0) + records;
    this.sent.set(port, sum);
    return sum;
  }

  addDomain(domain: Domain): void {
    this.domains.set(`${domain.version}/${domain.id}`, domain);
    this.latestDomain = domain;
  }

  dropDomain(key: string): void {
    this.domains.delete(key);
    this.latestDomain = undefined;
  }

  /** Ids of names in a text column of a batch: see {@link NameIds}. */
  nameIds(column: number, batch: FlowBatch): Map<number, number> {
    let ids = this.idsOfNames.get(column);
    if (ids === undefined) this.idsOfNames.set(column, (ids = new NameIds()));
    return ids.for(batch, this.namesVersion);
  }

  /** Follows the exporter's clock: late datagrams make it look slow, so that quick ones weigh more. */
  observeClock(exportMs: number, receivedMs: number): void {
    const offset = exportMs - receivedMs;
    if (Number.isNaN(this.clockOffsetMs) || offset > this.clockOffsetMs) this.clockOffsetMs = offset;
    else this.clockOffsetMs += (offset - this.clockOffsetMs) / 16;
  }
}
