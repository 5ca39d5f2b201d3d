import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeArrowFile } from '../testing/decode-arrow.ts';
import { encodeArrowFile } from './arrow-file.ts';
import type { Field } from './frame.ts';
import { frameToJson } from './json.ts';
import { validityOf } from './rows.ts';

const columnsOf = (...fields: Field[]) =>
  decodeArrowFile(encodeArrowFile({ fields })).fields.map((field) => field.values);

describe('a frame as an Arrow file', () => {
  it('reads back as it was, whatever the texts, names, labels and nulls', () => {
    const row = fc.record({
      text: fc.option(fc.string({ unit: 'grapheme', maxLength: 40 })),
      number: fc.option(fc.double()),
      flag: fc.option(fc.boolean()),
      ms: fc.integer({ min: -9e12, max: 9e12 }),
    });
    const labels = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true });
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 70 }),
        fc.string({ unit: 'grapheme' }),
        labels,
        (rows, name, labels) => {
          const validity = validityOf(rows.length, (index) => rows[index]!.number === null);
          const frame = decodeArrowFile(
            encodeArrowFile({
              name,
              fields: [
                { name, type: 'string', values: rows.map((each) => each.text), labels },
                {
                  name: 'number',
                  type: 'number',
                  values: Float64Array.from(rows, (each) => each.number ?? 0),
                  ...(validity ? { validity } : {}),
                },
                { name: 'flag', type: 'boolean', values: rows.map((each) => each.flag) },
                { name: 'ms', type: 'time', values: Float64Array.from(rows, (each) => each.ms) },
              ],
            }),
          );
          expect(frame.name).toBe(name);
          expect(frame.fields[0]).toMatchObject({ name, labels });
          expect(frame.fields.map((field) => field.values)).toEqual([
            rows.map((each) => each.text),
            rows.map((each) => each.number),
            rows.map((each) => each.flag),
            rows.map((each) => each.ms),
          ]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('takes slices of longer columns', () => {
    const bytes = new TextEncoder().encode('aabbbc');
    const offsets = Int32Array.of(0, 2, 5, 6);
    expect(
      columnsOf(
        { name: 'n', type: 'number', values: Float64Array.of(1, 2, 3).subarray(1) },
        { name: 's', type: 'string', values: { bytes, offsets: offsets.subarray(1) } },
      ),
    ).toEqual([
      [2, 3],
      ['bbb', 'c'],
    ]);
  });

  it('writes nulls of a dictionary column as nulls, whatever their index', () => {
    expect(
      columnsOf({
        name: 's',
        type: 'string',
        values: { dictionary: ['a'], indices: Uint8Array.of(0, 9) },
        validity: Uint8Array.of(0b01),
      }),
    ).toEqual([['a', null]]);
  });

  it('refuses what is no frame, saying where', () => {
    const time: Field = { name: 'time', type: 'time', values: Float64Array.of(0, NaN) };
    expect(() => encodeArrowFile({ fields: [time] })).toThrow('row 1 is NaN');
    expect(() =>
      encodeArrowFile({
        fields: [{ name: 'w', type: 'string', values: { dictionary: [], indices: Uint8Array.of(3) } }],
      }),
    ).toThrow('entry 3 of a dictionary of 0');
    expect(() =>
      encodeArrowFile({
        fields: [
          { ...time, values: Float64Array.of(0) },
          { ...time, name: 'b', values: new Float64Array(2) },
        ],
      }),
    ).toThrow('field "b" has 2 rows');
    expect(() =>
      encodeArrowFile({ fields: [{ ...time, values: new Float64Array(9), validity: Uint8Array.of(1) }] }),
    ).toThrow('it needs 2');
  });
});

describe('a frame as JSON', () => {
  it('has schema and data, or one of them', () => {
    const fields: Field[] = [{ name: 'n', type: 'number', values: Float64Array.of(1, Infinity) }];
    expect(frameToJson({ name: 'f', refId: 'A', meta: { channel: 'c' }, fields })).toEqual({
      schema: {
        name: 'f',
        refId: 'A',
        meta: { channel: 'c' },
        fields: [{ name: 'n', type: 'number', typeInfo: { frame: 'float64' } }],
      },
      data: { values: [[1, null]], entities: [{ Inf: [1] }] },
    });
    expect(frameToJson({ fields }, 'data')).not.toHaveProperty('schema');
    expect(frameToJson({ fields }, 'schema')).not.toHaveProperty('data');
  });
});
