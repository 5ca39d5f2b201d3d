import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { columnByName } from '../columns.ts';
import { parseFilter } from './parser.ts';
import { Parameters, filterColumns, filterSql } from './sql.ts';
import { mirrorFilter } from './mirror.ts';
import { formatFilter } from './format.ts';
import { anyFilter } from './testing/arbitrary-filter.ts';
import type { Filter } from './ast.ts';

function filterOf(text: string): Filter {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(parsed.problems[0]!.message);
  return parsed.filter;
}

function sql(text: string): { sql: string; values: unknown } {
  const parameters = new Parameters();
  return { sql: filterSql(filterOf(text), parameters), values: parameters.values };
}

describe('a filter as SQL', () => {
  it.each([
    ['', '1', {}],
    ['src = 10.0.0.1', 'source_ip = {f0:IPv6}', { f0: '::ffff:10.0.0.1' }],
    [
      'src in 10.0.0.0/8',
      '(source_ip >= {f0:IPv6} AND source_ip <= {f1:IPv6})',
      { f0: '::ffff:10.0.0.0', f1: '::ffff:10.255.255.255' },
    ],
    ['src in (10.0.0.1, ::1)', 'source_ip IN {f0:Array(IPv6)}', { f0: ['::ffff:10.0.0.1', '::1'] }],
    ['port = 443', '(source_port = {f0:UInt16} OR destination_port = {f0:UInt16})', { f0: 443 }],
    ['port != 443', 'NOT ((source_port = {f0:UInt16} OR destination_port = {f0:UInt16}))', { f0: 443 }],
    [
      'port in (1, 2, 5-9)',
      '((source_port IN {f0:Array(UInt16)} OR (source_port >= {f1:UInt16} AND source_port <= {f2:UInt16})) OR (destination_port IN {f0:Array(UInt16)} OR (destination_port >= {f1:UInt16} AND destination_port <= {f2:UInt16})))',
      { f0: [1, 2], f1: 5, f2: 9 },
    ],
    ['service = 53', 'least(source_port, destination_port) = {f0:UInt16}', { f0: 53 }],
    [
      'app ~ "^web" and vlan > 5',
      '(match(application, {f0:String}) AND vlan_id > {f1:UInt16})',
      { f0: '^web', f1: 5 },
    ],
    [
      'input = "12"',
      '(input_interface_name = {f0:String} OR input_interface = {f1:UInt32})',
      { f0: '12', f1: 12 },
    ],
    [
      'exporter in (edge-1, 10.0.0.1)',
      '(collector_ip = {f0:IPv6} OR exporter_name = {f1:String})',
      { f0: '::ffff:10.0.0.1', f1: 'edge-1' },
    ],
    ['dscp = EF', '(tos >= {f0:UInt8} AND tos <= {f1:UInt8})', { f0: 184, f1: 187 }],
    ['flags has (syn, ack)', 'bitAnd(tcp_flags, {f0:UInt16}) = {f0:UInt16}', { f0: 18 }],
    ['verdict = dropped', 'verdict = {f0:String}', { f0: 'dropped' }],
    ['app is unknown', "application = ''", {}],
    ['bytes > 1GB', 'bytes_in > {f0:UInt64}', { f0: 1e9 }],
  ])('%s', (text, expected, values) => {
    expect(sql(text)).toEqual({ sql: expected, values });
  });

  it('reads the columns that it names, and no others', () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        const words =
          filterSql(filter, new Parameters())
            .replace(/\{[^}]*\}/g, '')
            .match(/[a-z_0-9]+/g) ?? [];
        expect(new Set(words.filter((w) => columnByName(w) !== undefined))).toEqual(filterColumns(filter));
      }),
      { numRuns: 500 },
    );
  });

  it('has nothing in its text that a user wrote: it is made of columns, functions of a short list, and placeholders', () => {
    const own = new Set([
      'NOT',
      'AND',
      'OR',
      'IN',
      'least',
      'match',
      'bitAnd',
      'position',
      'startsWith',
      'endsWith',
      'toString',
      'replaceRegexpOne',
      'if',
      'multiIf',
      'unknown',
      'ffff',
      '0',
      '1',
      '4',
    ]);
    fc.assert(
      fc.property(anyFilter, (filter) => {
        const parameters = new Parameters();
        const text = filterSql(filter, parameters);
        const names = new Set<string>();
        const rest = text.replace(
          /\{(f\d+):(UInt8|UInt16|UInt32|UInt64|IPv6|String|Array\((?:UInt8|UInt16|UInt32|UInt64|IPv6|String)\))\}/g,
          (_, name: string) => {
            names.add(name);
            return '';
          },
        );
        for (const word of rest.match(/\w+/g) ?? [])
          expect([word, own.has(word) || columnByName(word) !== undefined]).toEqual([word, true]);
        expect(rest.replace(/'(\^::ffff:|unknown|)'/g, '')).toMatch(/^[\w\s(),=<>!]*$/);
        expect([...names].sort()).toEqual(Object.keys(parameters.values).sort());
      }),
      { numRuns: 1000 },
    );
  });

  it('shares a statement with others', () => {
    const parameters = new Parameters('host');
    expect(parameters.add('String', 'x')).toBe('{host0:String}');
    expect(filterSql(filterOf('src = 10.0.0.1 or dst = 10.0.0.1'), parameters)).toBe(
      '(source_ip = {host1:IPv6} OR destination_ip = {host1:IPv6})',
    );
  });
});

describe('a mirrored filter', () => {
  it.each([
    ['src = 10.0.0.1 and destination_port = 443', 'destination_ip = 10.0.0.1 and source_port = 443'],
    ['input = 5 and source_as != 1', 'output_interface = 5 and destination_as != 1'],
    [
      'bytes > 1MB and packets_out < 5 and flags has syn',
      'bytes_out > 1MB and packets < 5 and tcp_flags_out has syn',
    ],
    ['host = 10.0.0.1 and protocol = tcp', 'host = 10.0.0.1 and protocol = tcp'],
  ])('%s becomes %s', (text, mirrored) => {
    expect(formatFilter(mirrorFilter(filterOf(text)))).toBe(mirrored);
  });

  it('mirrored again is as it was', () => {
    fc.assert(fc.property(anyFilter, (filter) => expect(mirrorFilter(mirrorFilter(filter))).toEqual(filter)));
  });
});
