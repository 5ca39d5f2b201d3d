import { describe, expect, it } from '@jest/globals';
import { columnByName } from '../columns.ts';
import { enumWords, filterFields, unsignedBits } from './field-types.ts';

describe('what the filter language repeats of the table of columns', () => {
  it('is what the table says of numbers', () => {
    for (const [name, bits] of Object.entries(unsignedBits))
      expect([name, columnByName(name)?.type]).toEqual([name, `UInt${bits}`]);
  });

  it('is what the table says of enumerations', () => {
    for (const [name, words] of Object.entries(enumWords)) {
      const type = `Enum8(${words.map((word, value) => `'${word}' = ${value}`).join(', ')})`;
      expect([name, columnByName(name)?.type]).toEqual([name, type]);
    }
  });

  it('covers every column that a field stands for', () => {
    for (const field of filterFields) {
      const known = field.columns.map((c) =>
        unsignedBits[c] !== undefined
          ? `UInt${unsignedBits[c]}`
          : enumWords[c] !== undefined
            ? 'Enum8'
            : field.type === 'address' || field.type === 'exporter'
              ? 'IPv6'
              : 'String',
      );
      const types = field.columns.map((c) =>
        columnByName(c)!
          .type.replace('LowCardinality(String)', 'String')
          .replace(/Enum8\(.*\)/, 'Enum8'),
      );
      expect([field.name, ...types]).toEqual([field.name, ...known]);
      for (const name of field.nameColumns ?? [])
        expect(columnByName(name)!.type).toBe('LowCardinality(String)');
    }
  });
});
