export * from './columns.ts';
export * from './batch.ts';
export * from './dictionary.ts';
export * from './native.ts';
export * from './elements/index.ts';
export * from './address.ts';
