import { FlowBatch, addressText, addressWords, at, fillText } from '@weir/core';
import type { AnomalyContributor } from '@weir/core/anomalies';
import { type Condition, type Filter, type Test, filterField } from '@weir/core/filter';
import { type RowPredicate, filterPredicate } from '@weir/core/filter/predicate';

/** What a filter can ask of an anomaly: what it says of its flows. What is left out is not known, or many. */
export interface Matchable {
  readonly tenant: string;
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  /** Bits, as of an IPv6 address. */
  readonly destinationPrefix?: number | undefined;
  readonly exporter?: string | undefined;
  readonly exporterName?: string | undefined;
  readonly interface?: number | undefined;
  readonly protocol?: number | undefined;
  readonly port?: number | undefined;
  /** Contributors have one. */
  readonly application?: string | undefined;
}

type Asked =
  | 'source_ip'
  | 'destination_ip'
  | 'destination_port'
  | 'protocol'
  | 'exporter'
  | 'input_interface'
  | 'tenant_id'
  | 'application';

/**
 * Fields of the filter language that can be asked of an anomaly, and of what. An anomaly has one port, that of the service, and of an
 * interface the index, whichever way its traffic went. `application` is known of contributors only.
 */
const askable: Readonly<Record<string, readonly Asked[]>> = {
  source_ip: ['source_ip'],
  destination_ip: ['destination_ip'],
  host: ['source_ip', 'destination_ip'],
  destination_port: ['destination_port'],
  port: ['destination_port'],
  service: ['destination_port'],
  protocol: ['protocol'],
  exporter: ['exporter'],
  input_interface: ['input_interface'],
  output_interface: ['input_interface'],
  interface: ['input_interface'],
  tenant_id: ['tenant_id'],
  application: ['application'],
};

/** Names of the fields that a filter over anomalies can use. */
export const askableFields: readonly string[] = Object.keys(askable);

export function isAskable(field: string): boolean {
  return Object.hasOwn(askable, field);
}

/**
 * What to make of a condition on what the anomaly does not have (the destination of a scan of many):
 *
 * - `doubt`: neither it nor its negation holds. For exclusions and silences: what is not known hides nothing.
 * - `no`: it does not hold, so its negation does. For scopes: `not exporter = lab` keeps what has no exporter.
 */
export type WhenAbsent = 'doubt' | 'no';

/** Undefined is doubt. */
type Truth = boolean | undefined;
type Ask = (row: OneAnomaly) => Truth;

/** Asks a filter of anomalies. */
export class FindingMatcher {
  private readonly ask: Ask;

  constructor(filter: Filter, whenAbsent: WhenAbsent) {
    this.ask = compile(filter, whenAbsent === 'no' ? false : undefined);
  }

  matches(one: OneAnomaly): boolean {
    return this.ask(one) === true;
  }
}

/** An anomaly as a batch of flows: two rows, the first and the last address of a destination prefix. Made once, filled for each. */
export class OneAnomaly {
  readonly batch = new FlowBatch(2);
  private of: Matchable = { tenant: '' };

  fill(of: Matchable): void {
    const { batch } = this;
    batch.rows = 2;
    batch.reset();
    this.of = of;
    fillText(batch, at.tenant_id, of.tenant, 0, 2);
    if (of.application !== undefined) fillText(batch, at.application, of.application, 0, 2);
    if (of.exporterName !== undefined) fillText(batch, at.exporter_name, of.exporterName, 0, 2);
    if (of.source !== undefined) this.put(at.source_ip, addressWords(of.source));
    if (of.exporter !== undefined) this.put(at.collector_ip, addressWords(of.exporter));
    if (of.destination !== undefined) {
      const words = addressWords(of.destination);
      this.put(at.destination_ip, words);
      batch.u32(at.destination_ip).set(lastOf(words, of.destinationPrefix ?? 128), 4);
    }
    if (of.interface !== undefined) batch.u32(at.input_interface).fill(of.interface);
    if (of.protocol !== undefined) batch.u8(at.protocol).fill(of.protocol);
    if (of.port !== undefined) batch.u16(at.destination_port).fill(of.port);
    batch.rows = 2;
  }

