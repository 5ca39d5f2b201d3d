import {
  type WindowColumn,
  type WindowDistinct,
  type WindowHistogram,
  type WindowKind,
  type WindowNumber,
  columnsOfKind,
  sumGroups,
  windowColumns,
} from '@weir/core/windows';

/** Sums that a flow brings, in the order of the groups. */
const sums = sumGroups.flat();
export const SUMS = sums.length;

/** Place of a sum among those that a flow brings. */
export const sumAt = Object.fromEntries(sums.map(({ name }, i) => [name, i])) as Readonly<
  Record<WindowNumber, number>
>;

/** Where each group of sums begins, and the end of the last. */
export const groupStarts: readonly number[] = sumGroups.reduce<number[]>(
  (starts, group) => [...starts, starts.at(-1)! + group.length],
  [0],
);

/** How rows of a kind lie in memory. */
export interface RowLayout {
  /** Numbers a row, filled up to whole lines of cache. */
  readonly stride: number;
  readonly numbers: readonly RowNumber[];
  readonly histograms: readonly {
    readonly name: WindowHistogram;
    readonly at: number;
    readonly length: number;
  }[];
  readonly distincts: readonly WindowDistinct[];
}

export interface RowNumber {
  readonly name: WindowNumber;
  readonly at: number;
  readonly merge: WindowColumn['merge'];
}

const LINE = 8;
const isNumber = ({ merge }: WindowColumn): boolean => merge !== 'histogram' && merge !== 'distinct';
const isOfAll = ({ kinds, merge }: WindowColumn): boolean => merge === 'histogram' && kinds === undefined;
const lengthOf = ({ length = 1 }: WindowColumn): number => length;

/**
 * The order in a row: what every flow touches comes first, that is the first group of sums, extremes, and histograms of all kinds; then
 * the other sums, then the histograms that few kinds have.
 */
const first = sumGroups[0]!;
const extremes = windowColumns.filter((c: WindowColumn) => isNumber(c) && c.merge !== 'sum');
const always: readonly WindowColumn[] = [...first, ...extremes, ...windowColumns.filter(isOfAll)];

/** Other sums lie so much further on in a row than among those that a flow brings. */
export const SHIFT = always.reduce((sum, c) => sum + lengthOf(c), 0) - first.length;

const ordered: readonly WindowColumn[] = [...always, ...sumGroups.slice(1).flat()];

/** Place of a number in a row: the same in all kinds. */
export const slotOf = (() => {
  const slots: Partial<Record<string, number>> = {};
  let at = 0;
  for (const column of ordered) {
    if (isNumber(column)) slots[column.name] = at;
    at += lengthOf(column);
  }
  return slots as Readonly<Record<WindowNumber, number>>;
})();

export function layoutOfKind(kind: WindowKind): RowLayout {
  const columns = columnsOfKind(kind);
  const rest = columns.filter((c) => c.merge === 'histogram' && !isOfAll(c));
  const numbers: RowNumber[] = [];
  const histograms: { name: WindowHistogram; at: number; length: number }[] = [];
  let at = 0;
  for (const column of [...ordered, ...rest]) {
    const { name, merge } = column;
    if (isNumber(column)) numbers.push({ name: name as WindowNumber, at, merge });
    else histograms.push({ name: name as WindowHistogram, at, length: lengthOf(column) });
    at += lengthOf(column);
  }
  return {
    stride: Math.ceil(at / LINE) * LINE,
    numbers,
    histograms,
    distincts: columns.filter((c) => c.merge === 'distinct').map((c) => c.name as WindowDistinct),
  };
}

/** Places of the numbers that are merged by a rule. */
export function slotsOf(merge: 'max' | 'min' | 'or'): readonly number[] {
  return windowColumns
    .filter((c: WindowColumn) => c.merge === merge)
    .map(({ name }) => slotOf[name as WindowNumber]);
}
