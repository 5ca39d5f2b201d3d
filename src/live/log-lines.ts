/** A column of a live message, with one value for each flow. */
export interface LiveColumn {
  readonly name: string;
  readonly type: string;
  readonly values: ArrayLike<unknown>;
}

export interface LogLines {
  readonly times: number[];
  /** `10.0.0.1:51234 → 192.0.2.7:443  TCP  12.3 kB in 14 packets  edge-1` */
  readonly bodies: string[];
  /** Empty where verdicts are not among the columns. */
  readonly severities: string[];
  readonly ids: string[];
  readonly labels: Record<string, string>[];
}

/** Live flows as lines of a log, as the backend writes stored ones. */
export function logLines(columns: readonly LiveColumn[]): LogLines {
  const time = columns.find((column) => column.type === 'time');
  const others = columns.filter((column) => column !== time);
  const rows = columns[0]?.values.length ?? 0;
  const lines: LogLines = { times: [], bodies: [], severities: [], ids: [], labels: [] };
  const hasVerdict = others.some(({ name }) => name === 'verdict');
  const seen = new Map<string, number>();
  for (let row = 0; row < rows; row++) {
    const labels: Record<string, string> = {};
    for (const { name, values } of others) {
      const text = String(values[row] ?? '');
      if (text !== '') labels[name] = text;
    }
    const at = Number(time?.values[row] ?? 0);
    const body = bodyOf(labels);
    const key = `${at} ${body}`;
    const same = seen.get(key) ?? 0;
    seen.set(key, same + 1);
    lines.times.push(at);
    lines.bodies.push(body);
    if (hasVerdict) lines.severities.push(severityOf(labels['verdict']));
    lines.ids.push(`${key} ${same}`);
    lines.labels.push(labels);
  }
  return lines;
}

function severityOf(verdict: string | undefined): string {
  return verdict === 'dropped' ? 'warning' : verdict === 'error' ? 'error' : 'info';
}

function bodyOf(labels: Readonly<Record<string, string>>): string {
  const read = (...names: string[]): string => names.map((name) => labels[name]).find((text) => text) ?? '';
  const end = (address: string, port: string): string => {
    if (port === '' || port === '0') return address;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  };
  const source = end(read('source_ip'), read('source_port'));
  const destination = end(read('destination_ip'), read('destination_port'));
  const bytes = read('bytes_in', 'bytes');
  const packets = read('packets_in', 'packets');
  const verdict = read('verdict');
  const parts = [
    // Only the end that was asked for, where it was one.
    [source, destination === '' ? '' : `→ ${destination}`].filter(Boolean).join(' '),
    read('protocol'),
    read('application'),
    [bytes === '' ? '' : octets(Number(bytes)), packets === '' ? '' : `${packets} packets`]
      .filter(Boolean)
      .join(' in '),
    verdict === 'unknown' ? '' : verdict,
    read('exporter_name', 'exporter', 'collector_ip'),
  ].filter((text) => text !== '');
  if (parts.length > 0) return parts.join('  ');
  return Object.entries(labels)
    .map(([name, text]) => `${name}=${text}`)
    .join('  ');
}

function octets(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let at = 0;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${at === 0 ? value : value.toPrecision(3)} ${units[at]!}`;
}
