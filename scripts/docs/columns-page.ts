import {
  type Column,
  type ElementSource,
  RecordFlag,
  columns,
  elementName,
  narrowRollupNames,
  narrowRollups,
} from '../../core/src/index.ts';

/** The reference page of the columns of `network_flows`. */
export function columnsPage(): string {
  const lines = [
    '# Columns of `network_flows`',
    '',
    'Generated from `core/src/columns.ts` by `npm run docs`. Do not edit.',
    '',
    'No column is Nullable: zero, `::` or the empty text mean "not known". Bytes and packets are as the exporter sent them;',
    'multiply by `greatest(sampling_rate, 1)`. IPv4 addresses are v4-mapped (`::ffff:192.0.2.1`): compare with',
    "`toIPv6('192.0.2.1')`, show dotted with `replaceOne(toString(source_ip), '::ffff:', '')`. Where a template has several",
    'of the elements listed, the first wins; for addresses and times the first that is not zero.',
    '',
    '| Column | Type | Unit | Meaning | Fed by | Rollups |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  for (const column of columns as readonly Column[]) {
    const fed = column.from.map(source).join(', ');
    lines.push(
      `| \`${column.name}\` | ${column.type.replaceAll('|', '\\|')}${column.alias === undefined ? '' : ' (computed)'} | ${column.unit ?? ''} | ${column.doc} | ${fed} | ${column.rollup ?? ''} |`,
    );
  }
  lines.push(
    '',
    '## Record flags',
    '',
    '`record_flags` is a set of bits:',
    '',
    '| Bit | Name |',
    '| --- | --- |',
  );
  for (const [name, bit] of Object.entries(RecordFlag)) lines.push(`| ${bit} | ${name} |`);
  lines.push(
    '',
    '## Rollups',
    '',
    '`flows_1m` and `flows_1h` have a row for each combination of the columns marked `key` and `heavy` in a slot (`timestamp` is its',
    'start), with `flow_count`. `sum` columns are summed, `average` columns have a `_sum` and a `_count`. Of a `heavy` column the',
    'heaviest values of the slot keep their name; the others are zero, and the bits of `folded` say which columns were.',
    '',
    'Two narrow rollups of a minute keep fewer columns, and so a few rows where `flows_1m` has thousands: what asks for no other is',
    'answered from them. They have the same `sum` and `average` columns and `flow_count`, and no `folded`:',
    '',
    ...narrowRollupNames.map(
      (name) => `- \`${name}\`: ${narrowRollups[name].map((key) => `\`${key}\``).join(', ')}`,
    ),
    '',
  );
  return lines.join('\n');
}

function source({ pen, id, as }: ElementSource): string {
  const name = elementName(pen, id, 10);
  return `${name} (${pen === 0 ? id : `${pen}:${id}`}${as === undefined ? '' : `, ${as}`})`;
}
