import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { crossCheck, readSecretFile, reason } from './checks.ts';
import type { Config } from './config.ts';
import { detectionOf } from './detection-settings.ts';
import { didYouMean, editDistance } from './did-you-mean.ts';
import { CONFIG_VARIABLE, type Environment, environmentKeys, setVariables } from './environment.ts';
import { ConfigFile } from './file.ts';
import { type ConfigProblem, type Places, unknownKey, valueProblem } from './problem.ts';
import { type Settings, type WrittenSettings, schema, secretKeys, textLists } from './schema.ts';
import { type Path, type Tree, isTree, pathText, setAt, valueAt } from './tree.ts';

export type { ConfigProblem } from './problem.ts';

/** The file that is read where none is named and it is there. */
export const DEFAULT_FILE = './weir.yaml';

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface ConfigSources {
  /** From the command line; else `WEIR_CONFIG`; else `./weir.yaml` where it exists. */
  readonly file?: string | undefined;
  readonly env: Environment;
}

/** Reads the configuration file and the environment over it, and checks them. Never throws for what a user wrote. */
export function loadConfig({ file, env }: ConfigSources): LoadedConfig {
  const read = readFile(file, env);
  if (read !== undefined && !(read instanceof ConfigFile)) return { ok: false, problems: read };
  const places = placesOf(read, env);

  const parsed = schema.safeParse(places.tree, { reportInput: false });
  if (!parsed.success)
    return { ok: false, problems: oncePerKey(parsed.error.issues.flatMap((i) => problemsOf(places, i))) };
  const settings = parsed.data;
  const { problems, warnings } = crossCheck(settings, places);
  let { password } = settings.clickhouse;
  if (settings.clickhouse.password_file !== undefined) {
    const content = readSecretFile(
      settings.clickhouse.password_file,
      ['clickhouse', 'password_file'],
      places,
    );
    if (typeof content === 'string') password = content;
    else problems.push(content);
  }
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    config: configOf(settings, password, places),
    warnings: [...warnings, ...misspeltVariables(env)],
  };
}

function readFile(named: string | undefined, env: Environment): ConfigFile | ConfigProblem[] | undefined {
  const variable = env[CONFIG_VARIABLE] === '' ? undefined : env[CONFIG_VARIABLE];
  const path = named ?? variable ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const key = named === undefined && variable !== undefined ? CONFIG_VARIABLE : path;
    const whence = key === CONFIG_VARIABLE ? ` (environment variable ${CONFIG_VARIABLE})` : '';
    return [{ key, message: `The configuration file ${path}${whence} cannot be read: ${reason(error)}.` }];
  }
  const parsed = ConfigFile.parse(path, text);
  return parsed instanceof ConfigFile ? parsed : parsed.map((message) => ({ key: path, message }));
}

/** The file's settings with the environment's over them, and where each came from. */
function placesOf(file: ConfigFile | undefined, env: Environment): Places {
  const tree: Tree = structuredClone(file?.tree ?? {});
  const variables = new Map<string, string>();
  for (const { name, key, value } of setVariables(env)) {
    setAt(tree, key.split('.'), value);
    variables.set(key, name);
  }
  // A password from the environment stands over one from the file, whichever way each is given.
  const [own, other] = ['clickhouse.password', 'clickhouse.password_file'];
  if (variables.has(own!) && !variables.has(other!)) setAt(tree, other!.split('.'), undefined);
  if (variables.has(other!) && !variables.has(own!)) setAt(tree, own!.split('.'), undefined);
  for (const path of textLists) {
    const value = valueAt(tree, path);
    if (typeof value === 'string')
      setAt(
        tree,
        path,
        value
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      );
  }
  takeCredentials(tree, variables);
  return { file, variables, tree };
}

/** Moves user and password out of `http://user:password@host` to keys of their own, which hold where they are set too. */
function takeCredentials(tree: Tree, variables: Map<string, string>): void {
  const written = valueAt(tree, ['clickhouse', 'url']);
  if (typeof written !== 'string' || !URL.canParse(written)) return;
  const url = new URL(written);
  if (url.username === '' && url.password === '') return;
  const take = (key: string, value: string, unless: readonly string[]): void => {
    if (value === '' || unless.some((k) => valueAt(tree, ['clickhouse', k]) !== undefined)) return;
    setAt(tree, ['clickhouse', key], unescaped(value));
    const variable = variables.get('clickhouse.url');
    if (variable !== undefined) variables.set(`clickhouse.${key}`, variable);
  };
  take('user', url.username, ['user']);
  take('password', url.password, ['password', 'password_file']);
  url.username = '';
  url.password = '';
  setAt(tree, ['clickhouse', 'url'], url.href.replace(/\/$/, ''));
}

function unescaped(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // a bare % in it
  }
}

function problemsOf(places: Places, issue: z.core.$ZodIssue): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(places, issue.path, key));
  return [valueProblem(places, issue.path, issue.message)];
}

