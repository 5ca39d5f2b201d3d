import type { ConfiguredInterface, ExporterProfile, ProfileOf } from '../inputs/netflow/index.ts';
import { PrefixTable } from './prefixes.ts';

/** What configuration says about exporters: the part of it that profiles are made of. */
export interface ExporterSettings {
  readonly exporters: readonly {
    /** An address or a prefix. */
    readonly address: string;
    readonly name?: string | undefined;
    readonly samplingRate?: number | undefined;
    readonly defaultSamplingRate?: number | undefined;
    readonly interfaces?: readonly (ConfiguredInterface & { readonly index: number })[] | undefined;
    readonly defaultInterfaceSpeed?: number | undefined;
  }[];
  readonly tenants: {
    readonly default: string;
    readonly map: readonly { readonly match: string; readonly tenant: string }[];
  };
}

/**
 * Profiles by exporter address. The tenant is that of the exact address, then of the longest prefix, then the default. Name, rates
 * and each interface are taken from the most specific entry that gives them, so that a prefix can set a rate for a whole site and
 * single addresses in it have names.
 */
export function profilesFrom(settings: ExporterSettings): ProfileOf {
  const tenants = new PrefixTable<string>();
  for (const { match, tenant } of settings.tenants.map) tenants.set(match, tenant);
  const entries = new PrefixTable<ExporterSettings['exporters'][number]>();
  for (const entry of settings.exporters) entries.set(entry.address, entry);

  return (address): ExporterProfile => {
    let name: string | undefined;
    let samplingRate: number | undefined;
    let defaultSamplingRate: number | undefined;
    let defaultInterfaceSpeed: number | undefined;
    const interfaces = new Map<number, ConfiguredInterface>();
    for (const entry of entries.matches(address)) {
      name ??= entry.name;
      samplingRate ??= entry.samplingRate;
      defaultSamplingRate ??= entry.defaultSamplingRate;
      defaultInterfaceSpeed ??= entry.defaultInterfaceSpeed;
      for (const { index, ...rest } of entry.interfaces ?? [])
        if (!interfaces.has(index)) interfaces.set(index, rest);
    }
    return {
      name: name ?? address,
      tenantId: tenants.get(address) ?? settings.tenants.default,
      ...(samplingRate === undefined ? {} : { samplingRate }),
      ...(defaultSamplingRate === undefined ? {} : { defaultSamplingRate }),
      ...(interfaces.size === 0 ? {} : { interfaces }),
      ...(defaultInterfaceSpeed === undefined ? {} : { defaultInterfaceSpeed }),
    };
  };
}
