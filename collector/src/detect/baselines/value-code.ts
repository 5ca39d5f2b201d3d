/*
 * Values as 16-bit codes on a scale that is linear near zero and logarithmic above: of bytes per second and of ports per minute alike
 * there are both few and very many. A code is within 0.03 % (and 1/200,000 of a unit) of its value.
 */

/** Where the scale turns from linear to logarithmic: at 1 / 64 of a unit, which is a flow a minute. */
const KNEE = 64;
export const CODES_PER_OCTAVE = 1200;
/** About 3.7e14: more than any line carries in bytes per second. */
export const MOST_CODE = 65_279;
/** No value is known: never the code of one. */
export const NO_VALUE = 65_535;

/** The place of a value on the scale, not rounded. */
export function placeOf(value: number): number {
  return value > 0 ? Math.min(MOST_CODE, Math.log2(1 + KNEE * value) * CODES_PER_OCTAVE) : 0;
}

export function codeOf(value: number): number {
  return Math.round(placeOf(value));
}

export function valueAt(place: number): number {
  return (2 ** (Math.max(0, Math.min(MOST_CODE, place)) / CODES_PER_OCTAVE) - 1) / KNEE;
}

const values = Float64Array.from({ length: MOST_CODE + 1 }, (_, code) => valueAt(code));

/** The value of a code that is not `NO_VALUE`. */
export function valueOf(code: number): number {
  return values[code]!;
}
