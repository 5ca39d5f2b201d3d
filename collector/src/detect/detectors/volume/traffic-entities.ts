import { type WindowKind, WINDOW_SECONDS } from '@weir/core/windows';
import type { AnomalyContributor } from '@weir/core/anomalies';
import type { Finding } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { largest } from './senders.ts';

type Ends = Pick<
  Finding,
  'source' | 'destination' | 'destinationPrefix' | 'exporter' | 'interface' | 'protocol' | 'port'
>;

/** What an entity is called, and how its flows are asked for. */
export interface Named {
  readonly entity: string;
  readonly title: string;
  readonly flowFilter: string;
  readonly ends: Ends;
}

const protocols: Readonly<Record<number, string>> = {
  1: 'ICMP',
  6: 'TCP',
  17: 'UDP',
  47: 'GRE',
  50: 'ESP',
  58: 'ICMPv6',
};

export function named(entity: Entity): Named {
  switch (entity.kind) {
    case 'source':
    case 'pair': {
      const source = entity.address('source_ip');
      return { entity: source, title: source, flowFilter: `source = ${source}`, ends: { source } };
    }
    case 'destination': {
      const destination = entity.address('destination_ip');
      return {
        entity: destination,
        title: destination,
        flowFilter: `destination = ${destination}`,
        ends: { destination },
      };
    }
    case 'prefix': {
      const destination = entity.address('destination_ip');
      const bits = entity.number('destination_prefix');
      const text = `${destination}/${destination.includes(':') ? bits : bits - 96}`;
      return {
        entity: text,
        title: text,
        flowFilter: `destination in ${text}`,
        ends: { destination, destinationPrefix: bits },
      };
    }
    case 'interface': {
      const exporter = entity.address('collector_ip');
      const index = entity.number('interface');
      const incoming = entity.number('direction') === 1;
      return {
        entity: `${exporter} ${index} ${incoming ? 'in' : 'out'}`,
        title: `Interface ${index} of ${exporter}, ${incoming ? 'incoming' : 'outgoing'},`,
        flowFilter: `exporter = "${exporter}" and ${incoming ? 'input' : 'output'}_interface = ${index}`,
        ends: { exporter, interface: index },
      };
    }
    case 'service': {
      const protocol = entity.number('protocol');
      const port = entity.number('port');
      const { application } = entity;
      const name = protocols[protocol] ?? `protocol ${protocol}`;
      const text = `${name}${port > 0 ? ` ${port}` : ''}${application === '' ? '' : ` ${application}`}`;
      return {
        entity: text,
        title: `Service ${text}`,
        flowFilter:
          `protocol = ${protocol}` +
          (port > 0 ? ` and service = ${port}` : '') +
          (application === '' ? '' : ` and application = ${JSON.stringify(application)}`),
        ends: { protocol, ...(port > 0 ? { port } : {}) },
      };
    }
    case 'tenant':
      return {
        entity: entity.tenant === '' ? 'network' : entity.tenant,
        title: entity.tenant === '' ? 'The whole network' : `All of ${entity.tenant}`,
        flowFilter: '',
        ends: {},
      };
  }
}

/** The largest pairs of a tenant in the current window, those of the entity where pairs can tell. Reads of pairs `bytes`. */
export function largestPairs(step: Step, entity: Entity): AnomalyContributor[] {
  const rows = step.rows('pair');
  const pairs: { row: number; value: number }[] = [];
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || step.tenant('pair', row) !== entity.tenant) continue;
    pairs.push({ row, value: rows.numbers.bytes[row]! });
  }
  pairs.sort((a, b) => b.value - a.value);
  const contributors: AnomalyContributor[] = [];
  // Those of other entities are passed over; a few hundred are enough to find ten.
  for (const { row, value } of pairs.slice(0, 500)) {
    const pair = step.entity('pair', row);
    if (!isOf(pair, entity)) continue;
    contributors.push({
      source_ip: pair.address('source_ip'),
      destination_ip: pair.address('destination_ip'),
      protocol: pair.number('protocol'),
      ...(pair.number('port') > 0 ? { destination_port: pair.number('port') } : {}),
      value: value / WINDOW_SECONDS,
    });
  }
  return largest(contributors);
}

/** The entity's largest pairs of the latest windows, some of each: where one flow is told of each minute, the window with it counts. */
export function largestPairEntities(step: Step, entity: Entity): Entity[] {
  const found = new Map<string, Entity>();
  for (let back = 0; back < MOST_WINDOWS_BACK; back++) {
    const rows = step.rowsBack('pair', back);
    if (rows === undefined) continue;
    const { bytes } = rows.numbers;
    const largest = Array.from(bytes.keys())
      .filter((row) => rows.rest[row] === 0 && bytes[row]! > 0)
      .sort((a, b) => bytes[b]! - bytes[a]!)
      .slice(0, 32);
    for (const row of largest) {
      const pair = step.entityBack('pair', back, row)!;
      if (pair.tenant === entity.tenant && isOf(pair, entity)) found.set(pair.key.join(), pair);
    }
  }
  return [...found.values()];
}

function isOf(pair: Entity, entity: Entity): boolean {
  const kind: WindowKind = entity.kind;
  if (kind === 'source') return pair.address('source_ip') === entity.address('source_ip');
  if (kind === 'destination') return pair.address('destination_ip') === entity.address('destination_ip');
  if (kind === 'service')
    return (
      pair.number('protocol') === entity.number('protocol') &&
      [0, entity.number('port')].includes(pair.number('port'))
    );
  if (kind === 'prefix') {
    const prefix = entity.address('destination_ip');
    if (prefix.includes(':')) return true;
    return pair.address('destination_ip').startsWith(prefix.slice(0, prefix.lastIndexOf('.') + 1));
  }
  return true;
}
