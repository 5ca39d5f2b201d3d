import { z } from 'zod';
import { defaultLimits } from '../inputs/netflow/index.ts';
import { detectionSchema } from './detection-schema.ts';
import {
  bitRate,
  duration,
  endpoint,
  endpointOrOff,
  flag,
  list,
  oneOf,
  prefix,
  secret,
  section,
  size,
  text,
  url,
  whole,
} from './fields.ts';

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TIB = 2 ** 40;
const MANY = 100_000_000;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const tenant = () => text('a tenant’s name', 'acme', /^\P{Cc}{1,128}$/u);
// ClickHouse counts seconds to the year 2106: an expiry beyond it would wrap round and lie in the past.
const days = (what: string, value: number) => whole(1, 18_250, `days to keep ${what}`, value).default(value);

/** The configuration file, as YAML has it: names in snake_case, each with its default. */
export const schema = section({
  listen: list(endpoint('0.0.0.0:2055'), "['0.0.0.0:2055', '[::]:2055']").default([
    { host: '0.0.0.0', port: 2055 },
  ]),
  receive_buffer: size(64 * KIB, GIB, '32MiB').default(32 * MIB),
  data_dir: text('a folder', './data').default('./data'),
  http: section({
    bind: endpoint('127.0.0.1:9055').default({ host: '127.0.0.1', port: 9055 }),
    tokens: list(
      section({
        name: text('a name for who has the token', 'grafana'),
        token: secret().optional(),
        token_sha256: text(
          'the SHA-256 of the token in 64 hexadecimal digits',
          'the output of: printf %s "$TOKEN" | sha256sum',
          /^[0-9a-fA-F]{64}$/,
        ).optional(),
        tenant: tenant().optional(),
      }),
      '[{ name: grafana, token: … }]',
    ).default([]),
    live_subscriptions: whole(0, 100_000, 'live subscriptions', 64).default(64),
  }).prefault({}),
  clickhouse: section({
    url: url().optional(),
    user: text('a user’s name', 'weir').optional(),
    password: secret().optional(),
    password_file: text('a file that holds the password', '/run/secrets/clickhouse').optional(),
    database: text(
      'a name of letters, digits and underscores that does not begin with a digit',
      'weir',
      /^(?!(?:system|information_schema)$)[A-Za-z_][A-Za-z0-9_]{0,63}$/i,
    ).default('weir'),
    tls: section({
      ca_file: text('a file in PEM format', '/etc/weir/ca.pem').optional(),
      cert_file: text('a file in PEM format', '/etc/weir/client.pem').optional(),
      key_file: text('a file in PEM format', '/etc/weir/client.key').optional(),
      insecure: flag().default(false),
    }).prefault({}),
    http_bind: endpointOrOff('127.0.0.1:8123').default({ host: '127.0.0.1', port: 8123 }),
    users: list(
      section({
        name: text('a user’s name', 'grafana', /^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$/),
        password: secret().optional(),
        password_sha256: text(
          'the SHA-256 of the password in 64 hexadecimal digits',
          'the output of: printf %s "$PASSWORD" | sha256sum',
          /^[0-9a-fA-F]{64}$/,
        ).optional(),
        read_only: flag().default(true),
        tenant: tenant().optional(),
      }),
      '[{ name: grafana, password: … }]',
    ).default([]),
    readers: whole(1, 64, 'queries that run side by side', 4).default(4),
    memory_limit: size(64 * MIB, 16 * TIB, '512MiB').default(512 * MIB),
  }).prefault({}),
  batch: section({
    size: whole(1, 4_194_304, 'flows', 262_144).default(262_144),
    timeout_secs: duration('s', 0.05, 3600, 5).default(5_000),
  }).prefault({}),
  spool: section({
    max_size: size(16 * MIB, 1024 * TIB, '10GiB').default(10 * GIB),
    fsync: flag().default(false),
  }).prefault({}),
  retention: section({
    flows_days: days('flows', 30),
    rollup_1m_days: days('sums of a minute', 90),
    rollup_1h_days: days('sums of an hour', 730),
    ledger_days: days('the ledger', 400),
    windows_days: days('windows of ten seconds', 14),
    anomalies_days: days('anomalies', 400),
  }).prefault({}),
  rollup: section({
    top: whole(1, 1_000_000, 'addresses and ports kept a slot', 1000).default(1000),
  }).prefault({}),
  exporters: list(
    section({
      address: prefix(),
      name: text('a name', 'core-1.fra').optional(),
      sampling_rate: whole(1, 4_294_967_295, 'packets of which one is observed', 1000).optional(),
      default_sampling_rate: whole(1, 4_294_967_295, 'packets of which one is observed', 1000).optional(),
      interfaces: list(
        section({
          index: whole(0, 4_294_967_295, 'SNMP ifIndex', 1),
          name: text('an interface’s name', 'xe-0/0/1').optional(),
          description: text('what the interface is for', 'Transit A').optional(),
          speed: bitRate().optional(),
        }),
        '[{ index: 1, name: xe-0/0/1, speed: 10Gbps }]',
      ).optional(),
      default_interface_speed: bitRate().optional(),
    }),
    '[{ address: 192.0.2.1, name: core-1.fra }]',
  ).default([]),
  networks: list(
    section({
      prefix: prefix(),
      name: text('a network’s name', 'office-berlin').optional(),
      country: text('a country’s code of two letters (ISO 3166-1)', 'DE', /^[A-Za-z]{2}$/).optional(),
      as: whole(1, 4_294_967_295, 'autonomous system', 64_512).optional(),
    }),
    '[{ prefix: 10.0.0.0/8, name: office, country: DE }]',
  ).default([]),
  application_by_port: flag().default(false),
  tenants: section({
    default: tenant().default('default'),
    map: list(
      section({ match: prefix(), tenant: tenant() }),
      '[{ match: 10.0.0.0/8, tenant: acme }]',
    ).default([]),
  }).prefault({}),
  detection: detectionSchema,
  limits: section({
    exporters: limit('exporters', defaultLimits.exporters),
    domains_per_exporter: limit('observation domains', defaultLimits.domainsPerExporter),
    templates_per_exporter: limit('templates', defaultLimits.templatesPerExporter),
    templates: limit('templates', defaultLimits.templates),
    fields_per_template: whole(1, 16_384, 'fields', 512).default(defaultLimits.fieldsPerTemplate),
    names_per_exporter: limit('names', defaultLimits.namesPerExporter),
    pending_bytes_per_exporter: size(0, TIB, '4MiB').default(defaultLimits.pendingBytesPerExporter),
    pending_bytes: size(0, TIB, '64MiB').default(defaultLimits.pendingBytes),
    pending_minutes: duration('m', 0, 10_080, 30).default(defaultLimits.pendingMs),
    template_lifetime_hours: duration('h', 0.1, 8_760, 24).default(defaultLimits.templateLifetimeMs),
    clock_skew_secs: duration('s', 1, 86_400, 10).default(defaultLimits.clockSkewMs),
    unused_elements_per_exporter: limit('elements', defaultLimits.unusedElementsPerExporter),
  }).prefault({}),
  kafka: section({
    brokers: list(
      text('a broker’s host and port', 'kafka-1:9092', /^[^\s:,]+:\d{1,5}$|^\[[^\]]+\]:\d{1,5}$/),
      '[kafka-1:9092, kafka-2:9092]',
    ).default([]),
    flow_topic: text(
      'a topic of letters, digits, dots, underscores and dashes',
      'flow-events',
      /^[A-Za-z0-9._-]{1,249}$/,
    ).default('flow-events'),
  }).prefault({}),
  log: section({
    level: oneOf(logLevels).default('info'),
  }).prefault({}),
});

