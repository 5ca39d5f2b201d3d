import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { conditionsOf } from './ast.ts';
import { formatFilter } from './format.ts';
import { type FieldList, MAX_FILTER_LENGTH, parseFilter } from './parser.ts';
import { type Field, fields } from '../fields/fields.ts';
import { anyFilter, someTexts } from './testing/arbitrary-filter.ts';
import { tokens } from './roles.ts';
import { complete } from './complete.ts';
import { problems } from './lint.ts';

/** The canonical form of a text. */
function canonical(text: string): string {
  const parsed = parseFilter(text);
  if (!parsed.ok)
    throw new Error(`${text}: ${parsed.problems.map((p) => `${p.message} ${p.advice}`).join(' ')}`);
  return formatFilter(parsed.filter);
}

function refused(text: string): { at: string; message: string; advice: string }[] {
  const parsed = parseFilter(text);
  if (parsed.ok) throw new Error(`${text} was taken for ${formatFilter(parsed.filter)}`);
  return parsed.problems.map(({ from, to, message, advice }) => ({
    at: text.slice(from, to),
    message,
    advice,
  }));
}

describe('a filter', () => {
  it('is empty for all flows', () => {
    expect(parseFilter('')).toEqual({ ok: true, filter: { kind: 'all' } });
    expect(parseFilter(' \n\t')).toEqual({ ok: true, filter: { kind: 'all' } });
  });

  it('is plain data', () => {
    expect(parseFilter('source in 10.0.0.0/8 and not exporter = "edge-1"')).toEqual({
      ok: true,
      filter: {
        kind: 'and',
        terms: [
          {
            kind: 'condition',
            field: 'source_ip',
            test: { kind: 'in', values: [{ kind: 'address', from: '10.0.0.0', to: '10.255.255.255' }] },
          },
          {
            kind: 'not',
            term: {
              kind: 'condition',
              field: 'exporter',
              test: { kind: 'in', values: [{ kind: 'text', text: 'edge-1' }] },
            },
          },
        ],
      },
    });
  });

  it.each([
    // Structure
    ['port = 1 or port = 2 and port = 3', 'port = 1 or port = 2 and port = 3'],
    ['(port = 1 or port = 2) and port = 3', '(port = 1 or port = 2) and port = 3'],
    ['((port = 1)) and (port = 2 and (port = 3))', 'port = 1 and port = 2 and port = 3'],
    ['NOT port = 1 AND Port = 2', 'port != 1 and port = 2'],
    ['!(port = 1 || port = 2) && port=3', 'not (port = 1 or port = 2) and port = 3'],
    ['not not port = 1', 'not port != 1'],
    ['port=1and port=2'.replace('1and', '1 and'), 'port = 1 and port = 2'],
    // Operators
    ['port == 1 and port <> 2 and port != 3', 'port = 1 and port != 2 and port != 3'],
    ['port in (80, 443) and port not in [1, 2]', 'port in (80, 443) and port not in (1, 2)'],
    ['port = (80, 443) or port != (80, 443)', 'port in (80, 443) or port not in (80, 443)'],
    ['port < 1024 and not port >= 5', 'port < 1024 and not port >= 5'],
    ['port between 1024 and 65535 and vlan = 5', 'port = 1024-65535 and vlan_id = 5'],
    ['port not between 1 and 2', 'port != 1-2'],
    [
      'app ~ ^web and app =~ "a|b" and app !~ x and app matches y',
      'application ~ "^web" and application ~ "a|b" and application !~ x and application ~ y',
    ],
    [
      'app contains "a b" and app starts with a and app not ends with b',
      'application contains "a b" and application starts with a and application not ends with b',
    ],
    [
      'country is known and app is not unknown and vlan is not known',
      'country is known and application is not unknown and vlan_id is not known',
    ],
    [
      'flags has syn and flags has (syn, ack) and flags has any syn+fin',
      'tcp_flags has syn and tcp_flags has syn+ack and tcp_flags has any fin+syn',
    ],
    [
      'flags not has rst and flags has all (syn, ack) and flags = SYN',
      'tcp_flags not has rst and tcp_flags has syn+ack and tcp_flags = syn',
    ],
    ['flags in (syn, 0x12, 0)', 'tcp_flags in (syn, syn+ack, 0)'],
    // Addresses
    ['src = 10.1.2.3/8', 'source_ip = 10.0.0.0/8'],
    ['src = 10.0.0.0-10.0.0.255', 'source_ip = 10.0.0.0/24'],
    ['src = 10.0.0.1 - 10.0.0.9', 'source_ip = 10.0.0.1-10.0.0.9'],
    ['src = 0.0.0.0/0 or src = ::/0', 'source_ip = 0.0.0.0/0 or source_ip = ::/0'],
    [
      'src = "2001:DB8:0:0::1" or src = 2001:db8::/32',
      'source_ip = 2001:db8::1 or source_ip = 2001:db8::/32',
    ],
    ['src = ::ffff:10.0.0.1 or src = ::ffff:10.0.0.0/104', 'source_ip = 10.0.0.1 or source_ip = 10.0.0.0/8'],
    ['src between 10.0.0.1 and 10.0.0.9', 'source_ip = 10.0.0.1-10.0.0.9'],
    // Numbers by name and with units
    [
      'port = https or port in (dns, 1024-65535) or port = 20-ftp',
      'port = 443 or port in (53, 1024-65535) or port = 20-21',
    ],
    [
      'protocol = TCP or proto = 17 or proto in (icmp6, 200)',
      'protocol = tcp or protocol = udp or protocol in (icmp6, 200)',
    ],
    ['as = AS64500 or as = 64512-65534 or as = 1.10', 'as = 64500 or as = 64512-65534 or as = 65546'],
    [
      'bytes > 1MB or bytes > 1MiB or bytes >= 1.5k or bytes < 7',
      'bytes > 1MB or bytes > 1MiB or bytes >= 1500B or bytes < 7B',
    ],
    ['bytes = 10-20MB', 'bytes = 10MB-20MB'],
    ['packets > 10k', 'packets > 10000'],
    [
      'duration > 30s or duration > 5m or duration < 100 or duration < 1.5s',
      'duration > 30s or duration > 5m or duration < 100ms or duration < 1500ms',
    ],
    ['rtt > 2ms or rtt > 5 or rtt > 1s', 'tcp_rtt_us > 2ms or tcp_rtt_us > 5us or tcp_rtt_us > 1s'],
    [
      'mac = 00:1B:21:aa:bb:cc or mac = 001b.21aa.bbcc or mac in (00-1b-21-aa-bb-cc)',
      'mac = 00:1b:21:aa:bb:cc or mac = 00:1b:21:aa:bb:cc or mac = 00:1b:21:aa:bb:cc',
    ],
    ['dscp = ef or dscp = 46 or dscp = 5 or dscp > CS4', 'dscp = EF or dscp = EF or dscp = 5 or dscp > CS4'],
    // Names
    [
      'interface = 12 or interface = "12" or if = xe-0/0/1 or interface = "a b" or interface = 1-5',
      'interface = 12 or interface = "12" or interface = xe-0/0/1 or interface = "a b" or interface = 1-5',
    ],
    [
      'exporter = edge-1 or exporter = 10.0.0.1 or exporter = "10.0.0.1" or router in 10.0.0.0/8',
      'exporter = edge-1 or exporter = 10.0.0.1 or exporter = 10.0.0.1 or exporter = 10.0.0.0/8',
    ],
    ['country = de or country ~ "^d"', 'country = DE or country ~ "^d"'],
    ['direction = INGRESS', 'flow_direction = ingress'],
    [String.raw`app = 'it''`.replace("''", String.raw`\'s'`), `application = "it's"`],
    [
      String.raw`app ~ "\d+\.x" and app = "a\\b\"c"`,
      String.raw`application ~ "\\d+\\.x" and application = "a\\b\"c"`,
    ],
    ['app = "and" and app = any', 'application = "and" and application = "any"'],
  ])('%s is read as %s', (text, form) => {
    expect(canonical(text)).toBe(form);
    expect(canonical(form)).toBe(form);
  });

  it('takes every field by its name and aliases, in any case', () => {
    for (const field of fields)
      for (const name of [field.name, ...field.aliases, field.name.toUpperCase()]) {
        const parsed = parseFilter(`${name} is known`);
        expect(parsed).toEqual({
          ok: true,
          filter: { kind: 'condition', field: field.name, test: { kind: 'known' } },
        });
      }
  });
});

