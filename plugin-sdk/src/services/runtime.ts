import type { CallContext, PluginContext } from '../call-context.ts';
import type { CallMetrics } from '../calls/call-metrics.ts';
import type { CallTracker, OpenCall } from '../calls/call-tracker.ts';
import { untilAborted } from '../calls/until-aborted.ts';
import type { InstanceStore } from '../instances/instance-store.ts';
import type { Logger } from '../logging/logger.ts';
import type { PluginDefinition } from '../plugin-definition.ts';
import type { RequestHeaders } from '../request-headers.ts';

/** What the services of one running plugin share. */
export interface Runtime<T> {
  readonly definition: PluginDefinition<T>;
  readonly store: InstanceStore<T>;
  readonly tracker: CallTracker;
  readonly metrics: CallMetrics;
  readonly log: Logger;
}

export const callContext = (
  rpc: string,
  open: OpenCall,
  pluginContext: PluginContext,
  headers: RequestHeaders,
  log: Logger,
): CallContext => ({
  signal: open.signal,
  deadlineMs: open.deadlineMs,
  headers,
  user: pluginContext.user,
  orgId: pluginContext.orgId,
  pluginContext,
  settings: pluginContext.settings,
  grafanaConfig: pluginContext.grafanaConfig,
  log: log.with({ rpc, uid: pluginContext.settings.uid }),
  traceparent: open.traceparent,
});

/**
 * Runs work on the instance of a call. Rejects soon after the call was aborted, however long the work takes; the
 * instance stays until the work has really ended.
 */
export const withInstance = <T, R>(
  runtime: Runtime<T>,
  context: CallContext,
  work: (instance: T) => Promise<R> | R,
): Promise<R> => {
  const run = async (): Promise<R> => {
    const lease = await runtime.store.acquire(context.settings);
    try {
      context.signal.throwIfAborted();
      return await work(lease.instance);
    } finally {
      lease.release();
    }
  };
  return untilAborted(run(), context.signal);
};
