import { PluginError } from '@weir/plugin-sdk';
import type { DataSource } from '../instances/data-source.ts';

/**
 * Whether a person's own SQL may run. With a tenant set, our settings are no proof against a text that can set its own in a
 * subquery: only a user whom the engine itself binds, by a row policy, is held to the tenant.
 *
 * @throws {PluginError} of status 403 that says what to do
 */
export async function requireSqlAllowed(
  { settings, binding, client }: DataSource,
  signal: AbortSignal,
): Promise<void> {
  if (!settings.allowSql)
    throw new PluginError('The kind SQL is switched off in this data source’s settings.', {
      status: 403,
      source: 'downstream',
    });
  if (settings.tenant === '') return;
  const bound = await binding.binding(signal);
  if (bound === 'bound') return;
  throw new PluginError(
    `SQL is not allowed here: this data source shows the tenant “${settings.tenant}” alone, but ${
      bound === 'unbound'
        ? `ClickHouse does not hold the user ${client.user} to it`
        : 'whether ClickHouse holds the user to it cannot be told (there is no table tenant_check)'
    }. Create the user with a row policy: docs/how-to/tenants.md.`,
    { status: 403, source: 'downstream' },
  );
}
