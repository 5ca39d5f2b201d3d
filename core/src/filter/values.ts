import type { Field } from '../fields/fields.ts';
import type { Value } from './ast.ts';
import { addressName, readAddresses } from './address-range.ts';
import { nearest } from './did-you-mean.ts';
import { inCapitals, largestOf, wordsOf } from './field-types.ts';
import { dscpNames, flagNames, numberNamed, protocolNames, serviceNames } from './value-names.ts';
import { wellFormed } from './well-formed.ts';

export type Reading = { readonly value: Value } | Wrong;

/** Why a text is no value of the field, and what would be. */
export interface Wrong {
  readonly message: string;
  readonly advice: string;
}

const addressAdvice =
  'Write an address (192.0.2.1, 2001:db8::1), a prefix (10.0.0.0/8) or a range (10.0.0.1-10.0.0.9).';

/**
 * A text as a value of the field. `quoted`: it stood in quotes, or comes from elsewhere than the language; then it is a name where it could
 * be a name or a number.
 */
export function readValue(field: Field, given: string, quoted: boolean): Reading {
  const text = wellFormed(given);
  const trimmed = text.trim();
  switch (field.type) {
    case 'address':
      return (
        addresses(trimmed) ?? {
          message: `${shown(text)} is not an address.`,
          advice: addressAdvice,
        }
      );
    case 'exporter': {
      const reading = addresses(trimmed);
      if (reading !== undefined && ('value' in reading || !quoted)) return reading;
      return { value: { kind: 'text', text } };
    }
    case 'interface': {
      if (quoted) return { value: { kind: 'text', text } };
      return /^\d+(-\d+)?$/.test(text) ? numbers(field, text) : { value: { kind: 'text', text } };
    }
    case 'text':
      return { value: { kind: 'text', text: inCapitals(field) ? text.toUpperCase() : text } };
    case 'enum': {
      const words = wordsOf(field);
      const word = trimmed.toLowerCase();
      if (words.includes(word)) return { value: { kind: 'text', text: word } };
      return {
        message: `${field.name} is never ${shown(text)}.`,
        advice: suggestion(word, words) ?? `It is one of: ${words.join(', ')}.`,
      };
    }
    default:
      return numbers(field, trimmed);
  }
}

/** `{value}` where the text is a single number of the field: what `<` compares with. */
export function readNumber(field: Field, text: string): { readonly number: number } | Wrong {
  const reading = numbers(field, text.trim());
  if (!('value' in reading)) return reading;
  const { value } = reading;
  if (value.kind !== 'number' || value.from !== value.to)
    return { message: `${shown(text)} is a range.`, advice: 'Compare with one number, or use =.' };
  return { number: value.from };
}

/** TCP control bits: names joined with `+`, or a number. */
export function readFlags(text: string): { readonly bits: number } | Wrong {
  const trimmed = text.trim();
  if (/^(0x[0-9a-f]+|\d+)$/i.test(trimmed)) {
    const bits = Number(trimmed);
    if (bits <= 65535) return { bits };
    return {
      message: `${shown(text)} has more than 16 bits.`,
      advice: 'Write 0 to 65535, or names: syn+ack.',
    };
  }
  let bits = 0;
  for (const name of trimmed.split(/[+|,\s]+/)) {
    const bit = numberNamed(flagNames, name);
    if (bit === undefined) {
      const names = flagNames.map(([n]) => n);
      return {
        message: `${shown(name)} is not a TCP flag.`,
        advice: suggestion(name, names) ?? `Flags are: ${names.join(', ')}; together: syn+ack.`,
      };
    }
    bits |= bit;
  }
  return { bits };
}

export function shown(text: string): string {
  return `“${text.length > 40 ? `${text.slice(0, 39)}…` : text}”`;
}

export function suggestion(word: string, candidates: Iterable<string>): string | undefined {
  const near = nearest(word, candidates);
  return near === undefined ? undefined : `Did you mean ${near}?`;
}

function addresses(text: string): Reading | undefined {
  const reading = readAddresses(text);
  if (reading === undefined) return undefined;
  if ('wrong' in reading) return { message: `${shown(text)}: ${reading.wrong}.`, advice: addressAdvice };
  const { from, to } = reading.range;
  return { value: { kind: 'address', from: addressName(from), to: addressName(to) } };
}

function numbers(field: Field, text: string): Reading {
  const single = oneNumber(field, text);
  if (typeof single === 'number') return checked(field, text, single, single);
  const range = /^([^-]+?)\s*-\s*([^-]+)$/.exec(text.slice(0, 80));
  if (range !== null && field.type !== 'mac' && field.type !== 'flags') {
    const to = oneNumber(field, range[2]!);
    // In "10-20MB" the unit is that of both
    const unit = /^[\d.]+$/.test(range[1]!) ? (/[a-zµ]+$/i.exec(range[2]!)?.[0] ?? '') : '';
    const withUnit = typeof to === 'number' && unit !== '' ? oneNumber(field, range[1]! + unit) : undefined;
    const from = typeof withUnit === 'number' ? withUnit : oneNumber(field, range[1]!);
    if (typeof from !== 'number') return from;
    if (typeof to !== 'number') return to;
    return checked(field, text, from, to);
  }
  return single;
}

