import type { CallContext, HealthResult } from '@weir/plugin-sdk';
import type { DataSource } from '../instances/data-source.ts';
import { checkCollector } from '../streams/check-collector.ts';
import { type Check, describe, failed, ok, warning } from './checks.ts';
import { KNOWN_SCHEMA, exporterCounts, newestFlowMs, schemaVersion } from './store-state.ts';

/** The newest flow older than this: something on the way in stands still. */
const STALE_MS = 5 * 60_000;

/**
 * Looks at everything between Grafana and the flows, one thing after the other as far as one stands on the other, and says in one
 * line what is wrong first.
 */
export async function checkHealth(
  dataSource: DataSource,
  { signal }: Pick<CallContext, 'signal'>,
): Promise<HealthResult> {
  const checks: Check[] = [];
  const [store, collector] = await Promise.all([
    storeChecks(dataSource, signal),
    checkCollector(dataSource, signal),
  ]);
  checks.push(...store, collector);
  const first =
    checks.find(({ status }) => status === 'error') ?? checks.find(({ status }) => status === 'warning');
  const isDown = first?.status === 'error';
  const good = checks.find(({ name }) => name === 'freshness')?.text;
  return {
    status: isDown ? 'error' : 'ok',
    message: isDown
      ? first.text
      : `ClickHouse answers. ${first === undefined ? (good ?? '') : first.text}`.trim(),
    details: {
      verboseMessage: checks
        .map(({ name, status, text }) => `${status.toUpperCase()} ${name}: ${text}`)
        .join('\n'),
      checks,
    },
  };
}

async function storeChecks(dataSource: DataSource, signal: AbortSignal): Promise<Check[]> {
  const { client, settings } = dataSource;
  const checks: Check[] = [];
  try {
    const allowed = await client.settingsAllowed(signal);
    checks.push(ok('connection', `ClickHouse at ${client.where} answers the user ${client.user}.`));
    checks.push(
      {
        all: ok('user', `The user ${client.user} may write too; queries are sent as read-only ones.`),
        'readonly-user': ok('user', `The user ${client.user} may read only.`),
        none: warning(
          'user',
          `The user ${client.user} may read only and send no settings (readonly = 1): limits of time and rows are those of its profile. readonly = 2 lets queries be limited.`,
        ),
      }[allowed],
    );
  } catch (error) {
    signal.throwIfAborted();
    return [failed('connection', describe(error))];
  }
  try {
    const version = await schemaVersion(dataSource, signal);
    if (version === 0)
      return [
        ...checks,
        failed(
          'schema',
          `The database ${settings.database} has no tables of Weir’s: check its name, or start the collector, which makes them.`,
        ),
      ];
    if (version > KNOWN_SCHEMA.to)
      return [
        ...checks,
        failed(
          'schema',
          `The database has schema ${version}, this plugin knows ${KNOWN_SCHEMA.to}: update the plugin.`,
        ),
      ];
    if (version < KNOWN_SCHEMA.from)
      return [
        ...checks,
        failed(
          'schema',
          `The database has schema ${version}, this plugin needs ${KNOWN_SCHEMA.from}: update the collector.`,
        ),
      ];
    checks.push(ok('schema', `The database ${settings.database} has schema ${version}.`));
    checks.push(await freshness(dataSource, signal));
    checks.push(await sampling(dataSource, signal));
    if (settings.tenant !== '') checks.push(await tenant(dataSource, signal));
  } catch (error) {
    signal.throwIfAborted();
    checks.push(failed('tables', describe(error)));
  }
  return checks;
}

async function freshness(dataSource: DataSource, signal: AbortSignal): Promise<Check> {
  const newest = await newestFlowMs(dataSource, signal);
  if (newest === null)
    return warning('freshness', 'There are no flows yet: point an exporter at the collector.');
  const age = Date.now() - newest;
  const text = `The newest flow is ${durationText(age)} old.`;
  return age > STALE_MS
    ? warning(
        'freshness',
        `${text} The collector, or the way from the exporters to it, seems to stand still.`,
      )
    : ok('freshness', text);
}

async function sampling(dataSource: DataSource, signal: AbortSignal): Promise<Check> {
  const { exporters, withoutSampling } = await exporterCounts(dataSource, signal);
  if (withoutSampling === 0) return ok('exporters', `${exporters} exporters are known.`);
  return warning(
    'exporters',
    `Of ${exporters} exporters, ${withoutSampling} have not told a sampling rate: their flows count as they are. If they sample, configure the rate at the collector.`,
  );
}

async function tenant({ binding, settings, client }: DataSource, signal: AbortSignal): Promise<Check> {
  const held = await binding.binding(signal);
  if (held === 'bound') return ok('tenant', `ClickHouse itself holds the user ${client.user} to its tenant.`);
  return warning(
    'tenant',
    `Queries are held to the tenant “${settings.tenant}” by a filter sent with each; SQL is refused, since ClickHouse does not hold the user ${client.user} by a row policy.`,
  );
}

export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
