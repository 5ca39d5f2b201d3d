import { describe, expect, test } from '@jest/globals';
import { toBinary } from './lexer.ts';
import { firstWord, readInsertHead, splitOutput } from './statement.ts';

describe('the place where an INSERT’s data begin', () => {
  const read = (text: string): unknown => {
    const head = readInsertHead(toBinary(text));
    if (head === undefined || head === 'incomplete') return head;
    return [head.fromFile("'F'").replace(/\s+/g, ' '), Buffer.from(text).subarray(head.dataStart).toString()];
  };

  test.each([
    [
      'INSERT INTO t FORMAT CSV\n1\n2',
      ["INSERT INTO t FROM INFILE 'F' COMPRESSION 'none' FORMAT CSV", '1\n2'],
    ],
    ['insert into t format CSV \r\n1', ["insert into t FROM INFILE 'F' COMPRESSION 'none' format CSV", '1']],
    [
      'INSERT INTO t FORMAT JSONEachRow {"a":1}',
      ["INSERT INTO t FROM INFILE 'F' COMPRESSION 'none' FORMAT JSONEachRow", '{"a":1}'],
    ],
    [
      'INSERT INTO t FORMAT `Native`;\nX',
      ["INSERT INTO t FROM INFILE 'F' COMPRESSION 'none' FORMAT `Native`", 'X'],
    ],
    [
      "INSERT INTO d.t (a, `b c`) VALUES (1, 'FORMAT')",
      ["INSERT INTO d.t (a, `b c`) FROM INFILE 'F' COMPRESSION 'none' FORMAT Values", " (1, 'FORMAT')"],
    ],
    [
      'INSERT INTO t SETTINGS a = 1 FORMAT TSV\nx',
      ["INSERT INTO t FROM INFILE 'F' COMPRESSION 'none' SETTINGS a = 1 FORMAT TSV", 'x'],
    ],
    [
      'INSERT INTO t SETTINGS a = 1 VALUES (1)',
      ["INSERT INTO t FROM INFILE 'F' COMPRESSION 'none' SETTINGS a = 1 FORMAT Values", ' (1)'],
    ],
    [
      "INSERT INTO FUNCTION remote('h', 'values', t) FORMAT TSV\nx",
      ["INSERT INTO FUNCTION remote('h', 'values', t) FROM INFILE 'F' COMPRESSION 'none' FORMAT TSV", 'x'],
    ],
    [
      'INSERT INTO t (format, values) FORMAT TSV\nx',
      ["INSERT INTO t (format, values) FROM INFILE 'F' COMPRESSION 'none' FORMAT TSV", 'x'],
    ],
    [
      "INSERT INTO t SELECT a + 1 FROM input('a Int8') FORMAT CSV\n1",
      ["INSERT INTO t SELECT a + 1 FROM file('F', 'CSV', 'a Int8', 'none') ", '1'],
    ],
    [
      '/* x */ INSERT INTO t FORMAT TSV\n\n',
      ["/* x */ INSERT INTO t FROM INFILE 'F' COMPRESSION 'none' FORMAT TSV", '\n'],
    ],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    ['SELECT 1', undefined],
    ['INSERT INTO t SELECT 1', undefined],
    ['INSERT INTO t SELECT 1 FORMAT CSV\n', undefined],
    ["INSERT INTO t FROM INFILE 'x' FORMAT CSV", undefined],
    ['INSERT INTO t; SELECT 1', undefined],
    ['', 'incomplete'],
    ['INS', 'incomplete'],
    ['INSERT INTO t', 'incomplete'],
    ['INSERT INTO t FORMAT JSONEach', 'incomplete'],
    ['INSERT INTO t VALUES', 'incomplete'],
    ["INSERT INTO t (a, 'unfinished", 'incomplete'],
  ])('none yet or at all in %j', (text, expected) => {
    expect(read(text)).toBe(expected);
  });
});

describe('the end of a SELECT', () => {
  test.each([
    ['SELECT 1', ['SELECT 1', undefined, '']],
    ['SELECT 1 FORMAT JSON', ['SELECT 1 ', 'JSON', '']],
    ['SELECT 1 format `CSV` ; -- bye', ['SELECT 1 ', 'CSV', '']],
    ['SELECT 1 FORMAT CSV SETTINGS a = 1;', ['SELECT 1 ', 'CSV', 'SETTINGS a = 1']],
    ['SELECT 1 SETTINGS a = 1 FORMAT CSV', ['SELECT 1 SETTINGS a = 1 ', 'CSV', '']],
    ['SELECT 1 AS format', ['SELECT 1 AS format', undefined, '']],
    [
      'SELECT format FROM t ORDER BY format DESC',
      ['SELECT format FROM t ORDER BY format DESC', undefined, ''],
    ],
    ['SELECT t.format x FROM t', ['SELECT t.format x FROM t', undefined, '']],
    [
      "SELECT 'FORMAT JSON' FROM (SELECT 1 FORMAT)",
      ["SELECT 'FORMAT JSON' FROM (SELECT 1 FORMAT)", undefined, ''],
    ],
    ['SELECT * FORMAT Null', ['SELECT * ', 'Null', '']],
    ["SELECT 'größe' FORMAT CSV", ["SELECT 'größe' ", 'CSV', '']],
    ['SELECT 1 -- FORMAT CSV', ['SELECT 1', undefined, '']],
  ])('%j', (text, [query, format, settings]) => {
    expect(splitOutput(toBinary(text))).toEqual({ query, format, settings });
  });

  test('and its beginning', () => {
    expect(firstWord('/* a */ select 1')).toBe('SELECT');
    expect(firstWord('(SELECT 1)')).toBe('(');
    expect(firstWord(' -- nothing')).toBe('');
  });
});
