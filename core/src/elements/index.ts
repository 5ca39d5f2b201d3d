/**
 * The registry of information elements: what the fields of NetFlow v9 and IPFIX templates are called and how they are
 * typed.
 *
 * An element is known by (pen, id). IPFIX carries both on the wire. NetFlow v9 has no enterprise numbers, only a field
 * type of 16 bits, and vendors took their own numbers above 32767 or wherever they liked; `netflow9Field` turns a v9
 * field type into the same (pen, id) that IPFIX has for that element, so that the rest of a decoder knows one element
 * only:
 *
 * - a number in the `netflow9` table: (NETFLOW9_PEN, number), an element that exists in v9 alone;
 * - 0-32767 otherwise: IANA's (0, number);
 * - a number above 32767 that a vendor's table lists as such (Palo Alto 56701, Riverbed 51100): that vendor's
 *   (pen, number);
 * - 57472-61567: ntop's (35632, number - 57472);
 * - any other above 32767: Cisco's (9, number - 32768), which is how Cisco's own two sets of numbers relate.
 *
 * Reverse elements (RFC 5103) are derived: (29305, n) from IANA's n, (6871, n + 16384) from CERT's n. Their names
 * carry «reverse».
 */
import { IANA_ROWS } from './iana.ts';
import { NETFLOW9_PEN, parseRows } from './table.ts';
import type { Element } from './table.ts';
import { OTHER_VENDORS, VENDORS } from './vendors.ts';

export { ELEMENT_TYPES, NETFLOW9_PEN } from './table.ts';
export type { Element, ElementType } from './table.ts';

export const IANA_PEN = 0;
export const CISCO_PEN = 9;
export const CERT_PEN = 6871;
export const PALO_ALTO_PEN = 25461;
export const REVERSE_PEN = 29305;
export const NTOP_PEN = 35632;

/** NetFlow v9 field type of Cisco's element 0. */
export const CISCO_NETFLOW9_BASE = 32768;
/** NetFlow v9 field type of ntop's element 0, and how far its numbers reach. */
export const NTOP_NETFLOW9_BASE = 57472;
const NTOP_NETFLOW9_END = NTOP_NETFLOW9_BASE + 4096;
/** CERT's elements are reversed by this bit of the number, not by another enterprise number. */
const CERT_REVERSE_BIT = 16384;

export interface FieldNumber {
  readonly pen: number;
  readonly id: number;
}

/** Ids have 16 bits, so (pen, id) fits one exact number; the offset keeps the negative pen apart. */
const key = (pen: number, id: number): number => (pen + 16) * 65536 + id;

const byNumber = new Map<number, Element>();
const byName = new Map<string, Element>();
const vendorNames = new Map<number, string>(OTHER_VENDORS);
/** Field types above 32767 that vendors' tables list under that very number. */
const netflow9Numbers = new Map<number, FieldNumber>();

function add(element: Element): void {
  byNumber.set(key(element.pen, element.id), element);
  if (!byName.has(element.name)) byName.set(element.name, element);
}

for (const element of parseRows(IANA_PEN, '', IANA_ROWS)) add(element);
for (const vendor of VENDORS) {
  for (const pen of [vendor.pen, ...(vendor.aliases ?? [])]) {
    vendorNames.set(pen, vendor.name);
    for (const element of parseRows(pen, vendor.name, vendor.rows)) {
      add(element);
      if (pen === NETFLOW9_PEN || element.id > 32767)
        netflow9Numbers.set(element.id, { pen, id: element.id });
    }
  }
}

/** `octetDeltaCount` → `reverseOctetDeltaCount`, `cert:payload` → `cert:reversePayload`. */
function reverseName(name: string): string {
  const at = name.indexOf(':') + 1;
  return `${name.slice(0, at)}reverse${name.charAt(at).toUpperCase()}${name.slice(at + 1)}`;
}

function reverseOf(pen: number, id: number): Element | undefined {
  let forward: Element | undefined;
  if (pen === REVERSE_PEN) forward = byNumber.get(key(IANA_PEN, id));
  else if (pen === CERT_PEN && id > CERT_REVERSE_BIT)
    forward = byNumber.get(key(CERT_PEN, id - CERT_REVERSE_BIT));
  return forward && { ...forward, pen, id, name: reverseName(forward.name) };
}

/** All elements of the tables, in no promised order; reverse elements, being derived, are not among them. */
export function allElements(): Iterable<Element> {
  return byNumber.values();
}

/** The element with this number, or undefined. For a NetFlow v9 field type, ask `netflow9Field` for (pen, id) first. */
export function elementByNumber(pen: number, id: number): Element | undefined {
  const at = key(pen, id);
  const known = byNumber.get(at);
  if (known) return known;
  const reverse = reverseOf(pen, id);
  if (reverse) byNumber.set(at, reverse);
  return reverse;
}

/** The element of this name: IANA's bare, a vendor's as `vendor:name`, a reverse one with «reverse». */
export function elementByName(name: string): Element | undefined {
  const known = byName.get(name);
  if (known) return known;
  const parts = /^(.*:)?reverse([A-Z])(.*)$/.exec(name);
  if (!parts) return undefined;
  const [, prefix = '', initial = '', rest = ''] = parts;
  const forward =
    byName.get(`${prefix}${initial.toLowerCase()}${rest}`) ?? byName.get(`${prefix}${initial}${rest}`);
  if (forward?.pen === IANA_PEN) return elementByNumber(REVERSE_PEN, forward.id);
  if (forward?.pen === CERT_PEN) return elementByNumber(CERT_PEN, forward.id + CERT_REVERSE_BIT);
  return undefined;
}

/** Where a NetFlow v9 field type stands in the registry; see the head of this file. */
export function netflow9Field(type: number): FieldNumber {
  const listed = netflow9Numbers.get(type);
  if (listed) return listed;
  if (type < CISCO_NETFLOW9_BASE) return { pen: IANA_PEN, id: type };
  if (type >= NTOP_NETFLOW9_BASE && type < NTOP_NETFLOW9_END) {
    return { pen: NTOP_PEN, id: type - NTOP_NETFLOW9_BASE };
  }
  return { pen: CISCO_PEN, id: type - CISCO_NETFLOW9_BASE };
}

/** Short name of a vendor (`ntop`, `cisco`), or the number as text. */
export function vendorName(pen: number): string {
  if (pen === IANA_PEN) return 'iana';
  if (pen === REVERSE_PEN) return 'reverse';
  return vendorNames.get(pen) ?? String(pen);
}

/**
 * A readable name for the field (pen, id) of a template as it came in an export of this version, unknown ones
 * included: `unknown 6871:99`, and `unknown 40999` for a field type of NetFlow v9. A v9 number may be given raw
 * (pen 0) or as `netflow9Field` returns it.
 */
export function elementName(pen: number, id: number, version: 9 | 10): string {
  const field = version === 9 && pen === IANA_PEN ? netflow9Field(id) : { pen, id };
  const known = elementByNumber(field.pen, field.id);
  if (known) return known.name;
  if (pen === IANA_PEN || pen === NETFLOW9_PEN) return `unknown ${id}`;
  return `unknown ${pen}:${id}`;
}
