import type { WindowKind } from '@weir/core/windows';
import type { Step } from '../step.ts';

/** What is measured of an entity each minute, for which there is a usual. The list is in metrics.ts. */
export interface UsualMetric {
  readonly kind: WindowKind;
  /** `bytes`: unique in its kind. */
  readonly name: string;
  readonly unit: string;
  readonly doc: string;
}

/** What is usual for an entity at this hour of the week. Values are of a minute, per second where the metric is a rate. */
export interface UsualValue {
  /** Median of the minutes. */
  readonly median: number;
  /** Median absolute deviation, times 1.4826: as a standard deviation would be were it normal. Never negative. */
  readonly spread: number;
  /** About the 99th percentile of the minutes of usual days at this hour. */
  readonly high: number;
  /** About the 1st percentile. */
  readonly low: number;
  /** Minutes that it rests on. */
  readonly minutes: number;
  /** Not enough is known yet: whoever asks says nothing. */
  readonly learning: boolean;
}

/** What is usual, as detectors ask for it. */
export interface Usual {
  /** Of the entity of a row, at the step's time; `learning` where it is new. */
  of(step: Step, kind: WindowKind, row: number, metric: string): UsualValue;
  /** What the metric is now: over the minute that ends with the current window, in the same unit. */
  now(step: Step, kind: WindowKind, row: number, metric: string): number;
}
