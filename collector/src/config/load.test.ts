import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { defaultLimits } from '../inputs/netflow/index.ts';
import { allKeys } from './schema.ts';
import { type Config, describeConfig, loadConfig } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-config-'));
let files = 0;

function write(content: string): string {
  const path = join(folder, `${++files}.yaml`);
  writeFileSync(path, content);
  return path;
}

function good(yaml: string, env: Record<string, string> = {}): Config {
  const loaded = loadConfig({ file: write(yaml), env });
  if (!loaded.ok) throw new Error(loaded.problems.map((p) => p.message).join('\n'));
  return loaded.config;
}

function warnings(yaml: string, env: Record<string, string> = {}): string[] {
  const loaded = loadConfig({ file: write(yaml), env });
  return loaded.ok ? loaded.warnings.map((w) => w.message) : ['not ok'];
}

/** The messages, without the path of the file. */
function problems(yaml: string, env: Record<string, string> = {}): string[] {
  const file = write(yaml);
  const loaded = loadConfig({ file, env });
  return loaded.ok ? [] : loaded.problems.map((p) => p.message.replaceAll(file, 'weir.yaml'));
}

/** Everything but where it came from. */
function values({ origin: _, ...rest }: Config): Omit<Config, 'origin'> {
  return rest;
}

