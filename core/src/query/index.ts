export * from './compiled.ts';
export * from './metrics.ts';
export * from './model.ts';
export * from './plugin-ids.ts';
export * from './resources.ts';
export * from './settings.ts';
