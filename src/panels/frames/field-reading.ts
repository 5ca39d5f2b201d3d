import type { DataFrame, Field, LinkModel } from '@grafana/data';

/** Text of a number with its unit, as the panel's field settings want it. */
export type Format = (value: number) => string;

/** A frame's field by any of these names, whatever their case. */
export function fieldNamed(frame: DataFrame, ...names: readonly string[]): Field | undefined {
  const wanted = names.map((name) => name.toLowerCase());
  for (const name of wanted) {
    const found = frame.fields.find((field) => field.name.toLowerCase() === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function isText(field: Field): boolean {
  return field.type === 'string' || field.type === 'enum';
}

export function isNumber(field: Field): boolean {
  return field.type === 'number';
}

export function textAt(field: Field | undefined, row: number): string {
  const value: unknown = field?.values[row];
  return value === null || value === undefined ? '' : String(value);
}

/** The number in this row; NaN where there is none. */
export function numberAt(field: Field | undefined, row: number): number {
  const value: unknown = field?.values[row];
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

/** What a field is called before people: its display name where one is set, else its name made readable. */
export function titleOf(field: Field): string {
  const named = field.config.displayName ?? field.config.displayNameFromDS;
  if (named !== undefined && named !== '') return named;
  return readable(field.name);
}

const ABBREVIATIONS = new Set(['ip', 'as', 'asn', 'vlan', 'dns', 'mac', 'nat', 'vrf', 'tcp', 'udp', 'dscp']);

/** `source_ip` → `Source IP`; names with capitals or spaces of their own stay. */
export function readable(name: string): string {
  if (/[A-Z\s]/.test(name)) return name;
  return name
    .split('_')
    .filter((word) => word !== '')
    .map((word, at) =>
      ABBREVIATIONS.has(word)
        ? word.toUpperCase()
        : at === 0
          ? word.charAt(0).toUpperCase() + word.slice(1)
          : word,
    )
    .join(' ');
}

/** Numbers as the field shows them (unit, decimals, mappings); with SI prefixes where Grafana has not prepared it. */
export function formatOf(field: Field | undefined): Format {
  const display = field?.display;
  if (display === undefined) return formatSi;
  return (value) => {
    const { text, prefix = '', suffix = '' } = display(value);
    return `${prefix}${text}${suffix}`;
  };
}

const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** Three figures and an SI prefix: 1234567 → `1.23 M`. */
export function formatSi(value: number): string {
  if (!Number.isFinite(value)) return '–';
  let scaled = Math.abs(value);
  let step = 0;
  while (scaled >= 999.5 && step < SI.length - 1) {
    scaled /= 1000;
    step++;
  }
  const figures = scaled === 0 || Number.isInteger(scaled) ? String(scaled) : scaled.toPrecision(3);
  return `${value < 0 ? '-' : ''}${figures}${step > 0 ? ` ${SI[step]}` : ''}`;
}

/** A part of a whole in percent: one decimal below ten, none above. */
export function formatShare(part: number, whole: number): string {
  if (!(whole > 0) || !Number.isFinite(part)) return '–';
  const percent = (100 * part) / whole;
  if (percent > 0 && percent < 0.1) return '<0.1 %';
  return `${percent < 9.95 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** The data links that the field's settings give for a row. */
export function linksAt(field: Field | undefined, row: number): readonly LinkModel[] {
  if (field?.getLinks === undefined || (field.config.links ?? []).length === 0) return [];
  return field.getLinks({ valueRowIndex: row });
}
