import {
  type ColumnName,
  FlowBatch,
  addressText,
  addressWords,
  at,
  columnByName,
  layoutOf,
} from '@weir/core';
import { type ClosedWindow, type WindowKind, type WindowRows, hashesOf, keyOfKind } from '@weir/core/windows';

/** Columns of a flow as a test writes them: addresses and texts as texts, all others as numbers. */
export type Flow = Partial<Record<ColumnName, number | string>>;

export const NOON = Date.UTC(2026, 2, 10, 12) / 1000;

/** Flows as a batch; received two seconds after noon where not said. */
export function batchOf(flows: readonly Flow[]): FlowBatch {
  const batch = new FlowBatch(Math.max(1, flows.length));
  flows.forEach((flow, r) => {
    for (const [name, value] of Object.entries({ timestamp: NOON + 2, ...flow }))
      put(batch, r, name as ColumnName, value);
  });
  batch.rows = flows.length;
  return batch;
}

function put(batch: FlowBatch, r: number, name: ColumnName, value: number | string): void {
  const index = at[name];
  const { bytes, words, text } = layoutOf(columnByName(name)!.type as 'UInt8');
  if (text) batch.u32(index)[r] = batch.dictionary(index).internText(String(value));
  else if (words === 4) batch.u32(index).set(addressWords(String(value)), 4 * r);
  else if (words === 2) {
    batch.u32(index)[2 * r] = Number(value);
    batch.u32(index)[2 * r + 1] = Math.floor(Number(value) / 2 ** 32);
  } else batch.array(index)[r] = Number(value);
  if (bytes > 4) throw new Error(`${name} is too wide`);
}

/** A row as a test reads it: what is zero or empty is left out. */
export type ShownRow = Record<string, number | string | number[]>;

export function shown(rows: WindowRows): ShownRow[] {
  return Array.from({ length: rows.rows }, (_, r) => {
    const row: ShownRow = rows.rest[r] === 1 ? { rest: 1 } : {};
    for (const name of keyOfKind(rows.kind)) {
      const column = rows.keys[name]!;
      row[name] =
        name === 'tenant_id' || name === 'application'
          ? rows.texts[name][column[r]!]!
          : name.endsWith('_ip')
            ? addressText(column, 4 * r)
            : column[r]!;
    }
    for (const [name, values] of Object.entries(rows.numbers)) row[name] = values[r]!;
    for (const [name, values] of Object.entries(rows.histograms)) {
      const length = values.length / rows.rows;
      row[name] = [...values.subarray(r * length, (r + 1) * length)];
    }
    for (const [name, column] of Object.entries(rows.distincts)) row[name] = [...hashesOf(column, r)];
    return Object.fromEntries(Object.entries(row).filter(([, value]) => !isEmpty(value)));
  });
}

function isEmpty(value: number | string | number[]): boolean {
  return Array.isArray(value) ? value.every((v) => v === 0) : value === 0 || value === '';
}

/** All rows of a window in an order of their own, so that windows can be compared. */
export function allRows(window: ClosedWindow): Record<string, ShownRow[]> {
  return Object.fromEntries(
    Object.entries(window.kinds).map(([kind, rows]) => [
      kind,
      shown(rows).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    ]),
  );
}

export function rowsOf(window: ClosedWindow, kind: WindowKind): ShownRow[] {
  return shown(window.kinds[kind]);
}
