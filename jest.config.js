/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['core', 'collector', 'plugin-sdk', 'backend', 'src', 'dashboards', 'provisioning', 'tests'].map(
    (room) => `<rootDir>/${room}`,
  ),
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/scripts/jest-strip-types.js' },
  testTimeout: 30_000,
  maxWorkers: 2,
};
