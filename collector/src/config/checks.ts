import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { parsePrefix } from '../enrich/prefixes.ts';
import { checkDetection } from './detection-checks.ts';
import { formatEndpoint, isLoopback } from './endpoint.ts';
import { type ConfigProblem, type Places, problem, valueProblem } from './problem.ts';
import { type Settings, schema } from './schema.ts';
import type { Path } from './tree.ts';

/** What a check finds: problems keep the program from starting, warnings do not. */
export interface Findings {
  readonly problems: ConfigProblem[];
  readonly warnings: ConfigProblem[];
}

/** Checks what no single key can know: keys that contradict each other, files that must be there, settings without effect. */
export function crossCheck(settings: Settings, places: Places): Findings {
  const findings: Findings = { problems: [], warnings: [] };
  checkSockets(settings, places, findings);
  checkServer(settings, places, findings);
  checkTokens(settings, places, findings);
  checkUsers(settings, places, findings);
  checkPrefixes(settings, places, findings);
  checkLimits(settings, places, findings);
  checkDetection(settings.detection, places, findings);
  return findings;
}

function checkSockets(settings: Settings, places: Places, { problems, warnings }: Findings): void {
  if (settings.listen.length === 0)
    problems.push(
      problem(places, ['listen'], 'is an empty list; name at least one socket, such as 0.0.0.0:2055.'),
    );
  eachTwice(settings.listen.map(formatEndpoint), (i, text) => {
    if (!text.endsWith(':0'))
      problems.push(problem(places, ['listen', i], `is ${text} for the second time; name each socket once.`));
  });
  const { bind } = settings.http;
  const engine = settings.clickhouse.http_bind;
  if (engine !== null && settings.clickhouse.url === undefined) {
    if (bind.port !== 0 && formatEndpoint(bind) === formatEndpoint(engine))
      problems.push(
        problem(
          places,
          ['http', 'bind'],
          `is ${formatEndpoint(bind)}, which clickhouse.http_bind uses too; give one of them another port.`,
        ),
      );
    if (!isLoopback(engine) && settings.clickhouse.users.length === 0)
      warnings.push(
        problem(
          places,
          ['clickhouse', 'http_bind'],
          `is ${formatEndpoint(engine)}: whoever reaches it can read and delete everything without a password. Name clickhouse.users, or listen on 127.0.0.1.`,
        ),
      );
  }
}

function checkServer({ clickhouse }: Settings, places: Places, { problems, warnings }: Findings): void {
  const { tls } = clickhouse;
  if (clickhouse.password !== undefined && clickhouse.password_file !== undefined)
    problems.push(
      problem(
        places,
        ['clickhouse', 'password_file'],
        'stands beside clickhouse.password; keep one of them, best the file.',
      ),
    );
  if ((tls.cert_file === undefined) !== (tls.key_file === undefined)) {
    const [there, missing] =
      tls.cert_file === undefined ? ['key_file', 'cert_file'] : ['cert_file', 'key_file'];
    problems.push(
      problem(
        places,
        ['clickhouse', 'tls', there!],
        `needs clickhouse.tls.${missing} beside it: a client’s certificate and its key go together.`,
      ),
    );
  }
  for (const key of ['ca_file', 'cert_file', 'key_file'] as const)
    if (tls[key] !== undefined) checkReadable(tls[key], ['clickhouse', 'tls', key], places, problems);

  const url = clickhouse.url === undefined ? undefined : new URL(clickhouse.url);
  const hasTls = Object.values(tls).some((value) => value !== undefined && value !== false);
  if (hasTls && url?.protocol !== 'https:')
    warnings.push(
      problem(
        places,
        ['clickhouse', 'tls'],
        url === undefined
          ? 'has no effect without clickhouse.url.'
          : 'has no effect: clickhouse.url begins with http://, not https://.',
      ),
    );
  if (tls.insecure && url?.protocol === 'https:')
    warnings.push(
      problem(
        places,
        ['clickhouse', 'tls', 'insecure'],
        'is true: the server’s certificate is not checked, so that anyone on the way can read and change what is stored. Give clickhouse.tls.ca_file instead.',
      ),
    );
  if (url === undefined) return;
  const { clickhouse: untouched } = schema.parse({});
  for (const key of ['http_bind', 'users', 'readers', 'memory_limit'] as const)
    if (!isDeepStrictEqual(clickhouse[key], untouched[key]))
      warnings.push(
        problem(
          places,
          ['clickhouse', key],
          'has no effect: it is for the embedded engine, and clickhouse.url names a server.',
        ),
      );
}

/** A token that can be guessed is none. */
const SHORTEST_TOKEN = 16;

function checkTokens(settings: Settings, places: Places, { problems, warnings }: Findings): void {
  const { tokens, bind } = settings.http;
  tokens.forEach((entry, i) => {
    const path = ['http', 'tokens', i];
    if (entry.token === undefined && entry.token_sha256 === undefined)
      problems.push(
        problem(places, path, `(${entry.name}) has no token; give token, or better token_sha256.`),
      );
    if (entry.token !== undefined && entry.token_sha256 !== undefined)
      problems.push(
        problem(places, path, `(${entry.name}) has both token and token_sha256; keep one of them.`),
      );
    if (entry.token !== undefined && !/^[\x21-\x7e]+$/.test(entry.token))
      problems.push(
        problem(
          places,
          [...path, 'token'],
          'holds characters that no HTTP header can; use letters, digits and punctuation, as openssl rand -hex 24 gives.',
        ),
      );
    else if (entry.token !== undefined && entry.token.length < SHORTEST_TOKEN)
      problems.push(
        problem(
          places,
          [...path, 'token'],
          `has fewer than ${SHORTEST_TOKEN} characters; openssl rand -hex 24 gives a good one.`,
        ),
      );
  });
  eachTwice(
    tokens.map(({ name }) => name),
    (i, name) =>
      problems.push(
        problem(
          places,
          ['http', 'tokens', i, 'name'],
          `is ${name} for the second time; name each token once.`,
        ),
      ),
  );
  if (tokens.length === 0 && !isLoopback(bind))
    warnings.push(
      problem(
        places,
        ['http', 'bind'],
        `is ${formatEndpoint(bind)}: whoever reaches it sees all flows as they come. Name http.tokens, or listen on 127.0.0.1.`,
      ),
    );
}