describe('a wrong filter', () => {
  it.each([
    ['sorce = 1.2.3.4', 'sorce', /no field “sorce”/, /Did you mean source\?/],
    ['10.0.0.1', '10.0.0.1', /no field/, /host = 10\.0\.0\.1/],
    ['source = edge', 'edge', /not an address/, /10\.0\.0\.0\/8/],
    ['source = 10.0.0.0/33', '10.0.0.0/33', /0 to 32 bits, not 33/, /prefix/],
    ['source = 10.0.0.9-10.0.0.1', '10.0.0.9-10.0.0.1', /ends before it begins/, /range/],
    ['source = 10.0.0.1-2001:db8::1', '10.0.0.1-2001:db8::1', /one family/, /range/],
    ['source = 010.1.1.1.1', '010.1.1.1.1', /not an address/, /address/],
    ['port = htps', 'htps', /not a port/, /Did you mean https\?/],
    ['port = 70000', '70000', /too large for port/, /0 to 65535/],
    ['port = 9-1', '9-1', /ends before it begins/, /smaller number first/],
    ['port > 1-5', '1-5', /is a range/, /one number/],
    ['port = -5', '-5', /not a port/, /0 to 65535/],
    ['protocol = tpc', 'tpc', /not an IP protocol/, /Did you mean tcp\?/],
    ['direction = ingres', 'ingres', /never/, /Did you mean ingress\?/],
    ['verdict = maybe', 'maybe', /never/, /forwarded, dropped/],
    ['tcp_flags has sny', 'sny', /not a TCP flag/, /Did you mean syn\?/],
    ['bytes > 5 apples', 'apples', /no and or or before/, /and/],
    ['bytes > 5x', '5x', /not a size/, /1MB/],
    ['bytes > 0.3', '0.3', /not a size/, /octets/],
    ['duration > 10us', '10us', /whole milliseconds/, /30s/],
    ['as = ASX', 'ASX', /not an AS/, /AS64500/],
    ['mac = 00:11', '00:11', /not a MAC/, /00:1b/],
    ['source ~ "10\\."', '~', /does not take ~/, /prefix/],
    ['source < 10.0.0.1', '<', /does not take </, /=, !=, in/],
    ['app has x', 'has', /does not take has/, /contains/],
    ['app > x', '>', /does not take >/, /contains/],
    ['port', 'port', /Nothing is asked of port/, /takes =/],
    ['port 443', '443', /not an operator/, /takes =/],
    ['port =', '=', /value is missing/, /Write a value/],
    ['port = and vlan = 5', 'and', /value is missing/, /"and"/],
    ['port = )', ')', /not a value/, /quotes/],
    ['port = 80, 443', ',', /in brackets/, /in \(a, b\)/],
    ['port in (80 443)', '443', /no comma/, /commas/],
    ['port in (80, 443', '(', /not closed/, /Write \)/],
    ['(port = 1', '(', /not closed/, /Write \)/],
    ['port = 1)', ')', /closes nothing/, /Take it away/],
    ['app = "x', '"x', /quote is not closed/, /Write "/],
    ['port = 1 and', '', /condition is missing/, /port = 443/],
    ['and port = 1', 'and', /condition is missing/, /port = 443/],
    ['port = 1 port = 2', 'port', /no and or or/, /and/],
    ['"port" = 1', '"port"', /begins with a field/, /operator/],
    ['port is 5', '5', /known or unknown/, /=/],
    ['app starts x', 'x', /comes with/, /starts with/],
    ['port between 5', '', /two values/, /between 1024/],
    ['port between 5 and 1', '5 and 1', /Nothing lies/, /smaller/],
    ['app contains ""', '""', /empty/, /unknown/],
    ['app ~ "a(?=b)"', '"a(?=b)"', /Look-ahead.*character 3/, /and not/],
    ['port = 1 & vlan = 2', '&', /no and or or/, /and/],
  ])('%s: says so of “%s”', (text, at, message, advice) => {
    const [first] = refused(text);
    expect(first).toEqual({
      at,
      message: expect.stringMatching(message),
      advice: expect.stringMatching(advice),
    });
  });

  it('has all its problems told, each once, and reads on behind each', () => {
    expect(
      refused('prt = 5 and (source = x or port in (1, http2x)) or vln = 3 and vlan = 4').map((p) => p.at),
    ).toEqual(['prt', 'x', 'http2x', 'vln']);
  });

  it('is refused where it is too long, too deep, or too much', () => {
    expect(refused('a'.repeat(MAX_FILTER_LENGTH + 1))[0]!.message).toMatch(/16385 characters/);
    expect(refused('('.repeat(65) + 'port = 1' + ')'.repeat(65))[0]!.message).toMatch(/nested too deeply/);
    expect(refused('not '.repeat(65) + 'port = 1')[0]!.message).toMatch(/nested too deeply/);
    expect(canonical('('.repeat(64) + 'port = 1' + ')'.repeat(64))).toBe('port = 1');
    expect(refused(Array.from({ length: 501 }, () => 'port = 1').join(' or '))[0]!.message).toMatch(
      /more than 500 conditions/,
    );
    expect(refused('x = 1 and '.repeat(100) + 'port = 1')).toHaveLength(20);
  });
});

