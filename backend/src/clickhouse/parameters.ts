import type { ParameterValue } from '@weir/core/query';

/** A value as ClickHouse reads it from `param_…`: a text with the escapes of TSV, an array as a literal. */
export function parameterText(value: ParameterValue): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escape(value);
  return `[${value.map((item) => (typeof item === 'number' ? String(item) : quoteString(item))).join(',')}]`;
}

/** A text as a literal of SQL. */
export function quoteString(text: string): string {
  return `'${escape(text)}'`;
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
