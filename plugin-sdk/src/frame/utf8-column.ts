import type { DictionaryValues, Utf8Values } from './frame.ts';

const encoder = new TextEncoder();
const UTF8_BYTES_PER_UNIT = 3;

/** Text as one run of bytes; nulls become empty. */
export const utf8OfStrings = (values: readonly (string | null)[]): Utf8Values => {
  const offsets = new Int32Array(values.length + 1);
  let bytes = new Uint8Array(Math.max(64, values.length * 16));
  let end = 0;
  for (let row = 0; row < values.length; row++) {
    const text = values[row] ?? '';
    if (end + text.length * UTF8_BYTES_PER_UNIT > bytes.length) {
      const grown = new Uint8Array(Math.max(end + text.length * UTF8_BYTES_PER_UNIT, bytes.length * 2));
      grown.set(bytes);
      bytes = grown;
    }
    let unit = 0;
    for (; unit < text.length; unit++) {
      const code = text.charCodeAt(unit);
      if (code >= 0x80) break;
      bytes[end++] = code;
    }
    if (unit < text.length) end += encoder.encodeInto(text.slice(unit), bytes.subarray(end)).written;
    offsets[row + 1] = end;
  }
  return { bytes: bytes.subarray(0, end), offsets };
};

/** A dictionary column written out. Throws a RangeError for an index beyond the dictionary. */
export const utf8OfDictionary = (
  { dictionary, indices }: DictionaryValues,
  isNull: (row: number) => boolean,
): Utf8Values => {
  const words = utf8OfStrings(dictionary);
  const offsets = new Int32Array(indices.length + 1);
  let size = 0;
  for (let row = 0; row < indices.length; row++) {
    if (!isNull(row)) {
      const index = indices[row]!;
      if (index >= dictionary.length || index < 0) {
        throw new RangeError(
          `Row ${row} points at entry ${index} of a dictionary of ${dictionary.length} strings.`,
        );
      }
      size += words.offsets[index + 1]! - words.offsets[index]!;
    }
    offsets[row + 1] = size;
  }
  const bytes = new Uint8Array(size);
  for (let row = 0; row < indices.length; row++) {
    let at = offsets[row]!;
    if (at === offsets[row + 1]) continue;
    const index = indices[row]!;
    const stop = words.offsets[index + 1]!;
    for (let from = words.offsets[index]!; from < stop; from++) bytes[at++] = words.bytes[from]!;
  }
  return { bytes, offsets };
};
