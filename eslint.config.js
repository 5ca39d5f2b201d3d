import jest from 'eslint-plugin-jest';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Import directions of the house: collector → core; core imports nothing of ours. */
const forbid = (files, groups, why) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: groups, message: why }] }] },
});

export default tseslint.config(
  { ignores: ['**/node_modules/**', 'data/**', 'coverage/**'] },
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
    ['**/core/src/**', '**/backend/**', '@weir/backend*', '@weir/plugin-sdk*'],
    'collector imports of ours only @weir/core.',
  ),
  { files: ['scripts/**', 'tests/**', 'collector/src/cli/**'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.test.ts'],
    ...jest.configs['flat/recommended'],
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'until', 'fc.assert', 'expect*'] }],
    },
  },
  prettier,
);
