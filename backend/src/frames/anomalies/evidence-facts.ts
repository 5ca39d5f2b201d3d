import type { AnomalyContributor } from '@weir/core/anomalies';
import { nameOf, protocolNames, serviceNames } from '@weir/core/filter';
import type { AnomalyRecord } from './anomaly-record.ts';
import { measuredText, metricText, numberText, unitText } from './measured-text.ts';

/** One thing that is known of an anomaly, for people. */
export interface Fact {
  readonly part: string;
  /** Of what; empty where the part says it. */
  readonly what: string;
  readonly text: string;
}

/** All that an anomaly rests on, but for its flows: the telling things first. */
export function factsOf(record: AnomalyRecord): Fact[] {
  const { evidence, metric } = record;
  const fact = (part: string, text: string, what = ''): Fact[] => (text === '' ? [] : [{ part, what, text }]);
  return [
    ...fact('What', record.description),
    ...fact('Measured', measuredText(metric, record)),
    ...(evidence.measures ?? []).flatMap(({ name, value, unit }) =>
      fact('Measure', unitText(value, unit), name.replaceAll('_', ' ')),
    ),
    ...(evidence.contributors ?? []).flatMap((contributor) =>
      fact('Contributor', metricText(metric, contributor.value), contributorText(contributor)),
    ),
    ...fact('Ports', portsText(evidence.ports ?? [])),
    ...fact('Caveat', evidence.caveat ?? ''),
    ...(evidence.raised === undefined
      ? []
      : fact('Severity', `raised from ${evidence.raised.from}: ${evidence.raised.because}`)),
    ...(evidence.reopened === undefined ? [] : fact('Came again', timesText(evidence.reopened))),
    ...fact('Ended', evidence.ended ?? ''),
    ...fact('Flows', record.flowFilter),
    ...fact('Detector', evidence.detector ?? ''),
    ...Object.entries(evidence.parameters ?? {}).flatMap(([name, value]) =>
      fact('Parameter', numberText(value), name),
    ),
    ...fact('Score', `${numberText(record.score * 100)} %`),
  ];
}

/** The evidence in a few lines, for a cell or a message: what was measured, the telling numbers, who did it. */
export function evidenceText(record: AnomalyRecord, separator: string): string {
  const { evidence, metric } = record;
  const few = <T>(list: readonly T[] | undefined, most: number, text: (item: T) => string): string => {
    const shown = (list ?? []).slice(0, most).map(text);
    const more = (list ?? []).length - shown.length;
    return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
  };
  const measures = few(
    evidence.measures?.filter(({ value }) => value !== 0),
    6,
    measureText,
  );
  const contributors = few(evidence.contributors, 5, (c) =>
    `${contributorText(c)} ${metricText(metric, c.value)}`.trimStart(),
  );
  const flows = few(evidence.flows, 3, flowText);
  const ports = portsText((evidence.ports ?? []).length > 1 ? evidence.ports! : []);
  return [
    measures === '' ? '' : `Numbers: ${measures}`,
    contributors === '' ? '' : `Most from: ${contributors}`,
    ports === '' ? '' : `Ports: ${ports}`,
    flows === '' ? '' : `Largest flows: ${flows}`,
    evidence.caveat === undefined ? '' : `Caveat: ${evidence.caveat}`,
  ]
    .filter((line) => line !== '')
    .join(separator);
}

/** `60 attempts/min`, `10,000 half open flows`, `failed share 93 %`: what the unit says of the name is not said twice. */
function measureText({
  name,
  value,
  unit,
}: {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}): string {
  const words = name.replaceAll('_', ' ');
  const [what = '', per = ''] = unit.split(/(?=\/)/);
  const counts = !['bytes', 'ratio', 'us', 'ms', 's', 'min', 'h', ''].includes(what);
  if (counts && words === what) return unitText(value, unit);
  if (counts && words.endsWith(` ${what}`)) return `${numberText(value)} ${words}${per}`;
  return `${words} ${unitText(value, unit)}`;
}

/** Protocol and port: `TCP 22 (ssh)`; empty where neither is known. */
export function serviceText(protocol: number, port: number): string {
  const transport =
    protocol === 0 ? '' : (nameOf(protocolNames, protocol)?.toUpperCase() ?? `protocol ${protocol}`);
  if (port === 0) return transport;
  const service = nameOf(serviceNames, port);
  return `${transport === '' ? 'port' : transport} ${port}${service === undefined ? '' : ` (${service})`}`;
}

/** Who to whom through what: `10.0.0.1 → 10.0.0.2 TCP 22 (ssh)`. */
export function contributorText(contributor: AnomalyContributor): string {
  const { source_ip = '', destination_ip = '', application = '' } = contributor;
  const ends =
    destination_ip === ''
      ? source_ip
      : source_ip === ''
        ? `to ${destination_ip}`
        : `${source_ip} → ${destination_ip}`;
  const service = serviceText(contributor.protocol ?? 0, contributor.destination_port ?? 0);
  return [ends, service, application].filter((text) => text !== '').join(' ');
}

function flowText(flow: Readonly<Record<string, string | number>>): string {
  const text = contributorText({
    source_ip: String(flow['source_ip'] ?? ''),
    destination_ip: String(flow['destination_ip'] ?? ''),
    protocol: Number(flow['protocol'] ?? 0),
    destination_port: Number(flow['destination_port'] ?? 0),
    value: 0,
  });
  return `${text} ${unitText(Number(flow['bytes'] ?? 0), 'bytes')}`;
}

/** Neighbours as one: `22, 80, 1000–1024`. */
export function portsText(ports: readonly number[]): string {
  const sorted = [...new Set(ports)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const port of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && port === last[1] + 1) last[1] = port;
    else runs.push([port, port]);
  }
  return runs
    .flatMap(([from, to]) =>
      from === to ? [String(from)] : to === from + 1 ? [String(from), String(to)] : [`${from}–${to}`],
    )
    .join(', ');
}

function timesText(times: number): string {
  return times === 1 ? 'once' : `${times} times`;
}
