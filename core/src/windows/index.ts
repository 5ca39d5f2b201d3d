export * from './columns.ts';
export * from './distinct.ts';
export * from './kinds.ts';
export * from './ports.ts';
export * from './rows.ts';
export * from './sql.ts';
