import { fields, type FieldType } from '../fields/fields.ts';

const kinds: Readonly<Record<FieldType, string>> = {
  address: 'address',
  exporter: 'exporter',
  interface: 'interface',
  port: 'port',
  as: 'AS',
  protocol: 'protocol',
  flags: 'TCP flags',
  mac: 'MAC address',
  dscp: 'DSCP',
  enum: 'word',
  text: 'text',
  number: 'number',
  bytes: 'size',
  milliseconds: 'duration',
  microseconds: 'duration',
};

/** The table of fields for the reference page, in Markdown. */
export function filterReference(): string {
  const rows = fields.map((f) => {
    const aliases = f.aliases.map((a) => `\`${a}\``).join(', ');
    return `| \`${f.name}\` | ${aliases} | ${kinds[f.type]} | ${f.doc.replaceAll('|', '\\|')} |`;
  });
  return ['| Field | Also | Kind | What |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
