import { describe, expect, it } from '@jest/globals';
import { type Condition, conditionsOf, formatFilter, parseFilter } from '@weir/core/filter';
import fc from 'fast-check';
import { interpolateFilter } from './interpolate-filter.ts';
import { dashboard } from './testing/dashboard.ts';

const filled = (filter: string, variables: Parameters<typeof dashboard>[0]): string =>
  interpolateFilter(filter, dashboard(variables));

describe('a variable in a filter', () => {
  it('is a value, in quotes where it must be', () => {
    expect(filled('exporter = $e', { e: 'edge-1' })).toBe('exporter = edge-1');
    expect(filled('application = $a', { a: 'web server' })).toBe('application = "web server"');
    expect(filled('application = ${a}', { a: 'say "hi" \\ bye' })).toBe(
      'application = "say \\"hi\\" \\\\ bye"',
    );
    expect(filled('user = [[u]]', { u: 'and' })).toBe('user = "and"');
  });

  it('stands bare where it is a number, an address or a prefix', () => {
    expect(filled('port = $p', { p: '443' })).toBe('port = 443');
    expect(filled('source in $n', { n: '10.0.0.0/8' })).toBe('source in 10.0.0.0/8');
    expect(filled('source = $n', { n: '2001:db8::1' })).toBe('source = 2001:db8::1');
    expect(filled('interface = $i', { i: '12' })).toBe('interface = 12');
  });

  it('keeps the quotes that the writer has set', () => {
    expect(filled('exporter = "$e"', { e: 'edge-1' })).toBe('exporter = "edge-1"');
    expect(filled("application = '$a'", { a: 'x" or port = 1' })).toBe('application = "x\\" or port = 1"');
  });

  it('may be a part of a value', () => {
    expect(filled('exporter = "edge-$site"', { site: 'b c' })).toBe('exporter = "edge-b c"');
    expect(filled('source in 10.$n.0.0/16', { n: '7' })).toBe('source in 10.7.0.0/16');
    expect(filled('exporter = "${a}-${b}"', { a: ['x', 'y'], b: ['1', '2'] })).toBe(
      'exporter = ("x-1", "x-2", "y-1", "y-2")',
    );
  });

  it('of several values is a list', () => {
    expect(filled('exporter = $e', { e: ['a', 'b c'] })).toBe('exporter = (a, "b c")');
    expect(filled('exporter != $e', { e: ['a', 'b'] })).toBe('exporter != (a, b)');
    expect(filled('source in ($n, 10.9.0.0/16)', { n: ['10.1.0.0/16', '10.2.0.0/16'] })).toBe(
      'source in (10.1.0.0/16, 10.2.0.0/16, 10.9.0.0/16)',
    );
    expect(filled('exporter not in ("$e")', { e: ['a', 'b'] })).toBe('exporter not in ("a", "b")');
  });

  it('of one chosen value of several is that value', () => {
    expect(filled('exporter = $e', { e: ['a'] })).toBe('exporter = a');
  });

  it('in a pattern is a pattern where somebody wrote it, and names where somebody chose them', () => {
    expect(filled('application ~ $re', { re: '^dns.*' })).toBe('application ~ "^dns.*"');
    expect(filled('application ~ $a', { a: ['a.b', 'c'] })).toBe('application ~ "(a\\\\.b|c)"');
    expect(filled('application !~ "^$a$"', { a: ['x+'] })).toBe('application !~ "^x\\\\+$"');
  });

  it('of several values where an operator takes one is several conditions', () => {
    expect(filled('application contains $a', { a: ['x', 'y'] })).toBe(
      '(application contains x or application contains y)',
    );
    expect(filled('application not contains $a', { a: ['x', 'y'] })).toBe(
      '(application not contains x and application not contains y)',
    );
  });

  it('may name the field', () => {
    expect(filled('$dim = "x"', { dim: 'application' })).toBe('application = "x"');
  });

  it('with the format raw is a part of the filter as it is', () => {
    expect(filled('port = 443 and (${f:raw})', { f: 'source = 10.0.0.1 or source = 10.0.0.2' })).toBe(
      'port = 443 and (source = 10.0.0.1 or source = 10.0.0.2)',
    );
  });

  it('with the format raw restricts nothing where it is empty, brackets or not', () => {
    expect(filled('(${part:raw}) and port = 443', { part: '' })).toBe('port = 443');
    expect(filled('port = 443 and ((${part:raw}))', { part: '' })).toBe('port = 443');
    expect(filled('(${part:raw})', { part: '' })).toBe('');
    expect(filled('(${part:raw}) and port = 443', { part: 'protocol = tcp' })).toBe(
      '(protocol = tcp) and port = 443',
    );
  });

  it('that is not known stays, for the backend to name', () => {
    expect(filled('exporter = $unknown', {})).toBe('exporter = $unknown');
  });
});

