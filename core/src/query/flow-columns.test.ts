import { describe, expect, it } from '@jest/globals';
import { type Column, columns } from '../columns.ts';
import { fields, mirrored } from '../fields/fields.ts';
import { narrowRollupNames, narrowRollups } from '../narrow-rollups.ts';
import { columnForms, foldedBits, rollupKeys } from './flow-columns.ts';

function formOf({ name, type }: Column): string {
  if (name.endsWith('_mac')) return 'mac';
  if (type === 'DateTime') return 'time';
  if (type === 'DateTime64(3)') return 'milliseconds';
  if (type === 'UUID') return 'uuid';
  if (type === 'IPv6') return 'address';
  if (type.startsWith('Enum8')) return 'enum';
  return type.includes('String') ? 'text' : 'number';
}

describe('the compiler’s own notes on columns', () => {
  it('agree with the table of columns on what each holds', () => {
    expect(columnForms).toEqual(Object.fromEntries(columns.map((c) => [c.name, formOf(c)])));
  });

  it('agree with it on what the rollups keep', () => {
    const kept = (columns as readonly Column[]).filter((c) => c.rollup === 'key').map((c) => c.name);
    expect([...rollupKeys].sort()).toEqual(kept.sort());
    const heavy = (columns as readonly Column[]).filter((c) => c.rollup === 'heavy');
    expect([...foldedBits]).toEqual(heavy.map((c, i) => [c.name, 1 << i]));
  });
});

describe.each(narrowRollupNames)('the narrow rollup %s', (name) => {
  const keys: readonly string[] = narrowRollups[name];

  it('keeps columns that flows_1m, from which it is made, keeps as they are', () => {
    expect(keys.filter((key) => ![...rollupKeys].some((kept) => kept === key))).toEqual([]);
  });

  it('has what the other end of a flow sees of each of its fields', () => {
    const own = fields.filter(({ columns: of }) => of.every((column) => keys.includes(column)));
    expect(own.length).toBeGreaterThan(3);
    for (const field of own)
      expect({ [field.name]: mirrored(field).columns.filter((c) => !keys.includes(c)) }).toEqual({
        [field.name]: [],
      });
  });
});
