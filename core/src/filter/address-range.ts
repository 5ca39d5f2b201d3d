/** Addresses as numbers of 128 bits, IPv4 v4-mapped: how a filter's text reads and writes them. */

const V4 = 0xffffn << 32n;
const LAST = (1n << 128n) - 1n;

export interface AddressRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** An address as a number; undefined where the text is none. */
export function addressNumber(text: string): bigint | undefined {
  if (text.length > 45) return undefined;
  if (!text.includes(':')) {
    const four = dotted(text);
    return four === undefined ? undefined : V4 | four;
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const left = groups(halves[0]!);
  const right = halves.length === 2 ? groups(halves[1]!) : [];
  if (left === undefined || right === undefined) return undefined;
  // A dotted end may only stand at the end of all
  if (halves.length === 2 && halves[0]!.includes('.')) return undefined;
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of [...left, ...Array.from({ length: missing }, () => 0), ...right])
    value = (value << 16n) | BigInt(group);
  return value;
}

/** As people write it: dotted where v4-mapped, else as RFC 5952 wants it. */
export function addressName(value: bigint): string {
  if (isV4(value)) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const parts = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  let best = { from: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && parts[j] === 0) j++;
    if (j - i > best.length) best = { from: i, length: j - i };
  }
  const hex = (list: readonly number[]): string => list.map((p) => p.toString(16)).join(':');
  if (best.from < 0) return hex(parts);
  return `${hex(parts.slice(0, best.from))}::${hex(parts.slice(best.from + best.length))}`;
}

export type AddressReading = { readonly range: AddressRange } | { readonly wrong: string };

/** `a`, `a/length` or `a-b`; undefined where the text has nothing of an address. Bits beyond a prefix's length are ignored. */
export function readAddresses(text: string): AddressReading | undefined {
  const single = addressNumber(text);
  if (single !== undefined) return { range: { from: single, to: single } };
  const slash = text.indexOf('/');
  if (slash > 0) {
    const address = addressNumber(text.slice(0, slash));
    if (address === undefined) return undefined;
    const bits = text.slice(0, slash).includes(':') ? 128 : 32;
    const length = text.slice(slash + 1);
    if (!/^\d{1,3}$/.test(length) || Number(length) > bits)
      return { wrong: `a prefix of ${bits === 32 ? 'IPv4' : 'IPv6'} has 0 to ${bits} bits, not ${length}` };
    const rest = (1n << BigInt(bits - Number(length))) - 1n;
    return { range: { from: address & ~rest & LAST, to: address | rest } };
  }
  const dash = text.indexOf('-');
  if (dash > 0) {
    const from = addressNumber(text.slice(0, dash).trim());
    const to = addressNumber(text.slice(dash + 1).trim());
    if (from === undefined || to === undefined) return undefined;
    if (isV4(from) !== isV4(to)) return { wrong: 'a range has both ends of one family, IPv4 or IPv6' };
    if (from > to) return { wrong: 'the range ends before it begins' };
    return { range: { from, to } };
  }
  return undefined;
}

/** The shortest writing: an address, a prefix, or a range. */
export function rangeName({ from, to }: AddressRange): string {
  if (from === to) return addressName(from);
  const size = to - from + 1n;
  if ((size & (size - 1n)) === 0n && (from & (size - 1n)) === 0n) {
    const length = 129 - size.toString(2).length;
    return isV4(from) && length >= 96
      ? `${addressName(from)}/${length - 96}`
      : `${addressName(from)}/${length}`;
  }
  return `${addressName(from)}-${addressName(to)}`;
}

/** The range of a filter's value, whose ends are addresses by construction. */
export function rangeOf(value: { readonly from: string; readonly to: string }): AddressRange {
  const from = addressNumber(value.from);
  const to = addressNumber(value.to);
  if (from === undefined || to === undefined) throw new Error(`not addresses: ${value.from}, ${value.to}`);
  return { from, to };
}

/** Always in the form of IPv6, as the engine's type wants it. */
export function ipv6Text(address: string): string {
  return address.includes(':') ? address : `::ffff:${address}`;
}

function isV4(value: bigint): boolean {
  return value >> 32n === 0xffffn;
}

function dotted(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((p) => !/^\d{1,3}$/.test(p) || Number(p) > 255)) return undefined;
  return parts.reduce((value, p) => (value << 8n) | BigInt(p), 0n);
}

function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const out: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const four = i === parts.length - 1 ? dotted(part) : undefined;
      if (four === undefined) return undefined;
      out.push(Number(four >> 16n), Number(four & 0xffffn));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      out.push(parseInt(part, 16));
    }
  }
  return out;
}