/** Each key once, with the first thing that is wrong with it. */
function oncePerKey(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ key }) => !seen.has(key) && seen.add(key));
}

function misspeltVariables(env: Environment): ConfigProblem[] {
  const known = [...Object.keys(environmentKeys), CONFIG_VARIABLE];
  return Object.keys(env).flatMap((name) => {
    if (known.includes(name) || !/^(WEIR|FLOW_COLLECTOR|CLICKHOUSE|BATCH|KAFKA)_?/.test(name)) return [];
    const near = didYouMean(name, known);
    if (near === undefined || editDistance(name, near) > 2) return [];
    return [{ key: name, message: `The environment variable ${name} sets nothing; did you mean ${near}?` }];
  });
}

function configOf(settings: Settings, password: string | undefined, places: Places): Config {
  const { clickhouse, limits } = settings;
  return {
    listen: settings.listen,
    receiveBufferBytes: settings.receive_buffer,
    dataDir: settings.data_dir,
    http: {
      bind: settings.http.bind,
      tokens: settings.http.tokens.map((entry) => ({
        name: entry.name,
        tokenSha256: entry.token_sha256?.toLowerCase() ?? sha256(entry.token ?? ''),
        tenant: entry.tenant,
      })),
      liveSubscriptions: settings.http.live_subscriptions,
    },
    clickhouse: {
      url: clickhouse.url,
      user: clickhouse.user,
      password,
      database: clickhouse.database,
      tls: {
        caFile: clickhouse.tls.ca_file,
        certFile: clickhouse.tls.cert_file,
        keyFile: clickhouse.tls.key_file,
        insecure: clickhouse.tls.insecure,
      },
      httpBind: clickhouse.http_bind,
      users: clickhouse.users.map((user) => ({
        name: user.name,
        passwordSha256: user.password_sha256?.toLowerCase() ?? sha256(user.password ?? ''),
        readOnly: user.read_only,
        tenant: user.tenant,
      })),
      readers: clickhouse.readers,
      memoryLimitBytes: clickhouse.memory_limit,
    },
    batch: { size: settings.batch.size, timeoutMs: settings.batch.timeout_secs },
    spool: { maxBytes: settings.spool.max_size, fsync: settings.spool.fsync },
    retention: {
      flowsDays: settings.retention.flows_days,
      rollup1mDays: settings.retention.rollup_1m_days,
      rollup1hDays: settings.retention.rollup_1h_days,
      ledgerDays: settings.retention.ledger_days,
      windowsDays: settings.retention.windows_days,
      anomaliesDays: settings.retention.anomalies_days,
    },
    rollup: settings.rollup,
    exporters: settings.exporters.map((entry) => ({
      address: entry.address,
      name: entry.name,
      samplingRate: entry.sampling_rate,
      defaultSamplingRate: entry.default_sampling_rate,
      interfaces: entry.interfaces ?? [],
      defaultInterfaceSpeed: entry.default_interface_speed,
    })),
    networks: settings.networks.map((entry) => ({
      prefix: entry.prefix,
      name: entry.name,
      country: entry.country?.toUpperCase(),
      as: entry.as,
    })),
    applicationByPort: settings.application_by_port,
    tenants: settings.tenants,
    detection: detectionOf(settings.detection),
    limits: {
      exporters: limits.exporters,
      domainsPerExporter: limits.domains_per_exporter,
      templatesPerExporter: limits.templates_per_exporter,
      templates: limits.templates,
      fieldsPerTemplate: limits.fields_per_template,
      namesPerExporter: limits.names_per_exporter,
      pendingBytesPerExporter: limits.pending_bytes_per_exporter,
      pendingBytes: limits.pending_bytes,
      pendingMs: limits.pending_minutes,
      templateLifetimeMs: limits.template_lifetime_hours,
      clockSkewMs: limits.clock_skew_secs,
      unusedElementsPerExporter: limits.unused_elements_per_exporter,
    },
    kafka: { brokers: settings.kafka.brokers, flowTopic: settings.kafka.flow_topic },
    log: settings.log,
    origin: {
      file: places.file?.path,
      setBy: setBy(places),
      settings: hideSecrets(z.encode(schema, settings)) as WrittenSettings,
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** For each key that was set, "file" or the environment variable. */
function setBy({ tree, variables }: Places): Record<string, string> {
  const out: Record<string, string> = {};
  const visit = (value: unknown, path: Path): void => {
    if (isTree(value)) for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key]);
    else out[pathText(path)] = variables.get(pathText(path)) ?? 'file';
  };
  visit(tree, []);
  return out;
}

/** Stands for a value that is not shown. */
export const HIDDEN = '(hidden)';

function hideSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideSecrets);
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      secretKeys.has(key) && inner !== undefined ? HIDDEN : hideSecrets(inner),
    ]),
  );
}
