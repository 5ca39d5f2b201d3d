import { type ColumnName, type FlowBatch, columnIndex, layoutOf, storedColumns } from '@weir/core';
import { addressText } from '@weir/core';

/** A row as plain values: numbers (bigint where a number would not be exact), addresses and texts as text. */
export type FlowRow = Record<ColumnName, number | bigint | string>;

/** A batch's rows in readable form. Columns that were never written show their zero. */
export function rowsOf(batch: FlowBatch, from = 0, to = batch.rows): FlowRow[] {
  const rows: FlowRow[] = [];
  for (let r = from; r < to; r++) rows.push(rowOf(batch, r));
  return rows;
}

function rowOf(batch: FlowBatch, r: number): FlowRow {
  const row: Partial<FlowRow> = {};
  for (const column of storedColumns) {
    const index = columnIndex(column.name as ColumnName);
    row[column.name as ColumnName] = batch.has(index)
      ? value(batch, index, column.type, r)
      : zero(column.type);
  }
  return row as FlowRow;
}

function zero(type: string): number | string {
  if (type === 'IPv6') return '::';
  return type.endsWith('String)') || type === 'String' ? '' : 0;
}

function value(batch: FlowBatch, index: number, type: string, r: number): number | bigint | string {
  const layout = layoutOf(type as 'UInt8');
  if (layout.text) return batch.dictionary(index).text(batch.u32(index)[r]!);
  if (type === 'IPv6') return addressText(batch.u32(index), 4 * r);
  if (layout.words === 2) {
    const words = batch.u32(index);
    const wide = (BigInt(words[2 * r + 1]!) << 32n) | BigInt(words[2 * r]!);
    const signed = type === 'Int64' ? BigInt.asIntN(64, wide) : wide;
    const plain = Number(signed);
    return Number.isSafeInteger(plain) ? plain : signed;
  }
  return batch.array(index)[r]!;
}

/** First packet in milliseconds since 1970, as the table's `flow_start_time` computes it. */
export function startOf(row: FlowRow): number {
  return endOf(row) - Number(row.duration_ms);
}

/** Last packet in milliseconds since 1970, as the table's `flow_end_time` computes it. */
export function endOf(row: FlowRow): number {
  return Number(row.timestamp) * 1000 - Number(row.end_lag_ms);
}

/** `00:50:56:c0:00:01` as the number that a MAC column holds. */
export function macNumber(text: string): number {
  return Number(`0x${text.replaceAll(':', '')}`);
}

/** Columns that break the promise that rows beyond the last are zero; empty where it holds. */
export function dirtBeyondRows(batch: FlowBatch): string[] {
  const dirty: string[] = [];
  storedColumns.forEach((column, index) => {
    if (!batch.has(index)) return;
    const array = batch.array(index);
    for (let at = batch.rows * layoutOf(column.type).words; at < array.length; at++)
      if (array[at] !== 0) {
        dirty.push(column.name);
        return;
      }
  });
  return dirty;
}
