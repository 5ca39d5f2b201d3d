import { addressWords } from '@weir/core';
import {
  type ClosedWindow,
  type DistinctColumn,
  type WindowDistinct,
  type WindowKind,
  type WindowNumber,
  type WindowRows,
  columnsOfKind,
  keyOfKind,
  keyWords,
  windowKinds,
} from '@weir/core/windows';
import { usualReads } from '../metrics.ts';

/** A row as a test writes it: parts of its key, numbers, and hashes of distinct columns in any order. */
export type TestRow = Partial<Record<WindowNumber, number>> & {
  readonly tenant?: string;
  readonly application?: string;
  /** The first address of its key. */
  readonly ip?: string;
  readonly port?: number;
  readonly rest?: 1;
  readonly distinct?: Partial<Record<WindowDistinct, readonly number[]>>;
};

export type TestKinds = Partial<Record<WindowKind, readonly TestRow[]>>;

const nothing = Object.fromEntries(
  windowKinds.map(({ name }) => [name, rowsOfKind(name, [])]),
) as unknown as ClosedWindow['kinds'];

/** A window with these rows, of the columns that baselines read. */
export function windowOfRows(start: number, kinds: TestKinds): ClosedWindow {
  const made = Object.entries(kinds).map(([kind, rows]) => [kind, rowsOfKind(kind as WindowKind, rows)]);
  return { start, kinds: { ...nothing, ...Object.fromEntries(made) } as ClosedWindow['kinds'] };
}

function rowsOfKind(kind: WindowKind, rows: readonly TestRow[]): WindowRows {
  const reads: readonly string[] = usualReads[kind] ?? [];
  const texts = {
    tenant_id: ['', ...new Set(rows.map((r) => r.tenant ?? ''))],
    application: ['', ...new Set(rows.map((r) => r.application ?? ''))],
  };
  const keys: Record<string, Uint32Array> = {};
  let first = true;
  for (const name of keyOfKind(kind)) {
    const words = keyWords(name);
    const out = (keys[name] = new Uint32Array(rows.length * words));
    const isFirst = words === 4 && first;
    if (words === 4) first = false;
    rows.forEach((row, r) => {
      if (name === 'tenant_id') out[r] = texts.tenant_id.indexOf(row.tenant ?? '');
      else if (name === 'application') out[r] = texts.application.indexOf(row.application ?? '');
      else if (isFirst) out.set(addressWords(row.ip ?? '::'), 4 * r);
      else if (name === 'port') out[r] = row.port ?? 0;
    });
  }
  const numbers: Partial<Record<WindowNumber, Float64Array>> = {};
  const distincts: Partial<Record<WindowDistinct, DistinctColumn>> = {};
  for (const { name, merge } of columnsOfKind(kind)) {
    if (!reads.includes(name)) continue;
    if (merge === 'distinct') distincts[name as WindowDistinct] = distinctOf(rows, name as WindowDistinct);
    else numbers[name as WindowNumber] = Float64Array.from(rows, (row) => row[name as WindowNumber] ?? 0);
  }
  return {
    kind,
    rows: rows.length,
    rest: Uint8Array.from(rows, (row) => row.rest ?? 0),
    keys,
    texts,
    numbers: numbers as WindowRows['numbers'],
    histograms: {},
    distincts,
  };
}

function distinctOf(rows: readonly TestRow[], name: WindowDistinct): DistinctColumn {
  const ends = new Uint32Array(rows.length);
  const hashes: number[] = [];
  rows.forEach((row, r) => {
    hashes.push(...[...(row.distinct?.[name] ?? [])].sort((a, b) => a - b));
    ends[r] = hashes.length;
  });
  return { ends, hashes: Uint32Array.from(hashes) };
}
