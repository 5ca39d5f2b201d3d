import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PrefixTable, parsePrefix } from './prefixes.ts';

function table(...prefixes: string[]): PrefixTable<string> {
  const made = new PrefixTable<string>();
  for (const prefix of prefixes) made.set(prefix, prefix);
  return made;
}

describe('the most specific entry wins', () => {
  const some = table(
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.2.3',
    '0.0.0.0/0',
    '2001:db8::/32',
    '2001:db8:1::/48',
    '2001:db8::1',
  );

  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.4', '10.1.0.0/16'],
    ['10.2.0.1', '10.0.0.0/8'],
    ['192.0.2.1', '0.0.0.0/0'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['2001:db8:1::7', '2001:db8:1::/48'],
    ['2001:db8:2::7', '2001:db8::/32'],
    ['2001:db9::1', undefined],
    ['fe80::1%eth0', undefined],
    ['not an address', undefined],
  ])('%s → %s', (address, expected) => expect(some.get(address)).toBe(expected));

  test('all that match, the most specific first', () => {
    expect([...some.matches('10.1.2.3')]).toEqual(['10.1.2.3', '10.1.0.0/16', '10.0.0.0/8', '0.0.0.0/0']);
  });
});

test('IPv6’s default is not IPv4’s', () => {
  const some = table('::/0');
  expect(some.get('192.0.2.1')).toBeUndefined();
  expect(some.get('2001:db8::1')).toBe('::/0');
});

test('a later entry replaces an equal one', () => {
  expect(table('10.9.9.9/8', '10.0.0.0/8').get('10.0.0.1')).toBe('10.0.0.0/8');
});

test('agrees with the bits of the addresses', () => {
  const bits = (address: string): number => address.split('.').reduce((n, part) => n * 256 + Number(part), 0);
  const byte = fc.integer({ min: 0, max: 255 });
  const address = fc.tuple(byte, byte, byte, byte).map((p) => p.join('.'));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(address, fc.integer({ min: 0, max: 32 })), { maxLength: 20 }),
      address,
      (entries, wanted) => {
        const made = table(...entries.map(([a, length]) => `${a}/${length}`));
        const best = entries
          .filter(
            ([a, length]) =>
              Math.floor(bits(a) / 2 ** (32 - length)) === Math.floor(bits(wanted) / 2 ** (32 - length)),
          )
          .reduce((longest, [, length]) => Math.max(longest, length), -1);
        const got = made.get(wanted);
        expect(got === undefined ? -1 : Number(got.split('/')[1])).toBe(best);
      },
    ),
  );
});

describe('parsePrefix', () => {
  test.each([
    ['10.1.2.3/8', '10.0.0.0/8', true],
    ['10.0.0.0/8', '10.0.0.0/8', false],
    ['10.0.0.1/32', '10.0.0.1', false],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8', false],
    ['2001:DB8::/32', '2001:db8::/32', false],
    ['::/0', '::/0', false],
  ])('%s is %s', (text, canonical, trimmed) =>
    expect(parsePrefix(text)).toMatchObject({ text: canonical, trimmed }),
  );

  test.each([
    ['10.0.0.0/33', 'the length after the slash of an IPv4 prefix is a number from 0 to 32'],
    ['2001:db8::/129', 'the length after the slash of an IPv6 prefix is a number from 0 to 128'],
    ['10.0.0.0/', 'the length after the slash'],
    ['10.0.0/8', 'write 192.0.2.1, 10.0.0.0/8'],
    ['1::2::3', 'write 192.0.2.1'],
    ['10.0.0.0/8/9', 'write 192.0.2.1'],
    ['host.example', 'write 192.0.2.1'],
  ])('%s is none', (text, said) => expect(() => parsePrefix(text)).toThrow(said));
});
