import { anomalyColumns, anomalyStates, anomalyTypes, severities } from '../../core/src/anomalies.ts';

/** The reference page of the table `anomalies`. */
export function anomaliesPage(): string {
  return [
    '# Anomalies: the table `anomalies`',
    '',
    'Generated from `core/src/anomalies.ts` by `npm run docs`. Do not edit.',
    '',
    'One row for one thing that happens: opened when it begins, written again while it lasts (the newest `updated` holds: read with',
    '`FINAL`), closed when it ends, opened again under the same `id` when it comes back within a quarter of an hour. Anomalies that',
    'belong together share a `story`.',
    '',
    '```sql',
    "SELECT opened, severity, type, title FROM weir.anomalies FINAL WHERE state = 'open' ORDER BY severity DESC, opened;",
    '```',
    '',
    '| Column | Type | Meaning |',
    '| --- | --- | --- |',
    ...anomalyColumns.map(
      ({ name, type, doc }) => `| \`${name}\` | ${type.replaceAll('|', '\\|')} | ${doc} |`,
    ),
    '',
    `Types: ${anomalyTypes.map((t) => `\`${t}\``).join(', ')}.`,
    `Severities: ${severities.map((s) => `\`${s}\``).join(', ')}. States: ${anomalyStates.map((s) => `\`${s}\``).join(', ')};`,
    '`silenced` is open or was, while a silence held.',
    '',
    '`evidence` is JSON:',
    '',
    '| Key | Meaning |',
    '| --- | --- |',
    '| `measures` | Further numbers, `{ name, value, unit }`, the telling ones first. |',
    '| `contributors` | Who makes up most of it: ends, protocol, port, and its part of the value. |',
    '| `ports` | Destination ports, the lowest first. |',
    '| `caveat` | Why nothing firmer can be said. |',
    '| `flows` | The largest flows of it, from the store; there some seconds after it was opened. |',
    '| `parameters` | Parameters that decided, by name. |',
    '',
  ].join('\n');
}
