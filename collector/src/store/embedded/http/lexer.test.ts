import { describe, expect, test } from '@jest/globals';
import { fromBinary, toBinary, tokens } from './lexer.ts';

const lex = (text: string): string[] => {
  const binary = toBinary(text);
  return [...tokens(binary)].map(({ type, start, end }) => `${type}:${fromBinary(binary.slice(start, end))}`);
};

describe('ClickHouse’s lexical rules', () => {
  test.each([
    ["'it''s' 'a\\'b' '\\\\'", ["string:'it''s'", "string:'a\\'b'", "string:'\\\\'"]],
    ['`a``b` "c\\"d" “e”', ['quoted:`a``b`', 'quoted:"c\\"d"', 'quoted:“e”']],
    ['‘a;\\’ ;', ['string:‘a;\\’', 'symbol:;']],
    ['$$ ; $$ $a$ $b$ $a$', ['string:$$ ; $$', 'string:$a$ $b$ $a$']],
    ['$a b$c', ['word:$a', 'word:b$c']],
    ["x'41' b'01' x", ["string:x'41'", "string:b'01'", 'word:x']],
    ['a -- b\nc // d\ne # f\n#! g\nh', ['word:a', 'word:c', 'word:e', 'word:h']],
    ['a /* /* b */ c */ d', ['word:a', 'word:d']],
    [
      '1 1.5 1e-3 0xFFp2 1_000 1day .5',
      [
        'number:1',
        'number:1.5',
        'number:1e-3',
        'number:0xFFp2',
        'number:1_000',
        'word:1day',
        'symbol:.',
        'number:5',
      ],
    ],
    ['a\u00a0b\u2003c\ufeffd', ['word:a', 'word:b', 'word:c', 'word:d']],
    ['1−2', ['number:1', 'symbol:−', 'number:2']],
    ['größer', ['word:gr', 'broken:ößer']],
    ["'open", ["broken:'open"]],
    ['/* open', ['broken:/* open']],
    ['a #b', ['word:a', 'broken:#b']],
    ["x'4g'", ["broken:x'4g'"]],
    ['\0', ['broken:\0']],
  ])('%j', (text, expected) => {
    expect(lex(text)).toEqual(expected);
  });
});
