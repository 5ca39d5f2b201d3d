import { randomBytes } from 'node:crypto';
import type { Logger } from '../logging/logger.ts';
import { CallAborted, PluginError } from '../plugin-error.ts';

/**
 * What a thrown value is told as. A `PluginError` speaks for itself; after an abort the reason of the signal does; all
 * else is a fault of the plugin, whose text stays in the log (it may hold what a viewer must not see).
 */
export const failureOf = (thrown: unknown, signal: AbortSignal, log: Logger): PluginError => {
  if (thrown instanceof CallAborted) {
    log.debug('Call aborted', { why: thrown.why });
    return thrown;
  }
  if (thrown instanceof PluginError) {
    const level = thrown.source === 'plugin' ? 'error' : 'info';
    log[level](thrown.message, { status: thrown.status, errorSource: thrown.source, cause: thrown.cause });
    return thrown;
  }
  if (signal.aborted && signal.reason instanceof CallAborted) {
    log.debug('Call aborted', { why: signal.reason.why, error: String(thrown) });
    return signal.reason;
  }
  const id = randomBytes(4).toString('hex');
  log.error('Internal error', { errorId: id, error: thrown instanceof Error ? thrown : String(thrown) });
  return new PluginError(`Internal error of the plugin. Grafana's log has the details under errorId ${id}.`, {
    status: 500,
    source: 'plugin',
    cause: thrown,
  });
};
