import type { AnomalyRow } from '@weir/core/anomalies';
import { type AnomalyCounts, AnomalyTracker, type TrackerOptions } from './anomalies/index.ts';
import { Baselines } from './baselines/index.ts';
import type { Usual } from './baselines/usual.ts';
import type { Detector, Finding } from './detector.ts';
import { rulesDetector } from './rules/index.ts';
import type { DetectionSettings } from './settings.ts';
import type { Step } from './step.ts';

/** A finding, and by which detector. */
export type Detected = Finding & { readonly detector: string };

/** What the engine needs of baselines. */
export interface LearningUsual extends Usual {
  readonly reads: Detector['reads'];
  learn(step: Step): void;
  save(): unknown;
  load(saved: unknown): void;
  counts(): { readonly entities: number; readonly learning: number };
}

/** What the engine needs of who keeps anomalies. */
export interface Tracker {
  take(
    findings: readonly Detected[],
    at: { readonly start: number; readonly end: number; readonly early: boolean },
  ): AnomalyRow[];
  reconfigure(settings: DetectionSettings): void;
  resume(rows: readonly AnomalyRow[]): void;
  save(): unknown;
  load(saved: unknown): void;
  open(): number;
  counts(): AnomalyCounts;
}

export function makeBaselines(): LearningUsual {
  return new Baselines();
}

export function makeTracker(settings: DetectionSettings, options: TrackerOptions): Tracker {
  return new AnomalyTracker(settings, options);
}

export function makeRules(rules: DetectionSettings['rules']): Detector {
  return rulesDetector(rules);
}
