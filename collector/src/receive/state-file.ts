import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { SavedState } from '../inputs/netflow/state.ts';

/** What an earlier run has saved; undefined where there is nothing, or nothing that can be used (`problem` says why). */
export function readStateFile(path: string): { state?: SavedState; problem?: string } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? {}
      : { problem: `cannot read ${path}: ${String(error)}` };
  }
  try {
    const state = JSON.parse(text) as SavedState;
    if (state.version !== 1 || !Array.isArray(state.exporters))
      return { problem: `${path} is not of a version that this program knows` };
    return { state };
  } catch {
    return { problem: `${path} is damaged: templates are learnt anew` };
  }
}

/** Written beside and renamed: a crash leaves the old file or the new one. */
export function writeStateFile(path: string, state: SavedState): void {
  writeFileSync(`${path}.new`, JSON.stringify(state));
  renameSync(`${path}.new`, path);
}