describe('reading and writing', () => {
  it('makes the same filter of what was written of a filter', () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        expect(parseFilter(formatFilter(filter))).toEqual({ ok: true, filter });
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws, and tells of problems within the text', () => {
    const pieces = fc.constantFrom(
      ...[
        'port',
        'source',
        'app',
        'flags',
        '=',
        '!=',
        '~',
        'in',
        'not',
        'and',
        'or',
        '(',
        ')',
        '[',
        ']',
        ',',
        '"',
        "'",
        '\\',
        '-',
        '1',
        '10.0.0.0/8',
        'has',
        'any',
      ],
      ...[
        'is',
        'known',
        'between',
        'starts',
        'with',
        '&&',
        '|',
        '!',
        '::',
        '\ud800',
        '\u0000',
        '😀',
        '1e9',
        '0x',
        'x',
      ],
    );
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 30 }).map((p) => p.join(' ')),
      fc.array(pieces, { maxLength: 30 }).map((p) => p.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(texts, fc.nat(200), (text, position) => {
        const parsed = parseFilter(text);
        const again = parsed.ok ? parseFilter(formatFilter(parsed.filter)) : parsed;
        expect(again).toEqual(parsed);
        for (const { from, to, message, advice } of parsed.ok ? [] : parsed.problems) {
          expect(0 <= from && from <= to && to <= text.length).toBe(true);
          expect(message !== '' && advice !== '').toBe(true);
        }
        expect(problems(text).some((p) => p.severity === 'error')).toBe(!parsed.ok);
        let covered = 0;
        for (const { from, to } of tokens(text)) {
          expect(text.slice(covered, from).trim()).toBe('');
          expect(to).toBeGreaterThan(from);
          covered = to;
        }
        expect(text.slice(covered).trim()).toBe('');
        const { from, to } = complete(text, position);
        expect(0 <= from && from <= to && to <= text.length).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  it.each(
    [
      '"',
      "'",
      '(',
      ')',
      '[',
      'not ',
      '!',
      '\\',
      'port=1 or ',
      'port in (',
      ',',
      '- ',
      '"\\"',
      'x ',
      '9',
      '1-',
      '::',
      'port=1-',
      'port in (1,',
      'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1 or ',
    ].map((piece) => [piece]),
  )(
    'ends with 16 KiB of %j',
    (piece) => {
      const text = piece.repeat(MAX_FILTER_LENGTH / piece.length);
      // Three times as long is three times as slow, and not more: ten of these in far less than the test's own limit
      for (let i = 0; i < 10; i++) parseFilter(text);
      expect(problems(text).length).toBeGreaterThan(0);
      expect(tokens(text).length).toBeGreaterThan(0);
      expect(complete(text, text.length).to).toBe(text.length);
    },
    5000,
  );

  it('keeps any text as it is, in quotes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...someTexts), fc.string({ unit: 'grapheme' })), (text) => {
        const parsed = parseFilter(
          formatFilter({
            kind: 'condition',
            field: 'application',
            test: { kind: 'in', values: [{ kind: 'text', text }] },
          }),
        );
        if (!parsed.ok) throw new Error(parsed.problems[0]!.message);
        expect(conditionsOf(parsed.filter)[0]!.test).toEqual({
          kind: 'in',
          values: [{ kind: 'text', text }],
        });
      }),
    );
  });
});

