import type { ClosedWindow, WindowRows } from '@weir/core/windows';
import { Names } from './names.ts';
import { WindowTable } from './table.ts';
import { byKind } from './window-set.ts';

/** Names in one merge: more than any of its parts can have. */
const MOST_NAMES = 65_536;

/** Rows of one kind from collectors, threads or windows as one for each key. Exact: it has as much room as it needs. */
export function mergedRows(parts: readonly [WindowRows, ...WindowRows[]]): WindowRows {
  const total = parts.reduce((sum, part) => sum + part.rows, 0);
  const table = new WindowTable(parts[0].kind, total, 0);
  const names = { tenant_id: new Names(MOST_NAMES), application: new Names(MOST_NAMES) };
  for (const part of parts)
    for (let r = 0; r < part.rows; r++) table.absorb(part, r, (key, text) => names[key].id(text));
  return table.columns({ tenant_id: names.tenant_id.texts, application: names.application.texts });
}

/** Windows as one, which begins with the earliest. */
export function mergedWindows(parts: readonly [ClosedWindow, ...ClosedWindow[]]): ClosedWindow {
  const [first, ...others] = parts;
  return {
    start: Math.min(...parts.map((p) => p.start)),
    kinds: byKind((kind) => mergedRows([first.kinds[kind], ...others.map((o) => o.kinds[kind])])),
  };
}
