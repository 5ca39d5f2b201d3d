import jest from 'eslint-plugin-jest';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Import directions of the house: collector → core; backend → core, plugin-sdk; src → core; core and plugin-sdk import nothing of ours. */
const forbid = (files, groups, why) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: groups, message: why }] }] },
});

export default tseslint.config(
  { ignores: ['**/node_modules/**', 'data/**', 'coverage/**', 'dist/**', 'tests/browser/host/**'] },
  ...tseslint.configs.strict,
  {
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off', // typed arrays and bounds that the line above has checked
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  forbid(
    ['core/**'],
    [
      '@weir/*',
      '**/collector/**',
      '**/backend/**',
      'node:fs*',
      'node:net',
      'node:dgram',
      'node:http*',
      'node:child_process',
      'node:worker_threads',
    ],
    'core is pure: no I/O, and nothing of the other rooms.',
  ),
  forbid(
    ['collector/**'],
    ['**/core/src/**', '**/backend/**', '**/plugin-sdk/**', '@weir/backend*', '@weir/plugin-sdk*'],
    'collector imports of ours only @weir/core.',
  ),
  forbid(
    ['plugin-sdk/**'],
    ['@weir/*', '**/core/**', '**/collector/**', '**/backend/**'],
    'plugin-sdk imports nothing of ours: it can leave as a package of its own.',
  ),
  forbid(
    ['backend/**'],
    ['**/core/src/**', '**/plugin-sdk/src/**', '**/collector/**', '@weir/collector*'],
    'backend imports of ours only @weir/core and @weir/plugin-sdk.',
  ),
  forbid(
    ['src/**'],
    [
      '**/core/src/**',
      '**/collector/**',
      '**/backend/**',
      '@weir/collector*',
      '@weir/backend*',
      '@weir/plugin-sdk*',
      'node:*',
    ],
    'src runs in browsers and imports of ours only @weir/core.',
  ),
  {
    files: ['scripts/**', 'tests/**', 'collector/src/cli/**', 'dashboards/src/**', 'provisioning/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.test.ts'],
    ...jest.configs['flat/recommended'],
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'until', 'fc.assert', 'expect*'] }],
      'jest/no-standalone-expect': ['error', { additionalTestBlockFunctions: ['withWebhook'] }],
    },
  },
  prettier,
);
