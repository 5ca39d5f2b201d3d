// The one door to the contract in core. To be '@weir/core/windows' as soon as core's package offers it.
// eslint-disable-next-line no-restricted-imports
export * from '../../../../core/src/windows/index.ts';
