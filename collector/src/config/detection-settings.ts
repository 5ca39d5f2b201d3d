import type { WindowKind } from '@weir/core/windows';
import type {
  DetectorSettings,
  DetectorsSettings,
  ExclusionSettings,
  RuleSettings,
} from '../detect/settings.ts';
import { defaultCapacities } from '../detect/windows/index.ts';
import type { DetectionConfig } from './config.ts';
import type { DetectionSection } from './detection-schema.ts';

/** The section `detection` as detection has it; checked already. */
export function detectionOf(section: DetectionSection): DetectionConfig {
  return {
    enabled: section.enabled,
    ownNetworks: section.own_networks,
    latenessSeconds: section.lateness_secs / 1000,
    capacities: Object.fromEntries(
      Object.entries(section.capacities).filter(
        ([kind, rows]) => rows !== defaultCapacities[kind as WindowKind],
      ),
    ),
    warmUpDays: section.warm_up_days,
    detectors: detectorsOf(section.detectors),
    tenants: Object.fromEntries(
      Object.entries(section.tenants).map(([tenant, { detectors }]) => [tenant, detectorsOf(detectors)]),
    ),
    exclude: section.exclude.map(exclusionOf),
    silences: section.silences.map((entry) => ({ ...exclusionOf(entry), until: entry.until })),
    rules: section.rules.map(ruleOf),
  };
}

function detectorsOf(detectors: DetectionSection['detectors']): DetectorsSettings {
  return Object.fromEntries(Object.entries(detectors).map(([name, entry]) => [name, detectorOf(entry)]));
}

function detectorOf({
  enabled,
  sensitivity,
  scope,
  ...parameters
}: DetectionSection['detectors'][string]): DetectorSettings {
  return { enabled, sensitivity, scope, parameters: parameters as Record<string, number> };
}

function exclusionOf({ filter, detectors, comment }: DetectionSection['exclude'][number]): ExclusionSettings {
  return { filter, detectors, comment: comment ?? '' };
}

export function ruleOf(rule: DetectionSection['rules'][number]): RuleSettings {
  return {
    name: rule.name,
    kind: rule.kind as WindowKind,
    where: rule.where,
    forSeconds: rule.for_secs / 1000,
    overSeconds: rule.over_secs / 1000,
    severity: rule.severity,
    title: rule.title ?? '',
    description: rule.description ?? '',
  };
}
