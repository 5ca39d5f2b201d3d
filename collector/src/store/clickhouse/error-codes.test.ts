import { expect, test } from '@jest/globals';
import { isRetryableCode, parseException } from './error-codes.ts';

test.each([
  ['Code: 60. DB::Exception: No table. (UNKNOWN_TABLE)', 60, 'UNKNOWN_TABLE', 'No table.'],
  [
    'Code: 164. DB::Exception: Code: 164. DB::Exception: No. (READONLY) (version 26.7.2.1). (READONLY)',
    164,
    'READONLY',
    'No.',
  ],
  [
    'Code: 62. DB::Exception: Bad (here) (SYNTAX_ERROR) (version 25.1.1.1 (official build))\n',
    62,
    'SYNTAX_ERROR',
    'Bad (here)',
  ],
  ['Error: Code: 1. DB::Exception: What', 1, undefined, 'What'],
])('%s', (text, code, codeName, message) => {
  expect(parseException(text)).toEqual({ code, codeName, message });
});

test('what is not ClickHouse’s is left alone', () => {
  expect(parseException('connect ECONNREFUSED')).toBeUndefined();
});

test('codes that may heal', () => {
  expect([241, 252, 159, 242, 209].map(isRetryableCode)).toEqual(Array(5).fill(true));
  expect([60, 62, 16, 53, 117, 164].map(isRetryableCode)).toEqual(Array(6).fill(false));
});
