import { protocolNames, quoteValue, serviceNames } from '@weir/core/filter';
import type { Entity } from '../../step.ts';

/** What a row is about: as anomalies name it, and the flows that it was made of. */
export interface What {
  /** Stable: tells entities of a tenant apart. */
  readonly entity: string;
  /** As it stands in a title. */
  readonly name: string;
  /** In the filter language. */
  readonly flowFilter: string;
  /** What of an anomaly's columns it fills. */
  readonly columns: {
    readonly source?: string;
    readonly destination?: string;
    readonly destinationPrefix?: number;
    readonly exporter?: string;
    readonly interface?: number;
    readonly protocol?: number;
    readonly port?: number;
  };
}

const PORTED = [6, 17, 33, 132, 136];

/** Of an entity of any kind. */
export function whatOf(entity: Entity): What {
  const tenant = tenantFilter(entity.tenant);
  const source = entity.address('source_ip');
  const destination = entity.address('destination_ip');
  const protocol = entity.number('protocol');
  const port = entity.number('port');
  switch (entity.kind) {
    case 'source':
      return {
        entity: source,
        name: source,
        flowFilter: joined(`source_ip = ${source}`, tenant),
        columns: { source },
      };
    case 'destination':
      return {
        entity: destination,
        name: destination,
        flowFilter: joined(`destination_ip = ${destination}`, tenant),
        columns: { destination },
      };
    case 'pair': {
      const service = serviceName(protocol, port, '');
      // Port 0 stands for any: answers' ports are not kept.
      const ports = PORTED.includes(protocol) && port > 0 ? `destination_port = ${port}` : '';
      return {
        entity: `${source} → ${destination} ${service}`,
        name: `${source} → ${destination} (${service})`,
        flowFilter: joined(
          `source_ip = ${source} and destination_ip = ${destination} and protocol = ${protocol}`,
          ports,
          tenant,
        ),
        columns: { source, destination, protocol, port },
      };
    }
    case 'interface': {
      const exporter = entity.address('collector_ip');
      const index = entity.number('interface');
      const inward = entity.number('direction') === 1;
      return {
        entity: `${exporter} ${index} ${inward ? 'in' : 'out'}`,
        name: `interface ${index} (${inward ? 'in' : 'out'}) of ${exporter}`,
        flowFilter: joined(
          `exporter = ${exporter} and ${inward ? 'input_interface' : 'output_interface'} = ${index}`,
          tenant,
        ),
        columns: { exporter, interface: index },
      };
    }
    case 'service': {
      const name = serviceName(protocol, port, entity.application);
      return {
        entity: `${protocol}/${port}${entity.application === '' ? '' : ` ${entity.application}`}`,
        name,
        flowFilter: joined(
          `protocol = ${protocol}`,
          PORTED.includes(protocol) ? `service = ${port}` : '',
          entity.application === '' ? '' : `application = ${quoteValue(entity.application)}`,
          tenant,
        ),
        columns: { protocol, port },
      };
    }
    case 'prefix': {
      const bits = entity.number('destination_prefix');
      const prefix = `${destination}/${destination.includes(':') ? bits : bits - 96}`;
      return {
        entity: prefix,
        name: prefix,
        flowFilter: joined(`destination_ip = ${prefix}`, tenant),
        columns: { destination, destinationPrefix: bits },
      };
    }
    case 'tenant':
      return {
        entity: entity.tenant === '' ? 'all traffic' : `tenant ${entity.tenant}`,
        name: entity.tenant === '' ? 'all traffic' : `tenant ${entity.tenant}`,
        flowFilter: tenant,
        columns: {},
      };
  }
}

export function tenantFilter(tenant: string): string {
  return tenant === '' ? '' : `tenant_id = ${quoteValue(tenant)}`;
}

export function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' and ');
}

export function protocolName(protocol: number): string {
  return protocolNames.find(([, number]) => number === protocol)?.[0] ?? `protocol ${protocol}`;
}

export function serviceName(protocol: number, port: number, application: string): string {
  const of = protocolName(protocol);
  const service = serviceNames.find(([, number]) => number === port)?.[0];
  const text = !PORTED.includes(protocol)
    ? of
    : `${of}/${port}${service === undefined ? '' : ` (${service})`}`;
  return application === '' ? text : `${application}, ${text}`;
}
