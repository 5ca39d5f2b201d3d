/**
 * Writes a value as ClickHouse reads query parameters: a top-level string unquoted with TSV's escapes, what is inside an
 * array, tuple or map as a literal. Numbers, bigints, booleans, dates, `null`, arrays, maps and plain objects are known.
 *
 * @throws TypeError for a value that has no such form
 */
export function formatQueryParameter(value: unknown): string {
  return typeof value === 'string' ? escape(value) : format(value, false);
}

function format(value: unknown, nested: boolean): string {
  if (value === null || value === undefined) return nested ? 'NULL' : '\\N';
  switch (typeof value) {
    case 'number':
      if (Number.isNaN(value)) return 'nan';
      return Number.isFinite(value) ? String(value) : value > 0 ? '+inf' : '-inf';
    case 'bigint':
      return String(value);
    case 'boolean':
      return nested ? (value ? 'TRUE' : 'FALSE') : value ? '1' : '0';
    case 'string':
      return `'${escape(value)}'`;
    case 'object':
      return formatObject(value);
    default:
      throw new TypeError(`A query parameter cannot be a ${typeof value}`);
  }
}

function formatObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map((item) => format(item, true)).join(',')}]`;
  if (ArrayBuffer.isView(value) && Symbol.iterator in value) {
    return `[${[...(value as Iterable<unknown> & ArrayBufferView)].map((item) => format(item, true)).join(',')}]`;
  }
  if (value instanceof Date) return formatDate(value);
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
  return `{${entries.map(([key, item]) => `${format(key, true)}:${format(item, true)}`).join(',')}}`;
}

/** Seconds since the epoch mean the same in every time zone; with fewer than ten digits ClickHouse does not take them for such. */
function formatDate(date: Date): string {
  const [seconds = '', fraction] = (date.getTime() / 1000).toFixed(3).split('.');
  return seconds.padStart(10, '0') + (fraction === '000' ? '' : `.${fraction}`);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
};

function escape(text: string): string {
  return text.replace(/[\\'\t\n\r\0\b\f]/g, (character) => ESCAPES[character]!);
}