function limit(what: string, value: number) {
  return whole(1, MANY, what, value).default(value);
}

/** Lists that one text with commas may stand for. */
export const textLists: readonly (readonly string[])[] = [['listen'], ['kafka', 'brokers']];

/** Keys whose values are never shown. */
export const secretKeys: ReadonlySet<string> = new Set([
  'password',
  'password_sha256',
  'token',
  'token_sha256',
]);

export type Settings = z.output<typeof schema>;
export type WrittenSettings = z.input<typeof schema>;

/** The keys that may stand at a path such as `['clickhouse', 'users', 0]`; undefined where no keys may. */
export function keysAt(path: readonly PropertyKey[]): string[] | undefined {
  let at: unknown = unwrap(schema);
  for (const step of path) {
    if (at instanceof z.ZodArray) at = unwrap(at.element);
    else if (at instanceof z.ZodRecord) at = unwrap(at.valueType);
    else if (at instanceof z.ZodObject) at = unwrap((at.shape as Record<PropertyKey, unknown>)[step]);
    else return undefined;
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape as object) : undefined;
}

/** Every key there is, with its path: `clickhouse.tls.ca_file`. */
export function allKeys(): string[] {
  const out: string[] = [];
  const visit = (path: readonly string[]): void => {
    for (const key of keysAt(path) ?? []) {
      out.push([...path, key].join('.'));
      visit([...path, key]);
    }
  };
  visit([]);
  return out;
}

function unwrap(of: unknown): unknown {
  let at = of;
  while (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional)
    at = at.unwrap();
  return at;
}
