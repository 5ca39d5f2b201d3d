import { V4_MAPPED } from './batch.ts';

/** An address in text, IPv4 or IPv6, as four words in network byte order, IPv4 v4-mapped. Throws on anything else. */
export function addressWords(text: string): Uint32Array {
  const words = new Uint32Array(4);
  const bytes = new Uint8Array(words.buffer);
  if (!text.includes(':')) {
    words[2] = V4_MAPPED;
    putIpv4(text, bytes, 12);
    return words;
  }
  const [head = '', tail, more] = text.split('::');
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  if (more !== undefined || left.length + right.length > 16 || (tail === undefined && left.length !== 16))
    throw new Error(`not an address: ${text}`);
  bytes.set(left, 0);
  bytes.set(right, 16 - right.length);
  return words;
}

/** Four words as text: dotted where v4-mapped, else as RFC 5952 wants it. */
export function addressText(words: ArrayLike<number>, at = 0): string {
  const bytes = new Uint8Array(
    Uint32Array.of(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!).buffer,
  );
  if (words[at] === 0 && words[at + 1] === 0 && words[at + 2] === V4_MAPPED)
    return bytes.subarray(12).join('.');
  const parts: number[] = [];
  for (let i = 0; i < 16; i += 2) parts.push((bytes[i]! << 8) | bytes[i + 1]!);
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

function putIpv4(text: string, bytes: Uint8Array, at: number): void {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((p) => !/^\d{1,3}$/.test(p) || Number(p) > 255))
    throw new Error(`not an address: ${text}`);
  parts.forEach((p, i) => (bytes[at + i] = Number(p)));
}

function groups(text: string): number[] {
  if (text === '') return [];
  const out: number[] = [];
  for (const group of text.split(':')) {
    if (group.includes('.')) {
      const four = new Uint8Array(4);
      putIpv4(group, four, 0);
      out.push(...four);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) throw new Error(`not an address: ${text}`);
      const value = parseInt(group, 16);
      out.push(value >>> 8, value & 0xff);
    }
  }
  return out;
}
