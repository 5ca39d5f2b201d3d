import { type FlowBatch, at } from '@weir/core';
import { PrefixTable } from './prefixes.ts';

/** What configuration says about a prefix. */
export interface NetworkSettings {
  readonly prefix: string;
  readonly name?: string | undefined;
  /** ISO 3166-1, two letters. */
  readonly country?: string | undefined;
  readonly as?: number | undefined;
}

/** What is known of an address. */
interface Network {
  readonly name: string;
  readonly country: string;
  readonly as: number;
}

/** Addresses remembered; when so many have come they are forgotten all at once. A power of two. */
const REMEMBERED = 65_536;
const SLOTS = REMEMBERED * 2;
const NOWHERE: Network = { name: '', country: '', as: 0 };

/** Fills network, country and autonomous system of both ends in the rows `[from, to)`, where the records have none. */
export type NetworkEnricher = (batch: FlowBatch, from: number, to: number) => void;

/** Undefined where nothing is configured: then it costs nothing. Of each property the longest prefix that gives it holds. */
export function networkEnricher(settings: readonly NetworkSettings[]): NetworkEnricher | undefined {
  if (settings.length === 0) return undefined;
  const enricher = new Networks(settings);
  return (batch, from, to) => enricher.enrich(batch, from, to);
}

class Networks {
  private readonly prefixes = new PrefixTable<NetworkSettings>();
  private readonly hasName: boolean;
  private readonly hasCountry: boolean;
  private readonly hasAs: boolean;
  /** All answers that there can be, the empty one first. */
  private readonly networks: Network[] = [NOWHERE];
  private readonly ids = new Map<string, number>([[keyOf(NOWHERE), 0]]);
  private readonly as: number[] = [0];
  // Addresses looked up: four words each, and the answer's id + 1; 0 for an empty slot.
  private readonly addresses = new Uint32Array(4 * SLOTS);
  private readonly answers = new Uint32Array(SLOTS);
  private remembered = 0;
  private readonly words = new Uint32Array(4);
  private readonly texts = new Map<number, { generation: number; batch: FlowBatch; ids: Uint32Array }>();

  constructor(settings: readonly NetworkSettings[]) {
    for (const entry of settings) this.prefixes.set(entry.prefix, entry);
    this.hasName = settings.some((s) => s.name !== undefined);
    this.hasCountry = settings.some((s) => s.country !== undefined);
    this.hasAs = settings.some((s) => s.as !== undefined);
  }

  enrich(batch: FlowBatch, from: number, to: number): void {
    this.end(batch, from, to, at.source_ip, at.source_network, at.source_country, at.source_as);
    this.end(
      batch,
      from,
      to,
      at.destination_ip,
      at.destination_network,
      at.destination_country,
      at.destination_as,
    );
  }

  private end(
    batch: FlowBatch,
    from: number,
    to: number,
    address: number,
    network: number,
    country: number,
    as: number,
  ): void {
    if (!batch.has(address) || to <= from) return;
    const words = batch.u32(address);
    const names = this.hasName ? batch.u32(network) : undefined;
    const countries = this.hasCountry ? batch.u32(country) : undefined;
    const systems = this.hasAs ? batch.u32(as) : undefined;
    for (let r = from; r < to; r++) {
      const id = this.idOf(words, 4 * r);
      if (id === 0) continue;
      if (names !== undefined && names[r] === 0) names[r] = this.text(batch, network, id, 'name');
      if (countries !== undefined && countries[r] === 0)
        countries[r] = this.text(batch, country, id, 'country');
      if (systems !== undefined && systems[r] === 0) systems[r] = this.as[id]!;
    }
  }

  private idOf(words: Uint32Array, w: number): number {
    const a = words[w]!;
    const b = words[w + 1]!;
    const c = words[w + 2]!;
    const d = words[w + 3]!;
    let hash = Math.imul(a ^ Math.imul(b, 0x85ebca6b), 0x9e3779b1);
    hash = Math.imul(hash ^ c, 0xc2b2ae35);
    hash = Math.imul(hash ^ d ^ (hash >>> 15), 0x27d4eb2f);
    hash ^= hash >>> 15;
    const { addresses, answers } = this;
    let slot = hash & (SLOTS - 1);
    for (let answer = answers[slot]!; answer !== 0; answer = answers[slot]!) {
      const s = 4 * slot;
      if (addresses[s + 3] === d && addresses[s + 2] === c && addresses[s + 1] === b && addresses[s] === a)
        return answer - 1;
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (this.remembered >= REMEMBERED) {
      answers.fill(0);
      this.remembered = 0;
      slot = hash & (SLOTS - 1);
    }
    this.words.set(words.subarray(w, w + 4));
    const id = this.lookUp(this.words);
    addresses.set(this.words, 4 * slot);
    answers[slot] = id + 1;
    this.remembered++;
    return id;
  }

  private lookUp(words: Uint32Array): number {
    let name: string | undefined;
    let country: string | undefined;
    let as: number | undefined;
    for (const entry of this.prefixes.matchesOf(words)) {
      name ??= entry.name;
      country ??= entry.country;
      as ??= entry.as;
    }
    const network = { name: name ?? '', country: country ?? '', as: as ?? 0 };
    const key = keyOf(network);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.networks.push(network) - 1;
      this.as.push(network.as);
      this.ids.set(key, id);
    }
    return id;
  }

  /** Id of an answer's text in a column's dictionary of this filling of the batch. */
  private text(batch: FlowBatch, column: number, id: number, what: 'name' | 'country'): number {
    let known = this.texts.get(column);
    if (known?.batch !== batch || known.generation !== batch.generation || known.ids.length <= id) {
      known = {
        generation: batch.generation,
        batch,
        ids: new Uint32Array(Math.max(64, 2 * this.networks.length)),
      };
      this.texts.set(column, known);
    }
    // Ids are kept one higher: 0 is for not yet looked up.
    const before = known.ids[id]!;
    if (before !== 0) return before - 1;
    const text = batch.dictionary(column).internText(this.networks[id]![what]);
    known.ids[id] = text + 1;
    return text;
  }
}

function keyOf({ name, country, as }: Network): string {
  return `${country}|${as}|${name}`;
}