function checkUsers({ clickhouse }: Settings, places: Places, { problems }: Findings): void {
  clickhouse.users.forEach((user, i) => {
    if (user.tenant !== undefined && !user.read_only)
      problems.push(
        problem(
          places,
          ['clickhouse', 'users', i, 'tenant'],
          'binds a user who may write; leave out read_only: false, or the tenant.',
        ),
      );
  });
  clickhouse.users.forEach((user, i) => {
    const path = ['clickhouse', 'users', i];
    if (user.password === undefined && user.password_sha256 === undefined)
      problems.push(
        problem(places, path, `(${user.name}) has no password; give password, or better password_sha256.`),
      );
    if (user.password !== undefined && user.password_sha256 !== undefined)
      problems.push(
        problem(places, path, `(${user.name}) has both password and password_sha256; keep one of them.`),
      );
  });
  eachTwice(
    clickhouse.users.map((user) => user.name),
    (i, name) =>
      problems.push(
        problem(
          places,
          ['clickhouse', 'users', i, 'name'],
          `is ${name} for the second time; name each user once.`,
        ),
      ),
  );
}

function checkPrefixes(settings: Settings, places: Places, { problems, warnings }: Findings): void {
  const check = (list: readonly string[], pathOf: (i: number) => Path): void => {
    const canonical = list.map((text) => parsePrefix(text));
    canonical.forEach((prefix, i) => {
      if (prefix.trimmed)
        warnings.push(
          problem(
            places,
            pathOf(i),
            `is ${list[i]}, with bits set beyond its length; taken as ${prefix.text}.`,
          ),
        );
    });
    eachTwice(
      canonical.map((prefix) => prefix.text),
      (i, text) =>
        problems.push(
          problem(places, pathOf(i), `is ${text} for the second time; keep one of the two entries.`),
        ),
    );
  };
  check(
    settings.tenants.map.map((entry) => entry.match),
    (i) => ['tenants', 'map', i, 'match'],
  );
  check(
    settings.exporters.map((entry) => entry.address),
    (i) => ['exporters', i, 'address'],
  );
  check(settings.detection.own_networks, (i) => ['detection', 'own_networks', i]);
  check(
    settings.networks.map((entry) => entry.prefix),
    (i) => ['networks', i, 'prefix'],
  );
  settings.networks.forEach((entry, i) => {
    if (entry.name === undefined && entry.country === undefined && entry.as === undefined)
      warnings.push(
        problem(places, ['networks', i], 'says nothing of its prefix; give name, country or as beside it.'),
      );
  });
  settings.exporters.forEach((entry, i) => {
    eachTwice(
      (entry.interfaces ?? []).map(({ index }) => String(index)),
      (n, text) =>
        problems.push(
          problem(
            places,
            ['exporters', i, 'interfaces', n, 'index'],
            `is ${text} for the second time; name each interface once.`,
          ),
        ),
    );
    if (entry.sampling_rate !== undefined && entry.default_sampling_rate !== undefined)
      warnings.push(
        problem(
          places,
          ['exporters', i, 'default_sampling_rate'],
          'has no effect: sampling_rate beside it always holds.',
        ),
      );
  });
}

function checkLimits({ limits, kafka }: Settings, places: Places, { warnings }: Findings): void {
  if (limits.pending_bytes_per_exporter > limits.pending_bytes)
    warnings.push(
      problem(
        places,
        ['limits', 'pending_bytes_per_exporter'],
        'is more than limits.pending_bytes, which is for all exporters together.',
      ),
    );
  if (limits.templates_per_exporter > limits.templates)
    warnings.push(
      problem(
        places,
        ['limits', 'templates_per_exporter'],
        'is more than limits.templates, which is for all exporters together.',
      ),
    );
  if (kafka.brokers.length > 0)
    warnings.push(problem(places, ['kafka', 'brokers'], 'is not used yet: flows go to ClickHouse alone.'));
}

/** The content of a file that a setting names, its last line break taken off. */
export function readSecretFile(path: string, key: Path, places: Places): string | ConfigProblem {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    return valueProblem(
      places,
      key,
      `it cannot be read (${reason(error)}); name a file that this user can read`,
    );
  }
}

function checkReadable(path: string, key: Path, places: Places, problems: ConfigProblem[]): void {
  const content = readSecretFile(path, key, places);
  if (typeof content !== 'string') problems.push(content);
}

/** A system error in words. */
export function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a folder';
  return error instanceof Error ? error.message : String(error);
}

/** Calls `found` for each item that an earlier one equals. */
function eachTwice(items: readonly string[], found: (index: number, item: string) => void): void {
  const seen = new Set<string>();
  items.forEach((item, i) => {
    if (seen.has(item)) found(i, item);
    seen.add(item);
  });
}
