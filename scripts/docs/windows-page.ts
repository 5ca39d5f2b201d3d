import {
  type WindowColumn,
  amplifierPorts,
  loginPorts,
  windowColumns,
  windowKeys,
  windowKinds,
} from '../../core/src/windows/index.ts';

/** The reference page of the table `windows_10s`. */
export function windowsPage(): string {
  return [
    '# Windows: the table `windows_10s`',
    '',
    'Generated from `core/src/windows/` by `npm run docs`. Do not edit.',
    '',
    'A row for each ten seconds, collector and entity. A flow counts in the window in which it ended by its exporter. Rows of the same',
    'key from several collectors are merged by each column’s own rule; `weir backtest` and the detectors do. The number of rows',
    'of a kind in a window is bounded: what finds no room is in the row with `rest` 1, so that sums over all rows are those of all',
    'flows. All counts are scaled by the sampling rate, but for `records` and the `…_records`.',
    '',
    '## Kinds',
    '',
    '| Kind | A row for | Key |',
    '| --- | --- | --- |',
    ...windowKinds.map(
      ({ name, doc, key }) => `| \`${name}\` | ${doc} | ${key.map((k) => `\`${k}\``).join(', ')} |`,
    ),
    '',
    '## Key',
    '',
    '| Column | Type | Meaning |',
    '| --- | --- | --- |',
    '| `timestamp` | DateTime | When the window begins. |',
    '| `collector` | LowCardinality(String) | Which collector counted. |',
    '| `kind` | Enum8 | What the row is about. |',
    '| `rest` | UInt8 | 1 for all that found no room. |',
    ...windowKeys.map(({ name, type, doc }) => `| \`${name}\` | ${type} | ${doc} |`),
    '',
    '## Columns',
    '',
    '| Column | Unit | Meaning | Merged by | Kinds |',
    '| --- | --- | --- | --- | --- |',
    ...windowColumns.map(
      ({ name, unit, doc, merge, kinds }: WindowColumn) =>
        `| \`${name}\` | ${unit ?? ''} | ${doc} | ${merge} | ${kinds === undefined ? 'all' : kinds.join(', ')} |`,
    ),
    '',
    'A column merged by `distinct` holds the smallest hashes of its values (32; 256 of interfaces and tenants): up to one less there are,',
    'their number is exact; beyond it is `(n - 1) · 2³² / (largest + 1)`, with a standard error of 18 % (6 %).',
    '',
    `Login ports: ${loginPorts.join(', ')}.`,
    '',
    `Amplifying ports: ${amplifierPorts.map(({ port, name }) => `${port} (${name})`).join(', ')}.`,
    '',
  ].join('\n');
}
