export * from './ddl.ts';
export * from './merge.ts';
export * from './native.ts';
export {
  type WindowCapacities,
  type WindowCounts,
  type WindowOptions,
  WindowSet,
  defaultCapacities,
  emptyWindow,
} from './window-set.ts';
export { DIRECTION_IN, DIRECTION_OUT } from './table.ts';