describe('a condition whose variable is All', () => {
  const all = { e: { all: ['a', 'b'] }, n: '10.0.0.0/8' };

  it('is left out', () => {
    expect(filled('exporter = $e', all)).toBe('');
    expect(filled('exporter in ($e) and source in $n', all)).toBe('source in 10.0.0.0/8');
    expect(filled('source in $n and "x" = 1 or exporter = "$e"', all)).toBe('');
    expect(filled('port = 1 and not exporter = $e and port = 2', all)).toBe('port = 1 and port = 2');
    expect(filled('port = 1 && !(exporter = $e || source = $e) && port = 2', all)).toBe(
      'port = 1 and port = 2',
    );
    expect(filled('(port = 1 or port = 2) and exporter ~ $e', all)).toBe('(port = 1 or port = 2)');
  });

  it('leaves the other alternatives no meaning: all flows match', () => {
    expect(filled('(exporter = $e or port = 1) and port = 2', all)).toBe('port = 2');
  });

  it('is known by Grafana’s own value too, as a custom all value', () => {
    expect(filled('exporter = $e and port = 1', { e: '$__all' })).toBe('port = 1');
    expect(filled('exporter = $__all and port = 1', {})).toBe('port = 1');
  });

  it('is that of an empty variable too', () => {
    expect(filled('exporter = $e and port = 1', { e: '' })).toBe('port = 1');
    expect(filled('exporter in ($e) and port = 1', { e: [] })).toBe('port = 1');
  });

  it('keeps `between … and …` in one piece', () => {
    expect(filled('port between 1 and 9 and exporter = $e', all)).toBe('port between 1 and 9');
    expect(filled('port between $a and $b', { a: '1', b: '9' })).toBe('port between 1 and 9');
  });
});

function conditions(filter: string): readonly Condition[] {
  const result = parseFilter(filter);
  if (!result.ok) throw new Error(`${filter}: ${result.problems[0]!.message}`);
  return conditionsOf(result.filter);
}

function fieldsOf(filter: string): string[] {
  return conditions(filter).map(({ field }) => field);
}

describe('no value of a variable', () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.constantFrom(
      '" or port = 1 or exporter = "',
      "' or 1=1 --",
      ') or (port = 1',
      'a, b',
      '\\',
      '\\"',
      'or',
      '$e',
      '${e}',
      '\uE0000\uE001',
    ),
  );

  it('breaks out of its place', () => {
    fc.assert(
      fc.property(value, (v) => {
        fc.pre(v.trim() !== '' && v.replaceAll(/[\uE000\uE001]/g, '') !== '' && v !== '$__all');
        for (const template of ['port = 443 and application = $e', 'port = 443 and application = "$e"']) {
          const filter = filled(template, { e: v });
          expect(fieldsOf(filter)).toEqual(['port', 'application']);
          const wanted = v.replaceAll(/[\uE000\uE001]/g, '').toWellFormed();
          expect(conditions(filter)[1]!.test).toEqual({
            kind: 'in',
            values: [{ kind: 'text', text: wanted }],
          });
        }
      }),
    );
  });

  it('breaks out of a list', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (list) => {
        const values = list.filter((v) => v.replaceAll(/[\uE000\uE001]/g, '').trim() !== '');
        fc.pre(values.length > 0);
        expect(fieldsOf(filled('not application in ($e) or port = 1', { e: values }))).toEqual([
          'application',
          'port',
        ]);
      }),
    );
  });
});

describe('a filter without variables', () => {
  it('stays as it is written', () => {
    const written = '  (port=443 or  exporter ~ "a$")  and not host in 10.0.0.0/8 ';
    expect(filled(written, { e: 'x' })).toBe(written);
    const result = parseFilter(written);
    expect(result.ok && formatFilter(result.filter)).toContain('port = 443');
  });
});
