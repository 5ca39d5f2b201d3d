import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRegularExpression } from './regular-expression.ts';

function found(pattern: string, text: string): boolean {
  const reading = readRegularExpression(pattern);
  if (!('expression' in reading)) throw new Error(`${pattern}: ${reading.message}`);
  return reading.expression.test(text);
}

describe('a regular expression', () => {
  it.each([
    ['b', 'abc', true],
    ['^b', 'abc', false],
    ['c$', 'abc', true],
    ['a.c', 'a\nc', true],
    ['(?i)ÄB', 'xäb', true],
    ['(?i)[^a]', 'A', false],
    ['[^\\d\\s]', '1 2', false],
    ['^[a-c-]+$', 'a-c', true],
    ['^(ab|c){2,3}$', 'abcab', true],
    ['^(ab|c){2,3}$', 'abcabc', false],
    ['^(a*)*$', 'aaaa', true],
    ['^(|a)+$', 'aa', true],
    ['^.$', '😀', true],
    ['^a{0}$', '', true],
    ['x*?y', 'xxy', true],
    ['\\bend\\b', 'the end.', true],
    ['\\Bnd', 'end', true],
    ['[[:^alpha:]]', 'abc', false],
    ['\\x{1F600}', '😀', true],
    ['a|', '', true],
  ])('%s in %j: %s', (pattern, text, expected) => {
    expect(found(pattern, text)).toBe(expected);
  });

  it.each([
    ['a(?=b)', /Look-ahead/, 1],
    ['(?<!a)b', /Look-ahead and look-behind/, 0],
    ['(a)\\1', /References/, 3],
    ['(?P<n>a)', /no names/, 0],
    ['a**', /One repetition follows another/, 3],
    ['*a', /nothing to repeat/, 0],
    ['a{2,1}', /wrong way round/, 1],
    ['a{1001}', /More than 1000/, 1],
    ['(a{100}){11}', /multiply/, 12],
    ['a{,5}', /no repetition/, 1],
    ['(a', /not closed/, 0],
    ['a)', /closed that was not opened/, 1],
    ['[a', /not closed/, 0],
    ['[]', /empty set/, 1],
    ['[z-a]', /Not a range/, 2],
    ['\\p{L}', /not supported/, 0],
    ['a\\', /ends with a backslash/, 1],
    ['(?m)a', /Unknown group/, 0],
    ['((a{30}){30}b{500}){1}c{1000}d{999}', /too large/, 0],
    ['x'.repeat(1001), /1001 characters/, 0],
    ['('.repeat(60), /nested too deeply/, 50],
  ])('%s is refused', (pattern, message, at) => {
    const reading = readRegularExpression(pattern);
    if ('expression' in reading) throw new Error(`${pattern} was taken`);
    expect(reading.message).toMatch(message);
    expect(reading.advice).not.toBe('');
    expect(Math.abs(reading.at - at)).toBeLessThanOrEqual(2);
  });

  it('finds what JavaScript’s own finds, where both read the same', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '^', '$', 'ä', '\\b', '\\w', '\\.');
    const pattern = fc.letrec<{ p: string }>((tie) => ({
      p: fc.oneof(
        { maxDepth: 4 },
        atom,
        fc.array(tie('p'), { minLength: 1, maxLength: 3 }).map((p) => p.join('')),
        fc.tuple(tie('p'), tie('p')).map(([a, b]) => `(${a}|${b})`),
        fc
          .tuple(tie('p'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '*?'))
          .map(([p, times]) => `(?:${p})${times}`),
      ),
    })).p;
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '.', '\n', ' '), maxLength: 8 });
    fc.assert(
      fc.property(pattern, texts, (p, text) => {
        expect([p, text, found(p, text)]).toEqual([p, text, new RegExp(p, 'su').test(text)]);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes no longer for what was made to take long', () => {
    for (const pattern of ['(a+)+$', '^(a|a)*$', '(.*)(.*)(.*)(.*)(.*)x', '(a?){50}a{50}$'])
      expect([pattern, found(pattern, `${'a'.repeat(1000)}!`)]).toEqual([pattern, false]);
  });
});