describe('a filter over fields of its own', () => {
  const speed: Field = {
    name: 'speed',
    aliases: [],
    label: 'Speed',
    doc: 'How fast.',
    type: 'number',
    category: 'Traffic',
    columns: ['bytes_in'],
    groups: false,
    listed: false,
  };
  const own: FieldList = {
    find: (name) => (name.toLowerCase() === 'speed' ? speed : undefined),
    names: () => ['speed'],
    advice: 'There is speed.',
    addressAdvice: () => 'There are no addresses.',
    example: 'speed > 3',
  };

  it('takes those and no fields of flows', () => {
    expect(parseFilter('Speed > 10k and not speed = 3', own)).toEqual({
      ok: true,
      filter: {
        kind: 'and',
        terms: [
          { kind: 'condition', field: 'speed', test: { kind: 'compare', operator: '>', value: 10_000 } },
          {
            kind: 'not',
            term: {
              kind: 'condition',
              field: 'speed',
              test: { kind: 'in', values: [{ kind: 'number', from: 3, to: 3 }] },
            },
          },
        ],
      },
    });
    expect(parseFilter('port = 443', own).ok).toBe(false);
    expect(parseFilter('speed > 3').ok).toBe(false);
  });

  it('advises in their words', () => {
    const advice = (text: string): string[] => {
      const result = parseFilter(text, own);
      return result.ok ? [] : result.problems.map((p) => p.advice);
    };
    expect(advice('sped > 3')).toEqual(['Did you mean speed?']);
    expect(advice('destination = 3')).toEqual(['There is speed.']);
    expect(advice('10.0.0.1')).toEqual(['There are no addresses.']);
    expect(advice('> 3')).toEqual(['Write a field, an operator and a value: speed > 3.']);
  });
});
