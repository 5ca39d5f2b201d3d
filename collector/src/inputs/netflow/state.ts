import type { NetflowDecoder } from './decoder.ts';
import { Domain } from './exporter.ts';
import type { Exporters } from './exporters.ts';
import { type TemplateField, makeTemplate } from './template.ts';

/** Templates and what was learnt from options, as plain data that survives a restart. */
export interface SavedState {
  readonly version: 1;
  readonly exporters: readonly SavedExporter[];
}

interface SavedExporter {
  readonly address: string;
  readonly interfaces: readonly (readonly [number, { name: string; description: string }])[];
  readonly vrfs: readonly (readonly [number, string])[];
  readonly applications: readonly (readonly [number, string])[];
  readonly domains: readonly SavedDomain[];
}

interface SavedDomain {
  readonly id: number;
  readonly version: number;
  readonly samplingRate: number;
  readonly samplers: readonly (readonly [number, number])[];
  readonly interfaceRates?: readonly (readonly [number, number])[];
  readonly systemStartMs: number | null;
  readonly templates: readonly SavedTemplate[];
}

interface SavedTemplate {
  readonly id: number;
  readonly options: boolean;
  readonly scopeCount: number;
  /** Enterprise number, element and length of each field, one after the other. */
  readonly fields: readonly number[];
}

export function saveState(exporters: Exporters): SavedState {
  const saved: SavedExporter[] = [];
  for (const exporter of exporters) {
    const domains = [...exporter.domains.values()].filter(
      (d) => d.templates.size > 0 || d.samplers.size > 0 || d.interfaceRates.size > 0 || d.samplingRate > 0,
    );
    if (domains.length === 0) continue;
    saved.push({
      address: exporter.address,
      interfaces: [...exporter.interfaces],
      vrfs: [...exporter.vrfs],
      applications: [...exporter.applications],
      domains: domains.map((d) => ({
        id: d.id,
        version: d.version,
        samplingRate: d.samplingRate,
        samplers: [...d.samplers],
        interfaceRates: [...d.interfaceRates],
        systemStartMs: Number.isNaN(d.systemStartMs) ? null : d.systemStartMs,
        templates: [...d.templates.values()].map((t) => ({
          id: t.id,
          options: t.options,
          scopeCount: t.scopeCount,
          fields: t.fields.flatMap((f) => [f.pen, f.id, f.length]),
        })),
      })),
    });
  }
  return { version: 1, exporters: saved };
}

/** Puts saved templates and names back, before the first datagram. */
export function restoreState(
  state: SavedState,
  exporters: Exporters,
  decoder: NetflowDecoder,
  nowMs: number,
): void {
  for (const saved of state.exporters) {
    const exporter = exporters.at(saved.address, nowMs);
    if (exporter === undefined) return;
    for (const [index, names] of saved.interfaces) exporter.interfaces.set(index, names);
    for (const [id, name] of saved.vrfs) exporter.vrfs.set(id, name);
    for (const [id, name] of saved.applications) exporter.applications.set(id, name);
    for (const d of saved.domains) {
      const domain = new Domain(d.id, d.version);
      domain.usedMs = nowMs;
      domain.samplingRate = d.samplingRate;
      for (const [id, rate] of d.samplers) domain.samplers.set(id, rate);
      for (const [index, rate] of d.interfaceRates ?? []) domain.interfaceRates.set(index, rate);
      domain.systemStartMs = d.systemStartMs ?? NaN;
      for (const t of d.templates) {
        const fields: TemplateField[] = [];
        for (let i = 0; i + 2 < t.fields.length; i += 3)
          fields.push({ pen: t.fields[i]!, id: t.fields[i + 1]!, length: t.fields[i + 2]! });
        const template = makeTemplate(t.id, fields, t.scopeCount, t.options, nowMs);
        if (typeof template === 'string') continue;
        domain.templates.set(t.id, template);
        exporter.templateCount++;
        decoder.templateCount++;
      }
      exporter.domains.set(`${d.version}/${d.id}`, domain);
    }
  }
}
