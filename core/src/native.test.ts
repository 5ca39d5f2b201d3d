import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FlowBatch, layoutOf } from './batch.ts';
import { storedColumns } from './columns.ts';
import { MAX_TEXT_BYTES } from './dictionary.ts';
import { NativeError, decodeNative, encodeNative, liveColumns } from './native.ts';

const ROWS = 40;

/** What a batch holds, in a form that can be compared: numbers as words, texts as texts. */
function contents(batch: FlowBatch): Record<string, unknown> {
  const out: Record<string, unknown> = { rows: batch.rows };
  storedColumns.forEach((column, i) => {
    if (!batch.has(i)) return;
    const layout = layoutOf(column.type);
    const words = [...batch.array(i).subarray(0, batch.rows * layout.words)];
    out[column.name] = layout.text ? words.map((id) => batch.dictionary(i).text(id)) : words;
  });
  return out;
}

function isClean(batch: FlowBatch): boolean {
  return storedColumns.every(
    (column, i) =>
      !batch.has(i) ||
      batch
        .array(i)
        .subarray(batch.rows * layoutOf(column.type).words)
        .every((word) => word === 0),
  );
}

/** Texts as exporters send them: any bytes, often the same, sometimes longer than is kept. */
const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'eth0', 'default', 'ärger', '中文', '👩‍💻') },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: MAX_TEXT_BYTES - 3, maxLength: MAX_TEXT_BYTES + 40 }),
);

function fill(batch: FlowBatch, index: number, values: readonly (number | string | Uint8Array)[]): void {
  const { text: isText } = layoutOf(storedColumns[index]!.type);
  const array = batch.array(index);
  values.forEach((value, at) => {
    if (!isText) array[at] = value as number;
    else {
      const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array);
      array[at] = batch.dictionary(index).intern(bytes, 0, bytes.length);
    }
  });
}

/** A batch with some of the columns, of some rows. */
const batches = fc
  .tuple(
    fc.integer({ min: 0, max: ROWS }),
    fc.uniqueArray(fc.integer({ min: 0, max: storedColumns.length - 1 }), { minLength: 1, maxLength: 12 }),
  )
  .chain(([rows, indexes]) =>
    fc
      .tuple(
        ...indexes.map((index) => {
          const { words, bytes, text: isText } = layoutOf(storedColumns[index]!.type);
          const values: fc.Arbitrary<number | string | Uint8Array> = isText
            ? text
            : fc.integer({ min: 0, max: 256 ** bytes - 1 });
          return fc.array(values, { minLength: rows * words, maxLength: rows * words });
        }),
      )
      .map((values) => {
        const batch = new FlowBatch(ROWS);
        batch.rows = rows;
        indexes.forEach((index, i) => fill(batch, index, values[i]!));
        return batch;
      }),
  );

function failure(act: () => void): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('Native', () => {
  test('what is encoded reads back the same, whatever the columns and texts', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const back = new FlowBatch(ROWS);
        decodeNative(encodeNative(batch), back);
        expect(contents(back)).toEqual(batch.rows > 0 ? contents(batch) : { rows: 0 });
        expect(isClean(back)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('blocks one after another are added to what is there', () => {
    fc.assert(
      fc.property(batches, batches, (first, second) => {
        const joined = new FlowBatch(2 * ROWS);
        decodeNative(encodeNative(first), joined);
        decodeNative(encodeNative(second), joined);
        const atOnce = new FlowBatch(2 * ROWS);
        const a = encodeNative(first);
        const b = encodeNative(second);
        const both = new Uint8Array(a.length + b.length);
        both.set(a);
        both.set(b, a.length);
        decodeNative(both, atOnce);
        expect(contents(atOnce)).toEqual(contents(joined));
        expect(atOnce.rows).toBe(first.rows + second.rows);
      }),
      { numRuns: 100 },
    );
  });

  test.each([255, 256, 257, 65_535, 65_536, 65_537, 70_000])('%i distinct texts in one column', (count) => {
    const index = storedColumns.findIndex((c) => c.type === 'LowCardinality(String)');
    const batch = new FlowBatch(count);
    batch.rows = count;
    fill(
      batch,
      index,
      Array.from({ length: count }, (_, i) => `text ${i}`),
    );
    const back = new FlowBatch(count);
    decodeNative(encodeNative(batch), back);
    const ids = back.u32(index);
    expect([0, 1, 200, count - 1].map((r) => back.dictionary(index).text(ids[r]!))).toEqual(
      [0, 1, 200, count - 1].map((r) => `text ${r}`),
    );
    expect(back.dictionary(index).size).toBe(count + 1);
  });

  test('columns never written are left out', () => {
    const batch = new FlowBatch(1);
    batch.rows = 1;
    batch.u8(storedColumns.findIndex((c) => c.name === 'protocol'))[0] = 6;
    expect(liveColumns(batch)).toEqual(['protocol']);
    expect([...encodeNative(batch)]).toEqual([
      1,
      1,
      8,
      ...Buffer.from('protocol'),
      5,
      ...Buffer.from('UInt8'),
      6,
    ]);
  });

  test('a block with damage is refused with its place, and leaves the batch as it was', () => {
    fc.assert(
      fc.property(
        batches,
        batches,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (before, batch, edits, cut) => {
          const block = encodeNative(batch).slice();
          for (const [at, value] of edits) block[at % block.length] = value;
          const damaged = block.subarray(0, cut % 3 === 0 ? cut % (block.length + 1) : block.length);
          const target = new FlowBatch(2 * ROWS);
          decodeNative(encodeNative(before), target);
          const earlier = contents(target);
          const error = failure(() => decodeNative(damaged, target));
          expect(error === undefined || error instanceof NativeError).toBe(true);
          const later = contents(target);
          const kept = Object.keys(earlier).filter((name) => isDeepStrictEqual(earlier[name], later[name]));
          expect(error === undefined || kept.length === Object.keys(earlier).length).toBe(true);
          expect(isClean(target)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a batch is empty after its reset, and has no trace of what it held', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        batch.reset();
        expect(batch.rows).toBe(0);
        expect(liveColumns(batch)).toEqual([]);
        for (let i = 0; i < storedColumns.length; i++)
          expect(batch.array(i).every((word) => word === 0)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
