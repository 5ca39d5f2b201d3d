export { type BaselineCounts, type BaselineLimits, Baselines, defaultEntities } from './baselines.ts';
export { LEARNING_MINUTES } from './estimate.ts';
export { metrics as usualMetrics } from './metrics.ts';
export type { Usual, UsualMetric, UsualValue } from './usual.ts';
