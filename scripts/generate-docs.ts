import { readFileSync, writeFileSync } from 'node:fs';
import { anomaliesPage } from './docs/anomalies-page.ts';
import { columnsPage } from './docs/columns-page.ts';
import { detectorsPage } from './docs/detectors-page.ts';
import { filterPage } from './docs/filter-page.ts';
import { ledgerPage } from './docs/ledger-page.ts';
import { windowsPage } from './docs/windows-page.ts';

/* Writes the reference pages that are read off the code; with --check, says which are out of date instead. */

const pages: readonly (readonly [path: string, text: string])[] = [
  ['docs/reference/anomalies.md', anomaliesPage()],
  ['docs/reference/columns.md', columnsPage()],
  ['docs/reference/detectors.md', detectorsPage()],
  ['docs/reference/filter.md', filterPage()],
  ['docs/reference/ledger.md', ledgerPage()],
  ['docs/reference/windows.md', windowsPage()],
];
const check = process.argv.includes('--check');
let stale = 0;
for (const [path, text] of pages) {
  const file = new URL(`../${path}`, import.meta.url);
  let present = '';
  try {
    present = readFileSync(file, 'utf8');
  } catch {
    // not there yet
  }
  if (present === text) continue;
  stale++;
  if (check) console.error(`${path} is out of date: run npm run docs`);
  else writeFileSync(file, text);
}
if (check && stale > 0) process.exitCode = 1;
else console.log(check ? 'Reference pages: up to date.' : `${stale} reference pages written.`);
