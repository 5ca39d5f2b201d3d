import { describe, expect, it } from '@jest/globals';
import { complete } from './complete.ts';
import { problems } from './lint.ts';
import { tokens } from './roles.ts';

describe('colours', () => {
  const coloured = (text: string): string =>
    tokens(text)
      .map((t) => `${text.slice(t.from, t.to)}:${t.kind}`)
      .join(' ');

  it.each([
    [
      'source = 10.0.0.1 and not port in (80, https)',
      'source:field =:operator 10.0.0.1:value and:keyword not:keyword port:field in:operator (:punctuation 80:number ,:punctuation https:value ):punctuation',
    ],
    [
      'app not contains "x y" or (bytes > 1MB)',
      'app:field not:operator contains:operator "x y":string or:keyword (:punctuation bytes:field >:operator 1MB:number ):punctuation',
    ],
    [
      'port between 1 and 5 and vlan is not known',
      'port:field between:operator 1:number and:operator 5:number and:keyword vlan:field is:operator not:operator known:operator',
    ],
    [
      'flags has any (syn, fin) && app starts with x',
      'flags:field has:operator any:operator (:punctuation syn:value ,:punctuation fin:value ):punctuation &&:keyword app:field starts:operator with:operator x:value',
    ],
    ['sorce = 1 & "x', 'sorce:error =:operator 1:number &:error "x:error'],
    ['source = 10.0.0.1 - 10.0.0.5', 'source:field =:operator 10.0.0.1:value -:value 10.0.0.5:value'],
  ])('%s', (text, expected) => {
    expect(coloured(text)).toBe(expected);
  });
});

describe('completion', () => {
  /** `|` is where the cursor is. */
  const at = (text: string): ReturnType<typeof complete> =>
    complete(text.replace('|', ''), text.indexOf('|'));
  const labels = (text: string): string[] => at(text).items.map((i) => i.label);

  it('offers fields where a condition begins, the best first', () => {
    expect(at('|').what).toBe('field');
    expect(labels('|')).toEqual(expect.arrayContaining(['source_ip', 'host', 'exporter', 'not', '(']));
    expect(labels('port = 1 and dst|').slice(0, 3)).toEqual(
      expect.arrayContaining(['destination_ip', 'destination_port']),
    );
    expect(at('port = 1 and sour|ce')).toMatchObject({ from: 13, to: 19, typed: 'sour' });
    expect(labels('not (expo|')[0]).toBe('exporter');
  });

  it('offers the operators of the field', () => {
    expect(at('source |')).toMatchObject({ what: 'operator', field: 'source_ip' });
    expect(labels('source |')).toEqual(['=', '!=', 'in', 'not in', 'between', 'is known', 'is unknown']);
    expect(labels('tcp_flags |')).toEqual(expect.arrayContaining(['has', 'has any']));
    expect(labels('app not |')).toEqual(['in', 'contains', 'starts with', 'ends with']);
    expect(labels('port not |')).toEqual(['in', 'between']);
    expect(labels('app is |')).toEqual(['known', 'unknown']);
  });

  it('offers the values that are the same everywhere, and says whose the others are', () => {
    expect(labels('protocol = t|')[0]).toBe('tcp');
    expect(labels('port in (80, htt|')).toEqual(expect.arrayContaining(['http', 'https']));
    expect(labels('direction = |')).toEqual(['unknown', 'ingress', 'egress']);
    expect(labels('tcp_flags has |')).toEqual(expect.arrayContaining(['syn', 'any']));
    expect(at('exporter = ed|')).toMatchObject({
      what: 'value',
      field: 'exporter',
      typed: 'ed',
      from: 11,
      to: 13,
      items: [],
    });
    expect(at('exporter = "edge 1|"')).toMatchObject({
      field: 'exporter',
      typed: 'edge 1',
      from: 11,
      to: 19,
    });
    expect(at('exporter = "edge 1|')).toMatchObject({ field: 'exporter', typed: 'edge 1', from: 11, to: 18 });
    expect(at('app in (a, |')).toMatchObject({ what: 'value', field: 'application', typed: '' });
  });

  it('offers what joins conditions behind one', () => {
    expect(labels('port = 443 |')).toEqual(['and', 'or']);
    expect(labels('port between 1 |')).toEqual(['and']);
    expect(labels('port in (1 |')).toEqual([',', ')']);
    expect(labels('(port is known) |')).toEqual(['and', 'or']);
  });
});

describe('lint', () => {
  const warnings = (text: string): string[] =>
    problems(text).map((p) => `${p.severity} ${text.slice(p.from, p.to)}: ${p.message}`);

  it.each([
    [
      'src = 10.0.0.1 and src = 10.0.0.2',
      'warning src = 10.0.0.2: No flow matches all that is asked of source_ip.',
    ],
    [
      'src in 10.0.0.0/8 and vlan = 1 and src = 11.0.0.1',
      'warning src = 11.0.0.1: No flow matches all that is asked of source_ip.',
    ],
    ['vlan > 100 and vlan < 50', 'warning vlan < 50: No flow matches all that is asked of vlan_id.'],
    [
      'protocol = tcp and protocol = udp',
      'warning protocol = udp: No flow matches all that is asked of protocol.',
    ],
    ['app = a and app = b', 'warning app = b: No flow matches all that is asked of application.'],
    ['port = 1 and port != 1', 'warning port != 1: No flow matches both this and its opposite.'],
    ['port = 1 or not port = 1', 'warning not port = 1: Every flow matches either this or its opposite.'],
    ['port = 1 and port = 1', 'warning port = 1: This stands here twice.'],
    ['port < 0', 'warning port < 0: No flow matches this.'],
    ['port >= 0', 'warning port >= 0: Every flow matches this.'],
    ['src = ::', 'warning src = ::: Zero stands for “not known”.'],
    ['as != 0', 'warning as != 0: Zero stands for “not known”.'],
    ['country = ""', 'warning country = "": The empty text stands for “not known”.'],
    ['prt = 1', 'error prt: There is no field “prt”.'],
  ])('%s', (text, finding) => {
    expect(warnings(text)).toEqual([finding]);
  });

  it.each([
    'host = 10.0.0.1 and host = 10.0.0.2',
    'port = 80 and port = 443',
    'src in 10.0.0.0/8 and src != 10.0.0.1',
    'vlan > 5 and vlan < 10',
    'exporter = a and exporter = 10.0.0.1',
    'icmp_type = 0',
    '',
  ])('%s is nothing odd', (text) => {
    expect(problems(text)).toEqual([]);
  });
});
