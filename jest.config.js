/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/core', '<rootDir>/collector', '<rootDir>/tests'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/scripts/jest-strip-types.js' },
  testTimeout: 30_000,
  maxWorkers: 2,
};
