import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Score } from './score.ts';

export const REPORT = join(import.meta.dirname, '../../docs/detection-quality.md');

/** The parts of the page, each written by its own kind of traffic. The order is the page's. */
export type Part = 'lab' | 'simulated';

const begin = (part: Part): string => `<!-- ${part}: written by npm run quality -->`;
const end = (part: Part): string => `<!-- end of ${part} -->`;

const HEAD = `# Quality of detection

\`\`\`
npm run quality                        both parts
npm run quality -- lab                 real programs in network namespaces: Linux, as root
npm run quality -- lab --score-only    the lab's last recording again, with the detectors as they are now
npm run quality -- simulated           the simulator, two weeks
\`\`\`

Labelled traffic, all detectors at their defaults, and what came of it. The goals: recall and precision of 0.95 or more where traffic is
unsampled; at most one false alarm a day for a network of 1,000 hosts, all detectors together; found within one window of crossing the
threshold. What falls short is here as it is.

- **Recall**: of the attacks that have to be found, those of which an anomaly of the expected type says so.
- **Precision**: of all anomalies, those that are true: of an attack's type or of a consequence of it, naming one of its hosts, while it
  lasted.
- **To detect**: seconds from the attack's beginning to the first row that is written, the exporter's delays counted. **From crossing**: the
  same from when the default threshold was crossed.
`;

/** Puts a part's Markdown in the place of what it had before; the rest of the page stays. */
export function writePart(part: Part, markdown: string, file = REPORT): void {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : HEAD;
  const from = page.indexOf(begin(part));
  const to = page.indexOf(end(part));
  const text = `${begin(part)}\n\n${markdown.trim()}\n\n${end(part)}`;
  writeFileSync(
    file,
    from < 0 || to < from
      ? `${page.trimEnd()}\n\n${text}\n`
      : page.slice(0, from) + text + page.slice(to + end(part).length),
  );
}

/** A table as prettier would set it, so that the page can be checked in as it is. Columns of numbers stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const odd = rows.find((row) => row.length !== head.length);
  if (odd !== undefined)
    throw new Error(`a row of ${odd.length} cells under ${head.length}: ${odd.join(', ')}`);
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, c) => Math.max(3, ...cells.map((row) => [...row[c]!].length)));
  const right = head.map((_, c) => rows.length > 0 && rows.every((row) => /^[-–\d.,% /]*$/.test(row[c]!)));
  const line = (row: readonly string[]): string =>
    `| ${row
      .map((cell, c) => {
        const gap = ' '.repeat(widths[c]! - [...cell].length);
        return right[c] === true ? gap + cell : cell + gap;
      })
      .join(' | ')} |`;
  const rule = widths.map((width, c) =>
    right[c] === true ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(cells[0]!), `| ${rule.join(' | ')} |`, ...cells.slice(1).map(line)].join('\n');
}

/** `0.95`, and `–` where there is nothing to take a part of. */
export function part(value: number): string {
  return Number.isFinite(value) ? (Math.round(value * 1000) / 1000).toString() : '–';
}

export function seconds(value: number): string {
  return Number.isFinite(value) ? value.toFixed(0) : '–';
}

/** For each detector's types: what was asked for and found, what was false. */
export function typesTable({ types }: Score, detectorOf: (type: string) => string): string {
  return table(
    [
      'Type',
      'Detector',
      'Attacks',
      'Found',
      'Recall',
      'True',
      'False',
      'Precision',
      'False a day',
      'To detect, s',
      'From crossing, s',
      'At most, s',
    ],
    types.map((t) => [
      t.type,
      detectorOf(t.type),
      String(t.labels),
      String(t.found),
      part(t.recall),
      String(t.true),
      String(t.false),
      part(t.precision),
      part(t.falsePerDay),
      seconds(t.medianSecondsToDetect),
      seconds(t.medianSecondsFromCrossing),
      seconds(t.mostSecondsFromCrossing),
    ]),
  );
}
