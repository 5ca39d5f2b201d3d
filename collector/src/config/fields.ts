import { z } from 'zod';
import { PrefixError, parsePrefix } from '../enrich/prefixes.ts';
import { formatBitRate, parseBitRate } from './bit-rate.ts';
import { MS_PER, type TimeUnit, parseDuration } from './duration.ts';
import { formatEndpoint, parseEndpoint } from './endpoint.ts';
import { formatSize, parseSize } from './size.ts';

/**
 * Kinds of values a setting can have. Each is a codec: text or number as a user writes it, to what the program works with, and
 * back again for showing it. A message says what would be right and follows "… is 'value'; ".
 */

const written = (right: string) => z.union([z.string(), z.number()], { error: right });

/** A codec over what `read` makes of the text or number, undefined where that is wrong. */
function field<T>(
  right: string,
  output: z.ZodType<T, T>,
  read: (value: string | number) => T | undefined,
  write: (value: T) => string | number,
) {
  return z.codec(written(right), output, {
    decode: (value, context) => {
      const made = read(value);
      if (made !== undefined) return made;
      context.issues.push({ code: 'custom', input: value, message: right });
      return z.NEVER;
    },
    encode: write,
  });
}

/** A whole number; underscores may part its digits, as in 1_000_000. */
export function whole(min: number, max: number, what: string, example: number) {
  return field(
    `it must be a whole number of ${what} from ${grouped(min)} to ${grouped(max)}, such as ${example}`,
    z.number(),
    (value) => {
      const text = String(value)
        .trim()
        .replace(/(?<=\d)_(?=\d)/g, '');
      const number = Number(text);
      return /^\d+$/.test(text) && number >= min && number <= max ? number : undefined;
    },
    (value) => value,
  );
}

/** Bytes, for people: 32MiB. */
export function size(min: number, max: number, example: string) {
  return field(
    `it must be a size from ${formatSize(min)} to ${formatSize(max)}, such as ${example}`,
    z.number(),
    (value) => inRange(parseSize(value), min, max),
    formatSize,
  );
}

/** Bits per second, for people: 10Gbps. */
export function bitRate() {
  return field(
    'it must be a rate from 1bps to 100Tbps, such as 100Mbps, 10Gbps or 2.5Gbps (bps, kbps, Mbps, Gbps, Tbps: bits, powers of ten)',
    z.number(),
    (value) => inRange(parseBitRate(value), 1, 1e14),
    formatBitRate,
  );
}

/** Milliseconds; a bare number is in the unit that the key's name ends with. */
export function duration(unit: TimeUnit, min: number, max: number, example: number) {
  const scale = MS_PER[unit];
  return field(
    `it must be a time from ${min}${unit} to ${max}${unit}: ${example} for ${example}${unit}, or a number with ms, s, m, h or d`,
    z.number(),
    (value) => inRange(parseDuration(value, unit), min * scale, max * scale),
    (value) => value / scale,
  );
}

/** Where to listen. */
export function endpoint(example: string) {
  return field(
    `it must be an address (or host name) and a port, such as ${example}, with IPv6 in brackets: [::]:${example.split(':').pop()}`,
    z.object({ host: z.string(), port: z.number() }),
    (value) => parseEndpoint(String(value)),
    formatEndpoint,
  );
}

/** Where to listen, or null for "off". */
export function endpointOrOff(example: string) {
  const right = `it must be an address and a port, such as ${example}, or off`;
  return z.codec(
    z.union([z.string(), z.number(), z.literal(false)], { error: right }),
    z.object({ host: z.string(), port: z.number() }).nullable(),
    {
      decode: (value, context) => {
        if (value === false || String(value).trim().toLowerCase() === 'off') return null;
        const made = parseEndpoint(String(value));
        if (made !== undefined) return made;
        context.issues.push({ code: 'custom', input: value, message: right });
        return z.NEVER;
      },
      encode: (value) => (value === null ? 'off' : formatEndpoint(value)),
    },
  );
}

/** Text that is not empty, in one line. */
export function text(what: string, example: string, pattern = /^\P{Cc}+$/u) {
  const right = `it must be ${what}, such as ${example}`;
  return z
    .string({ error: `${right} (put it in quotes if it looks like a number)` })
    .regex(pattern, { error: right });
}

/** Text that may be anything, empty too. */
export function secret() {
  return z.string({ error: 'it must be text (put it in quotes if it looks like a number)' });
}

export function flag() {
  return z.boolean({ error: 'it must be true or false' });
}

/** An address or a prefix, as `parsePrefix` reads it. */
export function prefix() {
  return z
    .string({ error: 'it must be an address or a prefix, such as 192.0.2.1 or 10.0.0.0/8' })
    .superRefine((value, context) => {
      try {
        parsePrefix(value);
      } catch (error) {
        if (!(error instanceof PrefixError)) throw error;
        context.addIssue({ code: 'custom', message: error.right });
      }
    });
}

/** An address of a server, http or https. */
export function url() {
  const right =
    'it must be the address of a ClickHouse server, such as http://127.0.0.1:8123 or https://clickhouse.example:8443';
  return z.string({ error: right }).superRefine((value, context) => {
    const problem = urlProblem(value);
    if (problem !== undefined)
      context.addIssue({ code: 'custom', message: problem === '' ? right : problem });
  });
}

function urlProblem(value: string): string | undefined {
  if (!URL.canParse(value)) return '';
  const { protocol, pathname, search, hash } = new URL(value);
  if (protocol === 'clickhouse:' || protocol === 'tcp:')
    return 'Weir speaks ClickHouse’s HTTP interface: give http://host:8123 or https://host:8443';
  if (protocol !== 'http:' && protocol !== 'https:') return '';
  if (pathname !== '/' && pathname !== '')
    return `leave out the path ${pathname}; the database’s name belongs into clickhouse.database`;
  if (search !== '' || hash !== '')
    return 'leave out what follows the port; settings have keys of their own here';
  return undefined;
}

export function oneOf<const T extends string>(values: readonly [T, ...T[]]) {
  return z.enum(values, { error: `it must be one of ${values.join(', ')}` });
}

/** Milliseconds since 1970: an instant in ISO 8601, which says its zone. */
export function instant() {
  return field(
    'it must be a time with its zone, such as 2027-01-31T18:00:00+01:00 or 2027-01-31T17:00:00Z',
    z.number(),
    (value) => {
      const text = String(value).trim();
      if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
      const ms = Date.parse(text);
      return Number.isNaN(ms) ? undefined : ms;
    },
    (value) => new Date(value).toISOString(),
  );
}

/** What another place checks. */
export function anything() {
  return z.unknown();
}

/** Things by names that the user gives them. */
export function map<T extends z.ZodType>(item: T, what: string) {
  return z.record(z.string(), item, { error: `it must be ${what}, each on a line of its own and indented` });
}

/** A list of anything. */
export function list<T extends z.ZodType>(item: T, example: string) {
  return z.array(item, { error: `it must be a list, such as ${example}` });
}

/** Settings that belong together; every key may be left out. */
export function section<const S extends z.core.$ZodLooseShape>(shape: S) {
  return z.strictObject(shape, { error: mappingError(shape) });
}

/** Settings that belong together, and more of which this place does not know the names. */
export function sectionWithMore<const S extends z.core.$ZodLooseShape, M extends z.ZodType>(
  shape: S,
  more: M,
) {
  return z.object(shape, { error: mappingError(shape) }).catchall(more);
}

function mappingError(shape: z.core.$ZodLooseShape): string {
  return `it must be keys with values under it, each on a line of its own and indented: ${Object.keys(shape).join(', ')}`;
}

function inRange(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