describe('defaults', () => {
  test('an empty file and no file are the same', () => {
    const none = loadConfig({ env: {} });
    expect(none.ok && values(none.config)).toEqual(values(good('')));
  });

  test('are those that the documentation promises', () => {
    const config = good('');
    expect(config.listen).toEqual([{ host: '0.0.0.0', port: 2055 }]);
    expect(config.receiveBufferBytes).toBe(32 << 20);
    expect(config.http.bind).toEqual({ host: '127.0.0.1', port: 9055 });
    expect(config.clickhouse).toMatchObject({
      url: undefined,
      database: 'weir',
      httpBind: { host: '127.0.0.1', port: 8123 },
      readers: 4,
      memoryLimitBytes: 512 << 20,
    });
    expect(config.batch).toEqual({ size: 262144, timeoutMs: 5000 });
    expect(config.limits).toEqual(defaultLimits);
    expect(config.kafka).toEqual({ brokers: [], flowTopic: 'flow-events' });
  });

  test('the example file holds exactly the defaults, and names every key', () => {
    const path = new URL('../../../docs/weir.example.yaml', import.meta.url).pathname;
    const loaded = loadConfig({ file: path, env: {} });
    expect(loaded).toMatchObject({ ok: true, warnings: [] });
    expect(loaded.ok && values(loaded.config)).toEqual(values(good('')));
    const text = readFileSync(path, 'utf8');
    const missing = allKeys().filter((key) => !new RegExp(`^\\s*${key.split('.').at(-1)}:`, 'm').test(text));
    expect(missing).toEqual([]);
  });

  test('the commented entries of the example are valid too', () => {
    const path = new URL('../../../docs/weir.example.yaml', import.meta.url).pathname;
    const text = readFileSync(path, 'utf8')
      .replaceAll(/^( *)#( +- )/gm, '$1$2')
      .replaceAll(/: \[\]$/gm, ':')
      .replace('brokers:\n', 'brokers: []\n');
    const config = good(text);
    expect(config.exporters).toHaveLength(4);
    expect(config.exporters[3]!.interfaces[0]).toMatchObject({ index: 1, speed: 10e9 });
    expect(config.networks).toHaveLength(3);
    expect(config.tenants.map).toHaveLength(3);
    expect(config.clickhouse.users.map((u) => u.readOnly)).toEqual([true, false, true]);
  });
});

describe('detection', () => {
  const told = (yaml: string): string[] => problems(`detection:\n  ${yaml}`);

  test('is on, with what everybody has as own networks', () => {
    const { detection } = good('');
    expect(detection).toMatchObject({
      enabled: true,
      latenessSeconds: 20,
      warmUpDays: 14,
      capacities: {},
      detectors: {},
      tenants: {},
      exclude: [],
      silences: [],
      rules: [],
    });
    expect(detection.ownNetworks).toEqual(
      expect.arrayContaining(['10.0.0.0/8', '100.64.0.0/10', 'fc00::/7']),
    );
  });

  test('takes what is written', () => {
    const { detection } = good(`detection:
  own_networks: [192.0.2.0/24]
  lateness_secs: 1m
  capacities: { pair: 1000 }
  detectors: { rules: { enabled: false, sensitivity: low, scope: 'port = 22' } }
  tenants: { acme: { detectors: { rules: { enabled: true } } } }
  exclude: [{ filter: 'source_ip = 10.0.0.9', detectors: [rules], comment: ours }]
  silences: [{ filter: 'source_ip = 10.0.0.9', until: 2099-01-31T18:00:00+01:00 }]
  rules: [{ name: big, kind: source, where: 'bytes > 5', over_secs: 60, for_secs: 2m }]
`);
    expect(detection).toMatchObject({
      ownNetworks: ['192.0.2.0/24'],
      latenessSeconds: 60,
      capacities: { pair: 1000 },
      detectors: { rules: { enabled: false, sensitivity: 'low', scope: 'port = 22', parameters: {} } },
      tenants: { acme: { rules: { enabled: true } } },
      exclude: [{ filter: 'source_ip = 10.0.0.9', detectors: ['rules'], comment: 'ours' }],
      silences: [{ until: Date.UTC(2099, 0, 31, 17) }],
      rules: [{ name: 'big', overSeconds: 60, forSeconds: 120, severity: 'medium' }],
    });
  });

  test('names what does not exist, and what was likely meant', () => {
    expect(told('detectors: { ruels: {} }')[0]).toBe(
      'detection.detectors.ruels (weir.yaml:2:16) is no detector; did you mean rules?',
    );
    expect(told('detectors: { rules: { sensitivty: high } }')[0]).toContain('did you mean sensitivity?');
    expect(told('tenants: { acme: { detectors: { ruels: {} } } }')[0]).toContain(
      'detection.tenants.acme.detectors.ruels (weir.yaml:2:35) is no detector',
    );
    expect(told('tenants: { acme: { detector: {} } }')[0]).toContain(
      'did you mean detection.tenants.acme.detectors?',
    );
    expect(told('exclude: [{ filter: source_ip = 10.0.0.9, detectors: [ruels] }]')[0]).toContain(
      'perhaps rules is meant',
    );
  });

  test.each([
    ['lateness_secs: 15', 'must be a multiple of 10 s'],
    ['lateness_secs: 500', 'must be a time from 0s to 120s'],
    ['own_networks: [10.0.0.0/40]', 'detection.own_networks[0] (weir.yaml:2:18) is'],
    ['capacities: { pair: 1 }', 'from 8 to'],
    ['detectors: { rules: { sensitivity: loud } }', 'must be one of low, medium, high'],
    ['exclude: [{ filter: source_ip = }]', 'detection.exclude[0].filter (weir.yaml:2:23) is'],
    [
      'exclude: [{ filter: bytes > 5 }]',
      "is 'bytes > 5'. Anomalies have no bytes. They can be asked for source_ip",
    ],
    [
      'detectors: { port_scan: { ports: 1 } }',
      'is 1; it must be a number of 5 or more (ports/min), such as 20.',
    ],
    ['detectors: { port_scan: { ports: many } }', "is 'many'; it must be a number of 5 or more"],
    ['detectors: { port_scan: { prots: 30 } }', 'is no parameter of port_scan; did you mean ports?'],
    ['exclude: [{}]', 'detection.exclude[0].filter (weir.yaml:2:13) is missing'],
    ['silences: [{ filter: port = 22, until: tomorrow }]', 'with its zone, such as'],
    ['silences: [{ filter: port = 22, until: 2027-01-31T18:00:00 }]', 'with its zone, such as'],
    [
      'rules: [{ name: a, kind: source, where: byts > 1 }]',
      "detection.rules[0].where (weir.yaml:2:43) is 'byts > 1'.",
    ],
    ['rules: [{ name: a, kind: source, where: bytes > 1, for_secs: 5 }]', 'detection.rules[0].for_secs'],
    ['rules: [{ name: a, kind: sources, where: bytes > 1 }]', 'must be one of source, destination'],
  ])('%s: %s', (yaml, said) => expect(told(yaml).join('\n')).toContain(said));

  test('a silence that is over is a warning', () => {
    expect(warnings('detection: { silences: [{ filter: port = 22, until: 2020-01-01T00:00:00Z }] }')).toEqual(
      [expect.stringContaining('is over')],
    );
  });

  test('what was written under names is shown as it is', () => {
    const yaml =
      'detection: { detectors: { rules: { enabled: false } }, tenants: { acme: { detectors: {} } } }';
    const shown = describeConfig(good(yaml));
    expect(shown).toMatch(/rules:\n +enabled: false # file/);
    expect(good(shown).detection).toEqual(good(yaml).detection);
  });
});

describe('interfaces and networks', () => {
  test('have names, speeds for people, countries in capitals', () => {
    const config = good(
      'exporters: [{ address: 192.0.2.1, default_interface_speed: 100Mbps, interfaces: [{ index: 1, name: xe-0, speed: 2.5 Gbps }] }]\n' +
        'networks: [{ prefix: 10.0.0.0/8, name: ours, country: de, as: 64512 }]',
    );
    expect(config.exporters[0]).toMatchObject({
      defaultInterfaceSpeed: 100e6,
      interfaces: [{ index: 1, name: 'xe-0', speed: 2.5e9 }],
    });
    expect(config.networks).toEqual([{ prefix: '10.0.0.0/8', name: 'ours', country: 'DE', as: 64512 }]);
  });

  test('are told what would be right', () => {
    const said = (text: string): string => problems(text).join('\n');
    expect(said('exporters: [{ address: 192.0.2.1, interfaces: [{ index: 1, speed: fast }] }]')).toMatch(
      /speed.*10Gbps/,
    );
    expect(said('exporters: [{ address: 192.0.2.1, interfaces: [{ index: 1 }, { index: 1 }] }]')).toMatch(
      /second time; name each interface once/,
    );
    expect(said('networks: [{ prefix: 10.0.0.0/33 }]')).toMatch(/from 0 to 32/);
    expect(said('networks: [{ prefix: 10.0.0.0/8, country: Germany }]')).toMatch(/two letters/);
  });
});

describe('values', () => {
  test('sizes and times are written for people', () => {
    const config = good(
      'receive_buffer: 1MiB\nspool: { max_size: 2GB }\nbatch: { timeout_secs: 250ms }\nlimits: { pending_minutes: 2h }',
    );
    expect(config.receiveBufferBytes).toBe(1 << 20);
    expect(config.spool.maxBytes).toBe(2e9);
    expect(config.batch.timeoutMs).toBe(250);
    expect(config.limits.pendingMs).toBe(7_200_000);
  });

  test('the environment stands over the file', () => {
    const config = good('listen: [127.0.0.1:1]\nbatch: { size: 5 }', {
      FLOW_COLLECTOR_BIND: '0.0.0.0:2055, [::]:9995',
      BATCH_SIZE: '70000',
      CLICKHOUSE_HTTP_BIND: 'off',
      WEIR_LOG_LEVEL: 'debug',
      WEIR_DATA_DIR: '',
    });
    expect(config.listen).toEqual([
      { host: '0.0.0.0', port: 2055 },
      { host: '::', port: 9995 },
    ]);
    expect(config.batch.size).toBe(70_000);
    expect(config.clickhouse.httpBind).toBeNull();
    expect(config.log.level).toBe('debug');
    expect(config.dataDir).toBe('./data');
  });

  test('WEIR_CONFIG names the file, and what the command line names stands over it', () => {
    const one = write('batch: { size: 1 }');
    const two = write('batch: { size: 2 }');
    const byEnv = loadConfig({ env: { WEIR_CONFIG: one } });
    const byFile = loadConfig({ file: two, env: { WEIR_CONFIG: one } });
    expect([byEnv.ok && byEnv.config.batch.size, byFile.ok && byFile.config.batch.size]).toEqual([1, 2]);
  });

  test('user and password may stand in the URL, and are taken out of it', () => {
    const config = good('', { CLICKHOUSE_URL: 'https://bob:p%40ss@ch.example:8443' });
    expect(config.clickhouse).toMatchObject({
      url: 'https://ch.example:8443',
      user: 'bob',
      password: 'p@ss',
    });
    expect(describeConfig(config)).not.toContain('p@ss');
  });

  test('a password file is read; a password from the environment stands over one in the file', () => {
    const file = join(folder, 'password');
    writeFileSync(file, 'from a file\n');
    const yaml = `clickhouse: { url: http://h:8123, password_file: ${file} }`;
    expect(good(yaml).clickhouse.password).toBe('from a file');
    expect(good(yaml, { CLICKHOUSE_PASSWORD: 'env' }).clickhouse.password).toBe('env');
  });

  test('users of the embedded engine are kept as hashes', () => {
    const [user] = good('clickhouse: { users: [{ name: g, password: test }] }').clickhouse.users;
    expect(user).toEqual({
      name: 'g',
      passwordSha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      readOnly: true,
    });
  });
});

describe('problems name the key, the place, what is wrong and what would be right', () => {
  test.each([
    [
      'batch: { size: many }',
      "batch.size (weir.yaml:1:16) is 'many'; it must be a whole number of flows from 1 to 4,194,304, such as 262144.",
    ],
    ['batch:\n  sizes: 4', 'batch.sizes (weir.yaml:2:3) is not a setting; did you mean batch.size?'],
    ['batch_size: 4', 'batch_size (weir.yaml:1:1) is not a setting; did you mean batch.size?'],
    ['database: x', 'database (weir.yaml:1:1) is not a setting; did you mean clickhouse.database?'],
    ['log: { colour: red }', 'log.colour (weir.yaml:1:8) is not a setting; under log there are: level.'],
    [
      'listen: 0.0.0.0',
      "listen[0] (weir.yaml:1:9) is '0.0.0.0'; it must be an address (or host name) and a port, such as 0.0.0.0:2055, with IPv6 in brackets: [::]:2055.",
    ],
    [
      'tenants: { map: [{ match: 10.0.0.0/33, tenant: a }] }',
      "tenants.map[0].match (weir.yaml:1:27) is '10.0.0.0/33'; the length after the slash of an IPv4 prefix is a number from 0 to 32.",
    ],
    [
      'exporters: [{ name: a }]',
      'exporters[0].address (weir.yaml:1:13) is missing; it must be an address or a prefix, such as 192.0.2.1 or 10.0.0.0/8.',
    ],
    [
      'spool: 5',
      'spool (weir.yaml:1:8) is 5; it must be keys with values under it, each on a line of its own and indented: max_size, fsync.',
    ],
    [
      'clickhouse: { url: tcp://h:9000 }',
      "clickhouse.url (weir.yaml:1:20) is 'tcp://h:9000'; Weir speaks ClickHouse’s HTTP interface: give http://host:8123 or https://host:8443.",
    ],
    [
      'log: { level: loud }',
      "log.level (weir.yaml:1:15) is 'loud'; it must be one of trace, debug, info, warn, error, fatal, silent.",
    ],
    [
      'clickhouse: { database: system }',
      "clickhouse.database (weir.yaml:1:25) is 'system'; it must be a name of letters, digits and underscores that does not begin with a digit, such as weir.",
    ],
    [
      'clickhouse: { users: [{ name: g }] }',
      'clickhouse.users[0] (weir.yaml:1:23) (g) has no password; give password, or better password_sha256.',
    ],
    [
      'clickhouse: { tls: { cert_file: /dev/null } }',
      'clickhouse.tls.cert_file (weir.yaml:1:33) needs clickhouse.tls.key_file beside it: a client’s certificate and its key go together.',
    ],
    [
      'listen: []',
      'listen (weir.yaml:1:9) is an empty list; name at least one socket, such as 0.0.0.0:2055.',
    ],
    [
      'tenants: { map: [{ match: 10.1.0.0/8, tenant: a }, { match: 10.0.0.0/8, tenant: b }] }',
      'tenants.map[1].match (weir.yaml:1:61) is 10.0.0.0/8 for the second time; keep one of the two entries.',
    ],
    [
      'http: { bind: 127.0.0.1:8123 }',
      'http.bind (weir.yaml:1:15) is 127.0.0.1:8123, which clickhouse.http_bind uses too; give one of them another port.',
    ],
    [
      'just text',
      'weir.yaml must hold keys with values, such as “data_dir: ./data”, not the text “just text”.',
    ],
  ])('%s', (yaml, message) => {
    expect(problems(yaml)).toEqual([message]);
  });

  test('the environment variable is named', () => {
    expect(problems('', { BATCH_TIMEOUT_SECS: 'soon' })).toEqual([
      "batch.timeout_secs (environment variable BATCH_TIMEOUT_SECS) is 'soon'; it must be a time from 0.05s to 3600s: 5 for 5s, or a number with ms, s, m, h or d.",
    ]);
    expect(problems('', { FLOW_COLLECTOR_BIND: '0.0.0.0:2055,x' })[0]).toContain(
      "listen[1] (environment variable FLOW_COLLECTOR_BIND) is 'x';",
    );
  });

  test('YAML that is none says where', () => {
    expect(problems('batch: { size: 1\nlog: x')[0]).toMatch(/^weir.yaml:\d+:\d+ is not valid YAML: /);
    expect(problems('a: 1\na: 2')[0]).toMatch(/^weir.yaml:2:1 is not valid YAML: Map keys must be unique/);
  });

  test('a file that is not there', () => {
    const loaded = loadConfig({ env: { WEIR_CONFIG: '/nowhere/weir.yaml' } });
    expect(!loaded.ok && loaded.problems).toEqual([
      {
        key: 'WEIR_CONFIG',
        message:
          'The configuration file /nowhere/weir.yaml (environment variable WEIR_CONFIG) cannot be read: there is no such file.',
      },
    ]);
  });

  test('a password is never shown', () => {
    expect(problems('clickhouse: { password: 12345 }').join()).not.toContain('12345');
  });

  test('all problems are told at once', () => {
    expect(problems('batch: { size: 0 }\nspool: { max_size: tiny }\nlisten: [x]')).toHaveLength(3);
  });
});

describe('warnings', () => {
  test.each([
    ['kafka: { brokers: [k:9092] }', 'is not used yet'],
    ['clickhouse: { http_bind: 0.0.0.0:8123 }', 'can read and delete everything without a password'],
    ['clickhouse: { url: http://h:8123, readers: 2 }', 'clickhouse.url names a server'],
    ['clickhouse: { url: https://h:8443, tls: { insecure: true } }', 'certificate is not checked'],
    ['tenants: { map: [{ match: 10.1.0.0/8, tenant: a }] }', 'taken as 10.0.0.0/8'],
    [
      'exporters: [{ address: 10.1.0.0, sampling_rate: 1, default_sampling_rate: 2 }]',
      'sampling_rate beside it always holds',
    ],
  ])('%s', (yaml, part) => {
    expect(warnings(yaml)).toEqual([expect.stringContaining(part)]);
  });

  test('a misspelt environment variable', () => {
    expect(warnings('', { CLICKHOUSE_URI: 'http://x', HOME: '/' })).toEqual([
      'The environment variable CLICKHOUSE_URI sets nothing; did you mean CLICKHOUSE_URL?',
    ]);
  });
});

describe('describeConfig', () => {
  test('says where each value came from and hides secrets', () => {
    const text = describeConfig(
      good('spool: { max_size: 1GiB }\nclickhouse: { users: [{ name: g, password: s3cret }] }', {
        BATCH_SIZE: '10',
      }),
    );
    expect(text).toContain('max_size: 1GiB # file');
    expect(text).toContain('size: 10 # environment: BATCH_SIZE');
    expect(text).toContain('timeout_secs: 5 # default (BATCH_TIMEOUT_SECS)');
    expect(text).toContain('password: (hidden)');
    expect(text).not.toContain('s3cret');
  });

  test('can be loaded again and means the same', () => {
    const config = good('listen: ["[::1]:1"]\nclickhouse: { http_bind: off }\nbatch: { timeout_secs: 0.5 }', {
      KAFKA_BROKERS: 'a:1,b:2',
    });
    expect(values(good(describeConfig(config)))).toEqual(values(config));
  });
});
