import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { adHocFilters } from './ad-hoc.ts';
import { addCondition, hasCondition, removeCondition } from './edit.ts';
import { formatFilter, valueText } from './format.ts';
import { parseFilter } from './parser.ts';
import { anyFilter, someTexts } from './testing/arbitrary-filter.ts';
import type { AdHocFilter } from '../query/model.ts';

describe('click to filter', () => {
  it.each([
    ['', 'source_ip', '=', '10.0.0.1', 'source_ip = 10.0.0.1'],
    ['PORT=443', 'source_ip', '!=', '10.0.0.1', 'PORT=443 and source_ip != 10.0.0.1'],
    ['port = 1 or  port = 2', 'protocol', '=', 'tcp', '(port = 1 or  port = 2) and protocol = tcp'],
    ['(port = 1 or port = 2)', 'protocol', '=', '6', '(port = 1 or port = 2) and protocol = tcp'],
    ['(port = 1) or (port = 2)', 'protocol', '=', '6', '((port = 1) or (port = 2)) and protocol = tcp'],
    ['src = 10.0.0.1 and port = 1', 'source_ip', '=', '10.0.0.1', 'src = 10.0.0.1 and port = 1'],
    ['src != 10.0.0.1 and  port = 1', 'source_ip', '=', '10.0.0.1', 'port = 1 and source_ip = 10.0.0.1'],
    ['not src = 10.0.0.1', 'source_ip', '=', '10.0.0.1', 'source_ip = 10.0.0.1'],
    ['port = 1', 'application', '=', 'x" or port = 2', 'port = 1 and application = "x\\" or port = 2"'],
    ['port = 1', 'application', '=', '', 'port = 1 and application is unknown'],
    ['port =', 'protocol', '=', 'tcp', 'port = and protocol = tcp'],
  ] as const)('%j with %s %s %j added', (text, field, operator, value, result) => {
    expect(addCondition(text, field, operator, value)).toBe(result);
  });

  it.each([
    ['src = 10.0.0.1', ''],
    ['src=10.0.0.1 AND Port =  1', 'Port =  1'],
    ['port = 1 && (src = 10.0.0.1) and vlan = 2', 'port = 1 and vlan = 2'],
    ['port = 1 and (vlan = 2 and source in (10.0.0.1))', 'port = 1 and (vlan = 2)'],
    ['(source_ip = 10.0.0.1 and vlan = 2) and port = 1', '(vlan = 2) and port = 1'],
    ['src = 10.0.0.1 and port = 1 and src = 10.0.0.1', 'port = 1'],
    ['src = 10.0.0.1 or port = 1', 'src = 10.0.0.1 or port = 1'],
    ['src != 10.0.0.1', 'src != 10.0.0.1'],
  ])('%j with source_ip = 10.0.0.1 taken away', (text, result) => {
    expect(removeCondition(text, 'source_ip', '=', '10.0.0.1')).toBe(result);
    expect(hasCondition(text, 'source_ip', '=', '10.0.0.1')).toBe(text !== result);
  });

  it('adds what it can find and take away again, and leaves the rest the same', () => {
    fc.assert(
      fc.property(
        anyFilter,
        fc.constantFrom(...someTexts),
        fc.constantFrom('=' as const, '!=' as const),
        (filter, value, operator) => {
          const text = formatFilter(filter);
          fc.pre(
            !hasCondition(text, 'user', operator, value) &&
              !hasCondition(text, 'user', operator === '=' ? '!=' : '=', value),
          );
          const more = addCondition(text, 'user', operator, value);
          expect(hasCondition(more, 'user', operator, value)).toBe(true);
          expect(parseFilter(removeCondition(more, 'user', operator, value))).toEqual({ ok: true, filter });
        },
      ),
    );
  });

  it('refuses what is no value of the field', () => {
    expect(() => addCondition('', 'port', '=', 'many')).toThrow(/not a port/);
    expect(() => addCondition('', 'prt', '=', '1')).toThrow(/Did you mean port/);
  });
});

