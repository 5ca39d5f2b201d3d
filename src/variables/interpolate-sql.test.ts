import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { interpolateSql } from './interpolate-sql.ts';
import { dashboard } from './testing/dashboard.ts';

const filled = (sql: string, variables: Parameters<typeof dashboard>[0]): string =>
  interpolateSql(sql, dashboard(variables));

describe('a variable in SQL', () => {
  it('is a literal: a number bare, all else in quotes', () => {
    expect(filled('WHERE port = $p AND name = $n', { p: '443', n: "O'Neil" })).toBe(
      "WHERE port = 443 AND name = 'O\\'Neil'",
    );
    expect(filled('WHERE ip = $a', { a: '10.0.0.1' })).toBe("WHERE ip = '10.0.0.1'");
  });

  it('of several values is a list', () => {
    expect(filled('WHERE name IN ($n) AND port IN (${p})', { n: ['a', 'b'], p: ['1', '2'] })).toBe(
      "WHERE name IN ('a', 'b') AND port IN (1, 2)",
    );
    expect(filled("WHERE name IN ('$n')", { n: ['a', 'b'] })).toBe("WHERE name IN ('a', 'b')");
    expect(filled('WHERE name IN ($n)', { n: [] })).toBe('WHERE name IN (NULL)');
  });

  it('in quotes is the text between them', () => {
    expect(filled("WHERE name LIKE '%$n%'", { n: "a'b\\c" })).toBe("WHERE name LIKE '%a\\'b\\\\c%'");
    expect(filled('SELECT `$c`, "$c"', { c: 'a`b"c' })).toBe('SELECT `a\\`b"c`, "a`b\\"c"');
  });

  it('in a comment, a heredoc or a quote that does not end is nothing', () => {
    expect(filled('SELECT 1 -- $n\n+ 1', { n: 'x\n; DROP' })).toBe('SELECT 1 -- \n+ 1');
    expect(filled("SELECT 'a $n", { n: "x' --" })).toBe("SELECT 'a ");
  });

  it('leaves the macros of the backend alone, also those that Grafana has variables for', () => {
    const sql =
      'SELECT $__timeGroup(timestamp, $__interval) WHERE $__timeFilter(timestamp) AND x = $__interval_s';
    expect(filled(sql, { __interval: '1m', __timeFilter: 'x' })).toBe(sql);
  });

  it('with the format raw is a part of the text as it is', () => {
    expect(filled('SELECT ${c:raw}', { c: 'a, b' })).toBe('SELECT a, b');
  });
});

describe('no value of a variable', () => {
  it('ends its literal', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'grapheme' }),
          fc.constantFrom("'; DROP TABLE x --", "\\'; --", '\\', "''", '/*', '$x$'),
        ),
        (value) => {
          for (const template of ['SELECT $v, 1', "SELECT '$v', 1", "SELECT 'a$v', 1"]) {
            const sql = filled(template, { v: value });
            // One literal, as ClickHouse reads it, and after it what was there.
            expect(sql).toMatch(/^SELECT (-?\d+(\.\d+)?|'(?:[^'\\]|\\[\s\S])*'), 1$/);
          }
        },
      ),
    );
  });
});
