import { elementName } from '@weir/core';
import type { Exporter } from '../inputs/netflow/index.ts';
import type { ExporterReport } from './report.ts';

const MOST_UNUSED = 100;
const MOST_TEMPLATES = 200;

/** An exporter's state as plain data. */
export function snapshot(exporter: Exporter): ExporterReport {
  const { ledger } = exporter;
  return {
    address: exporter.address,
    name: exporter.profile.name,
    tenantId: exporter.profile.tenantId,
    versions: [...exporter.versions],
    firstSeenMs: exporter.firstSeenMs,
    lastSeenMs: exporter.lastSeenMs,
    clockOffsetMs: Number.isNaN(exporter.clockOffsetMs) ? null : Math.round(exporter.clockOffsetMs),
    samplingRate: exporter.lastSamplingRate,
    templateMissingMs: exporter.templateMissingMs,
    pendingBytes: exporter.pendingBytes,
    interfaces: exporter.interfaces.size,
    applications: exporter.applications.size,
    ledger: {
      datagramsReceived: ledger.datagramsReceived,
      datagramsDecoded: ledger.datagramsDecoded,
      datagramsMissing: ledger.datagramsMissing,
      bytesReceived: ledger.bytesReceived,
      datagramsRefused: { ...ledger.datagramsRefused },
      setsMalformed: { ...ledger.setsMalformed },
      recordsAnnounced: ledger.recordsAnnounced,
      flows: ledger.flows,
      optionsRecords: ledger.optionsRecords,
      recordsWaiting: ledger.recordsWaiting,
      recordsLost: { ...ledger.recordsLost },
      templatesReceived: ledger.templatesReceived,
      sequenceGaps: ledger.sequenceGaps,
      sequenceResets: ledger.sequenceResets,
      reordered: ledger.reordered,
      imbalance: ledger.imbalance(),
    },
    domains: [...exporter.domains.values()].map((domain) => ({
      id: domain.id,
      version: domain.version,
      templates: [...domain.templates.values()].slice(0, MOST_TEMPLATES).map((t) => ({
        id: t.id,
        options: t.options,
        fields: t.fields.length,
        seenMs: t.seenMs,
        usedMs: t.usedMs,
      })),
      waitingSets: domain.pending.length,
      waitingFor: [...new Set(domain.pending.map((s) => s.templateId))],
      samplers: [...domain.samplers].map(([id, rate]) => ({ id, rate })),
      samplingRate: domain.samplingRate,
      contrarySequence: domain.contrarySequence,
    })),
    unused: [...exporter.unused.values()]
      .sort((a, b) => b.records - a.records)
      .slice(0, MOST_UNUSED)
      .map(({ pen, id, version, records }) => ({
        pen,
        id,
        records,
        name: elementName(pen, id, version === 9 ? 9 : 10),
      })),
  };
}
