import type { Field, FieldConfig } from '@weir/plugin-sdk';

/** Kept in the data for links and transformations, and out of sight: Grafana's table knows the one or the other, by its version. */
const HIDDEN = { custom: { hidden: true, hideFrom: { viz: true, legend: true, tooltip: true } } };

/** Builders of fields, a value for each row, each with its head. */
export function columnsOf<T>(rows: readonly T[]): {
  readonly text: (name: string, head: string, of: (row: T) => string, config?: FieldConfig) => Field;
  readonly number: (name: string, head: string, of: (row: T) => number | null, config?: FieldConfig) => Field;
  /** Of milliseconds since 1970; 0 is no time. */
  readonly time: (name: string, head: string, of: (row: T) => number) => Field;
  /** The same out of sight. */
  readonly hiddenText: (name: string, of: (row: T) => string) => Field;
  readonly hiddenNumber: (name: string, of: (row: T) => number) => Field;
} {
  const validityOf = (present: readonly boolean[]): { readonly validity?: Uint8Array } => {
    if (present.every(Boolean)) return {};
    const validity = new Uint8Array((present.length + 7) >> 3);
    present.forEach((is, i) => {
      if (is) validity[i >> 3]! |= 1 << (i & 7);
    });
    return { validity };
  };
  return {
    text: (name, head, of, config = {}) => ({
      name,
      type: 'string',
      values: rows.map(of),
      config: { displayName: head, ...config },
    }),
    number: (name, head, of, config = {}) => {
      const values = rows.map(of);
      return {
        name,
        type: 'number',
        values: Float64Array.from(values, (value) => value ?? 0),
        config: { displayName: head, ...config },
        ...validityOf(values.map((value) => value !== null)),
      };
    },
    time: (name, head, of) => {
      const values = Float64Array.from(rows, of);
      return {
        name,
        type: 'time',
        values,
        config: { displayName: head },
        ...validityOf([...values].map((value) => value > 0)),
      };
    },
    hiddenText: (name, of) => ({ name, type: 'string', values: rows.map(of), config: HIDDEN }),
    hiddenNumber: (name, of) => ({
      name,
      type: 'number',
      values: Float64Array.from(rows, of),
      config: HIDDEN,
    }),
  };
}
