/** Element types and the reading of the tables: one row a line, `number name type [units]`. */

export const ELEMENT_TYPES = [
  'unsigned8',
  'unsigned16',
  'unsigned32',
  'unsigned64',
  'signed8',
  'signed16',
  'signed32',
  'signed64',
  'float32',
  'float64',
  'boolean',
  'macAddress',
  'octetArray',
  'string',
  'dateTimeSeconds',
  'dateTimeMilliseconds',
  'dateTimeMicroseconds',
  'dateTimeNanoseconds',
  'ipv4Address',
  'ipv6Address',
  'basicList',
  'subTemplateList',
  'subTemplateMultiList',
] as const;

export type ElementType = (typeof ELEMENT_TYPES)[number];

export interface Element {
  /** 0 for IANA, {@link NETFLOW9_PEN} for NetFlow v9's own field types, else a private enterprise number. */
  readonly pen: number;
  readonly id: number;
  /** IANA's name as it is; all others as `vendor:name`. */
  readonly name: string;
  readonly type: ElementType;
  readonly units?: string;
}

/**
 * Stands where an enterprise number would stand, for field types of NetFlow v9 that neither IANA nor a vendor's IPFIX
 * table has. No real enterprise number is negative, so it cannot meet one from the wire.
 */
export const NETFLOW9_PEN = -9;

export interface VendorTable {
  readonly pen: number;
  /** Prefix of the names of its elements. */
  readonly name: string;
  /** The vendor's name for people. */
  readonly title: string;
  /** Other enterprise numbers under which the same elements have been seen. */
  readonly aliases?: readonly number[];
  readonly rows: string;
}

const types: ReadonlySet<string> = new Set(ELEMENT_TYPES);

/** Reads a table. Throws on a row it cannot read: the tables are source code, and a bad row is a bug. */
export function parseRows(pen: number, prefix: string, rows: string): Element[] {
  const elements: Element[] = [];
  for (const row of rows.split('\n')) {
    if (row === '') continue;
    const [id, name, type, units] = row.split(' ');
    if (id === undefined || !/^\d+$/.test(id) || !name || !type || !types.has(type)) {
      throw new Error(`bad element row under ${prefix || 'iana'}: ${row}`);
    }
    elements.push({
      pen,
      id: Number(id),
      name: prefix === '' ? name : `${prefix}:${name}`,
      type: type as ElementType,
      ...(units === undefined ? {} : { units }),
    });
  }
  return elements;
}