describe('a value from a list', () => {
  it.each([
    ['port', '443', '443'],
    ['port', 'https', '443'],
    ['interface', '12', '"12"'],
    ['interface', 'xe-0/0/1', 'xe-0/0/1'],
    ['exporter', '10.0.0.1', '10.0.0.1'],
    ['exporter', '10.0.0.0/33', '"10.0.0.0/33"'],
    ['exporter', 'fe80::/200', '"fe80::/200"'],
    ['host', '2001:DB8::1', '2001:db8::1'],
    ['application', 'Web server', '"Web server"'],
    ['application', 'not', '"not"'],
    ['country', 'de', 'DE'],
    ['port', 'many words', '"many words"'],
  ])('of %s, %s, stands as %s', (field, value, text) => {
    expect(valueText(field, value)).toBe(text);
  });
});

describe('ad hoc filters', () => {
  const text = (...list: AdHocFilter[]): string => {
    const result = adHocFilters(list);
    return result.ok ? formatFilter(result.filter) : result.problems.map((p) => p.message).join(' ');
  };

  it.each<[AdHocFilter, string]>([
    [{ key: 'source_ip', operator: '=', value: '10.0.0.1' }, 'source_ip = 10.0.0.1'],
    [{ key: 'host', operator: '!=', value: '10.0.0.1' }, 'host != 10.0.0.1'],
    [{ key: 'application', operator: '=', value: 'a" or port = 1' }, 'application = "a\\" or port = 1"'],
    [{ key: 'application', operator: '=', value: 'x or port = 1' }, 'application = "x or port = 1"'],
    [{ key: 'interface', operator: '=', value: '12' }, 'interface = "12"'],
    [{ key: 'application', operator: '=~', value: '^web' }, 'application ~ "^web"'],
    [{ key: 'application', operator: '!~', value: '^web' }, 'application !~ "^web"'],
    [{ key: 'application', operator: '=~', value: '.*' }, ''],
    [{ key: 'source_ip', operator: '=~', value: '.+' }, 'source_ip is known'],
    [{ key: 'protocol', operator: '=~', value: 'tcp|udp' }, 'protocol in (tcp, udp)'],
    [{ key: 'source_ip', operator: '=~', value: '(10.0.0.1|10.0.0.2)' }, 'source_ip in (10.0.0.1, 10.0.0.2)'],
    [{ key: 'bytes', operator: '>', value: '1MB' }, 'bytes > 1MB'],
    [{ key: 'port', operator: '<', value: '1024' }, 'port < 1024'],
    [{ key: 'port', operator: '=|', value: '80', values: ['80', 'https'] }, 'port in (80, 443)'],
    [
      { key: 'exporter', operator: '!=|', value: '', values: ['edge-1', '10.0.0.1'] },
      'exporter not in (edge-1, 10.0.0.1)',
    ],
    [{ key: 'country', operator: '=', value: '' }, 'country is unknown'],
    [{ key: 'source_ip', operator: '=', value: '' }, 'source_ip is unknown'],
    [{ key: '', operator: '=', value: 'x' }, ''],
    [{ key: 'port', operator: '=|', value: '' }, ''],
  ])('%j', (filter, result) => {
    expect(text(filter)).toBe(result);
  });

  it('all hold', () => {
    expect(
      text({ key: 'port', operator: '=', value: '80' }, { key: 'protocol', operator: '=', value: 'tcp' }),
    ).toBe('port = 80 and protocol = tcp');
  });

  it('that cannot be are told of by their key', () => {
    expect(
      text(
        { key: 'prt', operator: '=', value: '80' },
        { key: 'port', operator: '>', value: 'x' },
        { key: 'source_ip', operator: '=~', value: '^10' },
      ),
    ).toBe(
      'Ad hoc filter prt =: There is no field “prt”. Ad hoc filter port >: “x” is not a port. Ad hoc filter source_ip =~: “^10” is not an address.',
    );
  });
});
