import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type MacroValues, expandMacros, macros } from './macros.ts';
import { Refused } from './problem.ts';
import { lexSql } from './sql-lexer.ts';

const values: MacroValues = {
  fromTime: 'FROM_TIME',
  toTime: 'TO_TIME',
  intervalSeconds: 60,
  filter: 'FILTER',
  table: 'weir.flows_1m',
  bytes: 'BYTES',
  packets: 'PACKETS',
  flows: 'flow_count',
  limit: 500,
};
const expand = (sql: string): string => expandMacros(sql, values);

describe('macros of the SQL kind', () => {
  it.each([
    [
      'SELECT 1 WHERE $__timeFilter(t.timestamp)',
      'SELECT 1 WHERE (t.timestamp >= FROM_TIME AND t.timestamp < TO_TIME)',
    ],
    ['SELECT $__timeGroup(timestamp)', 'SELECT toStartOfInterval(timestamp, INTERVAL 60 SECOND)'],
    ["SELECT $__timeGroup( f(a, b) , '5m')", 'SELECT toStartOfInterval(f(a, b), INTERVAL 300 SECOND)'],
    ['SELECT $__fromTime, $__toTime', 'SELECT FROM_TIME, TO_TIME'],
    ['SELECT $__interval_s, now() - $__interval', 'SELECT 60, now() - INTERVAL 60 SECOND'],
    [
      'SELECT sum($__bits), sum($__flows) FROM $__table',
      'SELECT sum((BYTES * 8)), sum(flow_count) FROM weir.flows_1m',
    ],
    [
      'WITH a AS (SELECT 1) SELECT $__packets WHERE $__filter LIMIT $__limit;',
      'WITH a AS (SELECT 1) SELECT PACKETS WHERE FILTER LIMIT 500',
    ],
  ])('%s', (sql, expanded) => {
    expect(expand(sql)).toBe(expanded);
  });

  it.each([
    'SELECT \'$__filter\', "$__table", `$__x`',
    "SELECT 'it''s \\' ; $__filter'",
    'SELECT 1 -- $__nothing ; DROP\n, 2',
    'SELECT /* $__filter ; */ 1',
    'SELECT $tag$ ; $__filter $tag$',
    "SELECT format('{}', a)",
  ])('leave strings and comments alone: %s', (sql) => {
    expect(expand(sql)).toBe(sql);
  });

  it.each([
    ['SELECT $__timefilter(a)', 'Did you mean $__timeFilter?'],
    ['SELECT $__zzzzzzzz', 'There are: $__timeFilter(column)'],
    ['SELECT $__timeFilter', 'wants a column in brackets'],
    ['SELECT $__timeFilter()', 'wants a column in brackets'],
    ["SELECT $__timeGroup(a, 'soon')", 'is no interval'],
    ['SELECT $__timeFilter($__filter)', 'cannot stand within another macro'],
    ['SELECT 1; DROP TABLE flows', 'One statement only'],
    ['DROP TABLE flows', 'Only SELECT can be asked, not DROP'],
    ["SELECT 'open", 'is never closed'],
    ['SELECT /* open', 'is never closed'],
    ['SELECT 1 FORMAT JSON', 'Leave out “FORMAT JSON”'],
    ["SELECT 1 INTO OUTFILE 'x'", 'INTO OUTFILE'],
    ['  -- nothing\n;', 'There is no SQL'],
  ])('say what is wrong with %s', (sql, message) => {
    expect(() => expand(sql)).toThrow(message);
  });

  it('are told of as they can be written', () => {
    for (const { call } of macros)
      expect(expand(`SELECT ${call.replace(/\[.*\]/, '')}`)).not.toContain('$__');
  });
});

describe('the lexer of SQL', () => {
  it('loses nothing and never throws', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom("'", '"', '`', '\\', '--', '/*', '*/', ';', '$', '$a$', '$__filter', '\n', '('),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const sql = pieces.join('');
        expect(
          lexSql(sql)
            .map((t) => t.text)
            .join(''),
        ).toBe(sql);
        let fault: unknown;
        try {
          expand(sql);
        } catch (error) {
          fault = error;
        }
        expect(fault === undefined || fault instanceof Refused).toBe(true);
      }),
    );
  });
});
