/** Addresses as 16 bytes, IPv4 mapped into IPv6 (RFC 4291, 2.5.5.2), and their text. */

/** The bytes of an IPv4 (dotted) or IPv6 address; throws on anything else. */
export function parseAddress(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  if (!text.includes(':')) {
    const parts = text.split('.').map(Number);
    if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255)))
      throw new Error(`not an address: ${text}`);
    bytes.set([0xff, 0xff, ...parts], 10);
    return bytes;
  }
  const [head = '', tail] = text.split('::');
  const groups = (side: string): number[] =>
    side === '' ? [] : side.split(':').map((group) => parseInt(group, 16));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  all.forEach((group, i) => bytes.set([group >>> 8, group & 0xff], 2 * i));
  return bytes;
}

/** Whether the 16 bytes at `offset` are a mapped IPv4 address. */
export function isMapped(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return false;
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
}

/** The text of the 16 bytes at `offset`: dotted for a mapped IPv4 address, else RFC 5952. */
export function formatAddress(bytes: Uint8Array, offset = 0): string {
  if (isMapped(bytes, offset)) return bytes.subarray(offset + 12, offset + 16).join('.');
  const groups = Array.from(
    { length: 8 },
    (_, i) => (bytes[offset + 2 * i]! << 8) | bytes[offset + 2 * i + 1]!,
  );
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > bestLength) [bestStart, bestLength] = [start, end - start];
  }
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (bestStart < 0) return hex(groups);
  return `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`;
}
