export { AnomalyTracker, HOLD_SECONDS, REMEMBER_SECONDS, REOPEN_SECONDS } from './tracker.ts';
export type { AnomalyCounts, DetectedFinding, TakenWindow, TrackerOptions } from './tracker.ts';
export { checkDetectionFilters } from './check-filters.ts';
export type { FilterProblem } from './check-filters.ts';
export { storyRules } from './story-rules.ts';
export type { StoryRule } from './story-rules.ts';
export type { KeptEvidence } from './tracked.ts';
