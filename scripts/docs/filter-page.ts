import { readFileSync } from 'node:fs';
import { filterReference } from '../../core/src/filter/index.ts';

const HEADING = '## Fields\n';

/** The page on the filter language: written by hand but for its table of fields. */
export function filterPage(): string {
  const page = readFileSync(new URL('../../docs/reference/filter.md', import.meta.url), 'utf8');
  const at = page.indexOf(HEADING);
  if (at < 0) throw new Error(`docs/reference/filter.md has no heading "${HEADING.trim()}"`);
  const table = page.indexOf('\n|', at);
  return `${page.slice(0, table + 1)}${filterReference().trimEnd()}\n`;
}