function checked(field: Field, text: string, from: number, to: number): Reading {
  const largest = largestOf(field);
  if (from > largest || to > largest)
    return {
      message: `${shown(text)} is too large for ${field.name}.`,
      advice: `It goes from 0 to ${largest}.`,
    };
  if (from > to)
    return { message: `${shown(text)} ends before it begins.`, advice: `Write the smaller number first.` };
  return { value: { kind: 'number', from, to } };
}

function oneNumber(field: Field, text: string): number | Wrong {
  switch (field.type) {
    case 'port':
      return named(
        text,
        serviceNames,
        `a port`,
        'Write a number from 0 to 65535, a range (1024-65535) or a service (https).',
      );
    case 'protocol':
      return named(
        text,
        protocolNames,
        'an IP protocol',
        'Write a number from 0 to 255 or a keyword (tcp, udp, icmp).',
      );
    case 'dscp':
      return named(text, dscpNames, 'a DSCP', 'Write a number from 0 to 63 or a name (EF, AF41, CS6).');
    case 'as':
      return asNumber(text);
    case 'mac':
      return macNumber(text);
    case 'flags': {
      const reading = readFlags(text);
      return 'bits' in reading ? reading.bits : reading;
    }
    case 'bytes':
      return withUnit(text, sizes, 'a size', 'Write octets, or a size: 1500, 10k, 1MB, 1MiB.');
    case 'milliseconds':
      return withUnit(
        text,
        milliseconds,
        'a duration in whole milliseconds',
        'Write milliseconds, or a duration: 100ms, 30s, 5m, 1h.',
      );
    case 'microseconds':
      return withUnit(
        text,
        microseconds,
        'a duration in whole microseconds',
        'Write microseconds, or a duration: 500us, 100ms, 2s.',
      );
    default:
      return withUnit(text, counts, 'a number', 'Write a number: 100, 0x1f, 10k.');
  }
}

function named(
  text: string,
  names: readonly (readonly [string, number])[],
  what: string,
  advice: string,
): number | Wrong {
  if (/^(\d{1,16}|0x[0-9a-f]{1,12})$/i.test(text)) return Number(text);
  return (
    numberNamed(names, text) ?? {
      message: `${shown(text)} is not ${what}.`,
      advice:
        suggestion(
          text,
          names.map(([n]) => n),
        ) ?? advice,
    }
  );
}

function asNumber(text: string): number | Wrong {
  const parts = /^(?:as)?\s?(\d{1,10})(?:\.(\d{1,5}))?$/i.exec(text);
  if (parts !== null) {
    if (parts[2] === undefined) return Number(parts[1]);
    if (Number(parts[1]) <= 65535 && Number(parts[2]) <= 65535)
      return Number(parts[1]) * 65536 + Number(parts[2]);
  }
  return {
    message: `${shown(text)} is not an AS number.`,
    advice: 'Write 64500, AS64500 or a range (64512-65534).',
  };
}

function macNumber(text: string): number | Wrong {
  const digits = /^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}$/i.test(text)
    ? text
        .split(/[:-]/)
        .map((d) => d.padStart(2, '0'))
        .join('')
    : /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/i.test(text) || /^[0-9a-f]{12}$/i.test(text)
      ? text.replaceAll('.', '')
      : undefined;
  if (digits !== undefined) return parseInt(digits, 16);
  if (text === '0') return 0;
  return {
    message: `${shown(text)} is not a MAC address.`,
    advice: 'Write 00:1b:21:aa:bb:cc, 00-1b-21-aa-bb-cc or 001b.21aa.bbcc.',
  };
}

const sizes: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  ki: 2 ** 10,
  kib: 2 ** 10,
  mi: 2 ** 20,
  mib: 2 ** 20,
  gi: 2 ** 30,
  gib: 2 ** 30,
  ti: 2 ** 40,
  tib: 2 ** 40,
};
const counts: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };
const microseconds: Readonly<Record<string, number>> = {
  '': 1,
  us: 1,
  µs: 1,
  μs: 1,
  ms: 1e3,
  s: 1e6,
  m: 6e7,
  min: 6e7,
  h: 3.6e9,
  d: 8.64e10,
};
const milliseconds: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(microseconds).map(([unit, factor]) => [unit, factor / 1e3])),
  '': 1,
};

function withUnit(
  text: string,
  units: Readonly<Record<string, number>>,
  what: string,
  advice: string,
): number | Wrong {
  if (/^0x[0-9a-f]{1,13}$/i.test(text)) return Number(text);
  const parts = /^(\d{1,20})(?:\.(\d{1,9}))?\s?([a-zµμ]*)$/i.exec(text);
  const unit = parts?.[3]!.toLowerCase();
  const factor = unit !== undefined && Object.hasOwn(units, unit) ? units[unit]! : undefined;
  if (parts !== null && factor !== undefined) {
    const fraction = parts[2] ?? '';
    // In whole numbers, as 1.1 × 1000 is not 1100
    const scaled = Number(parts[1]! + fraction) * factor;
    const value = scaled / 10 ** fraction.length;
    if (value > Number.MAX_SAFE_INTEGER) return value;
    if (Number.isInteger(value)) return value;
  }
  return { message: `${shown(text)} is not ${what}.`, advice };
}
