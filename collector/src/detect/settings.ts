import type { Severity } from '@weir/core/anomalies';
import type { WindowKind } from '@weir/core/windows';

/** What the configuration says of detection: plain data, fit for worker threads. All but the windows' own is reloaded without restart. */
export interface DetectionSettings {
  readonly enabled: boolean;
  /** The own networks, as prefixes. */
  readonly ownNetworks: readonly string[];
  /** How long after its end a window still takes flows; a multiple of 10. */
  readonly latenessSeconds: number;
  /** Rows of each kind that a window holds at most, where they are not the usual. */
  readonly capacities: Readonly<Partial<Record<WindowKind, number>>>;
  readonly detectors: DetectorsSettings;
  /** By tenant, over those for all. */
  readonly tenants: Readonly<Record<string, DetectorsSettings>>;
  /** Traffic that is known and never an anomaly: scanners, backups, speed tests. */
  readonly exclude: readonly ExclusionSettings[];
  readonly silences: readonly SilenceSettings[];
  readonly rules: readonly RuleSettings[];
}

/** By the detector's name. */
export type DetectorsSettings = Readonly<Record<string, DetectorSettings>>;

export const sensitivities = ['low', 'medium', 'high'] as const;
export type Sensitivity = (typeof sensitivities)[number];

export interface DetectorSettings {
  readonly enabled?: boolean | undefined;
  readonly sensitivity?: Sensitivity | undefined;
  /** A filter: only what matches is an anomaly of this detector. */
  readonly scope?: string | undefined;
  readonly parameters?: Readonly<Record<string, number>> | undefined;
}

/** A filter in the filter language over what an anomaly says of its flows: ends, port, protocol, exporter, interface, tenant. */
export interface ExclusionSettings {
  readonly filter: string;
  /** Names of detectors; all where empty. */
  readonly detectors: readonly string[];
  readonly comment: string;
}

/** Anomalies that match are recorded as `silenced` and alert nobody. */
export interface SilenceSettings extends ExclusionSettings {
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** A rule of the user's own: a condition over window columns. */
export interface RuleSettings {
  readonly name: string;
  readonly kind: WindowKind;
  /** In the filter language, over the window's columns. */
  readonly where: string;
  /** Windows in a row that it must hold for. */
  readonly forSeconds: number;
  /** Seconds that sums and distinct counts are taken over: 10 or a multiple, not more than five minutes. */
  readonly overSeconds: number;
  readonly severity: Severity;
  readonly title: string;
  readonly description: string;
}
