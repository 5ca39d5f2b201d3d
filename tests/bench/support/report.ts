import { cpus, loadavg } from 'node:os';
import { usageOf } from './usage.ts';

/** Prints rows under a heading, numbers to the right. */
export function printTable(
  heading: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const cells = rows.map((row) => row.map((cell) => String(cell)));
  const widths = heading.map((title, c) => Math.max(title.length, ...cells.map((row) => row[c]!.length)));
  const right = heading.map((_, c) => rows.every((row) => /^[-\d]|^$/.test(String(row[c]))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, c) => (right[c]! ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
      .join('  ')
      .trimEnd();
  console.log(line(heading));
  console.log(widths.map((w) => '-'.repeat(w)).join('  '));
  for (const row of cells) console.log(line(row));
}

/** What this benchmark's own process has used, and how busy the machine was. */
export function printUsage(): void {
  const usage = usageOf('self')!;
  console.log(
    `\nthis process: ${usage.cpuSeconds.toFixed(1)} CPU s, ${mebibytes(usage.peakBytes)} MiB at most; ` +
      `${cpus().length} cores, load ${loadavg()[0]!.toFixed(1)}`,
  );
}

export function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

export function thousands(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}