  has(asked: Asked): boolean {
    const { of } = this;
    switch (asked) {
      case 'source_ip':
        return of.source !== undefined;
      case 'destination_ip':
        return of.destination !== undefined;
      case 'destination_port':
        return of.port !== undefined;
      case 'protocol':
        return of.protocol !== undefined;
      case 'exporter':
        return of.exporter !== undefined;
      case 'input_interface':
        return of.interface !== undefined;
      case 'tenant_id':
        return true;
      case 'application':
        return of.application !== undefined;
    }
  }

  /** Whether it is not known by the name that people write: nothing can be said where a name is asked for. */
  nameless(asked: Asked): boolean {
    return asked === 'input_interface' || (asked === 'exporter' && (this.of.exporterName ?? '') === '');
  }

  private put(index: number, words: Uint32Array): void {
    const column = this.batch.u32(index);
    column.set(words, 0);
    column.set(words, 4);
  }
}

function compile(filter: Filter, absent: Truth): Ask {
  switch (filter.kind) {
    case 'all':
      return () => true;
    case 'condition':
      return compileCondition(filter, absent);
    case 'not': {
      const ask = compile(filter.term, absent);
      return (one) => {
        const truth = ask(one);
        return truth === undefined ? undefined : !truth;
      };
    }
    case 'and':
    case 'or': {
      const asks = filter.terms.map((term) => compile(term, absent));
      return (one) => joined(asks, filter.kind === 'or', one);
    }
  }
}

/** Kleene's strong logic: doubt stays doubt unless another term decides. */
function joined(asks: readonly Ask[], decides: boolean, one: OneAnomaly): Truth {
  let truth: Truth = !decides;
  for (const ask of asks) {
    const said = ask(one);
    if (said === decides) return decides;
    if (said === undefined) truth = undefined;
  }
  return truth;
}

function compileCondition({ field, test }: Condition, absent: Truth): Ask {
  const asks = (askable[field] ?? []).map((asked) => compileAsked(asked, test, absent));
  if (asks.length === 0) return () => absent;
  // Of either end "known" asks for any, as the language does
  return (one) => joined(asks, true, one);
}

function compileAsked(asked: Asked, test: Test, absent: Truth): Ask {
  if (test.kind === 'unknown') return (one) => !one.has(asked);
  if (test.kind === 'known') return (one) => one.has(asked);
  const name = filterField(asked)!.name;
  const bind: (batch: FlowBatch) => RowPredicate = filterPredicate({ kind: 'condition', field: name, test });
  const byName = asksForName(test);
  return (one) => {
    if (!one.has(asked)) return absent;
    const predicate = bind(one.batch);
    const [first, last] = [predicate(0), predicate(1)];
    if (first !== last) return absent;
    return !first && byName && one.nameless(asked) ? absent : first;
  };
}

/** Whether a test of an exporter or interface asks for a name rather than an address or an index. */
export function asksForName(test: Test): boolean {
  if (test.kind === 'match' || test.kind === 'text') return true;
  return test.kind === 'in' && test.values.some((v) => v.kind === 'text' && !/^\d{1,10}$/.test(v.text));
}

/** The contributor as if it alone were the anomaly. */
export function contributorAs(of: Matchable, contributor: AnomalyContributor): Matchable {
  const { source_ip, destination_ip, protocol, destination_port, application } = contributor;
  return {
    ...of,
    ...(source_ip === undefined ? {} : { source: source_ip }),
    ...(destination_ip === undefined ? {} : { destination: destination_ip, destinationPrefix: 128 }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(destination_port === undefined ? {} : { port: destination_port }),
    ...(application === undefined ? {} : { application }),
  };
}

/** The last address of a prefix; words are in network byte order. */
function lastOf(words: Uint32Array, bits: number): Uint32Array {
  const last = Uint32Array.from(words);
  const bytes = new Uint8Array(last.buffer);
  for (let bit = Math.max(0, bits); bit < 128; bit++) bytes[bit >>> 3]! |= 0x80 >>> (bit & 7);
  return last;
}

/** An address in the form in which rows have it; undefined where the text is none. */
export function usualAddress(text: string): string | undefined {
  try {
    return addressText(addressWords(text));
  } catch {
    return undefined;
  }
}
