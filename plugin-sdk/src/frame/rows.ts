import type { Field, Frame, Utf8Values } from './frame.ts';

export const isUtf8 = (values: object): values is Utf8Values => 'offsets' in values;

/** Number of rows of a column. */
export const fieldLength = (field: Field): number => {
  const values = field.values;
  if ('offsets' in values) return Math.max(0, values.offsets.length - 1);
  if ('indices' in values) return values.indices.length;
  return values.length;
};

/** Number of rows of a frame. Throws when its fields disagree: that frame was built wrongly. */
export const frameLength = (frame: Frame): number => {
  if (frame.fields.length === 0) return 0;
  const length = fieldLength(frame.fields[0]!);
  for (const field of frame.fields) {
    const own = fieldLength(field);
    if (own !== length) {
      throw new RangeError(
        `Frame "${frame.name ?? ''}": field "${field.name}" has ${own} rows, the first field "${frame.fields[0]!.name}" has ${length}. All fields of a frame must be of one length.`,
      );
    }
    if (field.validity !== undefined && field.validity.length < (length + 7) >> 3) {
      throw new RangeError(
        `Frame "${frame.name ?? ''}": the validity bitmap of field "${field.name}" has ${field.validity.length} bytes for ${length} rows; it needs ${(length + 7) >> 3}.`,
      );
    }
  }
  return length;
};

/** The validity bitmap of `length` rows of which those are null that `isNull` names; undefined when none is. */
export const validityOf = (length: number, isNull: (row: number) => boolean): Uint8Array | undefined => {
  const bitmap = new Uint8Array((length + 7) >> 3);
  let nulls = 0;
  for (let row = 0; row < length; row++) {
    if (isNull(row)) nulls++;
    else bitmap[row >> 3] |= 1 << (row & 7);
  }
  return nulls === 0 ? undefined : bitmap;
};

/** The bitmap of a field: its own, or that of the nulls in its array. */
export const fieldValidity = (field: Field): Uint8Array | undefined => {
  if (field.validity !== undefined) return field.validity;
  const values = field.values;
  if (!Array.isArray(values)) return undefined;
  return validityOf(values.length, (row) => values[row] === null || values[row] === undefined);
};

/** Whether a row of a bitmap is null. */
export const rowIsNull = (validity: Uint8Array | undefined, row: number): boolean =>
  validity !== undefined && ((validity[row >> 3]! >> (row & 7)) & 1) === 0;
