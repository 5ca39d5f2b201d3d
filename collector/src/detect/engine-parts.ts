import type { AnomalyRow } from '@weir/core/anomalies';
import type { Usual } from './baselines/usual.ts';
import type { Detector, Finding } from './detector.ts';
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
}

// The parts are being built: until they are there, these do nothing.

export function makeBaselines(): LearningUsual {
  return {
    reads: {},
    of: () => ({ median: 0, spread: 0, high: 0, low: 0, minutes: 0, learning: true }),
    now: () => 0,
    learn: () => undefined,
    save: () => undefined,
    load: () => undefined,
    counts: () => ({ entities: 0, learning: 0 }),
  };
}

export function makeTracker(_settings: DetectionSettings): Tracker {
  return {
    take: () => [],
    reconfigure: () => undefined,
    resume: () => undefined,
    save: () => undefined,
    load: () => undefined,
    open: () => 0,
  };
}

export function makeRules(_rules: DetectionSettings['rules']): Detector {
  return {
    name: 'rules',
    title: 'Rules',
    types: ['rule'],
    doc: '',
    parameters: {},
    reads: {},
    windowsBack: 1,
    early: false,
    start: () => ({ detect: () => undefined }),
  };
}
