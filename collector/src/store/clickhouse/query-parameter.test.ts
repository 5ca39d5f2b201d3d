import { expect, test } from '@jest/globals';
import { formatQueryParameter } from './query-parameter.ts';

test.each([
  ['plain', 'plain'],
  ["it's\ta\\b", "it\\'s\\ta\\\\b"],
  [1.5, '1.5'],
  [2n ** 63n, '9223372036854775808'],
  [true, '1'],
  [null, '\\N'],
  [undefined, '\\N'],
  [Number.NaN, 'nan'],
  [-Infinity, '-inf'],
  [['a', 1, null, [true]], "['a',1,NULL,[TRUE]]"],
  [new Uint16Array([1, 2]), '[1,2]'],
  [{ a: "b'c" }, "{'a':'b\\'c'}"],
  [new Map([[1, 'x']]), "{1:'x'}"],
  [new Date(1_700_000_000_123), '1700000000.123'],
  [new Date(0), '0000000000'],
])('%p is written %s', (value, expected) => {
  expect(formatQueryParameter(value)).toBe(expected);
});

test('what has no form is refused', () => {
  expect(() => formatQueryParameter(() => 1)).toThrow(TypeError);
});
