import type { Registry } from 'prom-client';
import type { CallContext, InstanceSettings } from './call-context.ts';
import type { Frame } from './frame/frame.ts';
import type { Logger } from './logging/logger.ts';
import type { PluginError } from './plugin-error.ts';
import type { ResourceRequest, ResourceResponse } from './resources/resource.ts';
import type { PublishReply, StreamRequest, StreamSender, SubscribeReply } from './streams/stream.ts';

/**
 * A plugin backend. `T` is what the plugin keeps for one configured data source: clients, caches, limits.
 *
 * Absent handlers answer UNIMPLEMENTED, which Grafana understands. Whatever a handler throws is caught, logged and
 * answered as an error: a {@link PluginError} with its own message, anything else as an internal error.
 */
export interface PluginDefinition<T> {
  readonly pluginId: string;
  readonly version: string;
  readonly instances: InstanceFactory<T>;
  /** Answers one query of a panel, rule or Explore. Queries of one call run side by side, and fail each by itself. */
  query?(instance: T, query: DataQuery, context: CallContext): Promise<QueryResult> | QueryResult;
  callResource?(
    instance: T,
    request: ResourceRequest,
    context: CallContext,
  ): Promise<ResourceResponse> | ResourceResponse;
  /** A throw here is answered as an unhealthy data source with the error's message. */
  checkHealth?(instance: T, context: CallContext): Promise<HealthResult> | HealthResult;
  readonly streams?: StreamHandlers<T>;
  /** Where the SDK registers its own metrics beside the plugin's; absent, it keeps a registry of its own. */
  readonly metrics?: Registry;
}

export interface InstanceFactory<T> {
  /**
   * Makes what one data source needs, at its first call and again when its settings change. A throw is answered to the
   * call and tried again at the next one.
   */
  create(settings: InstanceSettings, log: Logger): Promise<T> | T;
  /** Called once per instance, after its last call has ended. */
  dispose?(instance: T): Promise<void> | void;
  /** An instance without calls for so long is disposed of. Default: one hour. */
  readonly idleMs?: number;
}

/** One query as the panel saved it. */
export interface DataQuery {
  readonly refId: string;
  readonly queryType: string;
  readonly maxDataPoints: number;
  /** Milliseconds between points that fit the panel's width. */
  readonly intervalMs: number;
  /** Milliseconds since the epoch; `to` is exclusive by convention. */
  readonly timeRange: { readonly from: number; readonly to: number };
  /** The query model, not validated. Text that is no JSON is answered with status 400 before the handler is called. */
  readonly model: unknown;
}

export interface QueryResult {
  readonly frames: readonly Frame[];
  /** An error beside what frames there are. */
  readonly error?: PluginError;
  /** Default 200, or the error's. */
  readonly status?: number;
}

export interface HealthResult {
  readonly status: 'ok' | 'error' | 'unknown';
  /** One line. */
  readonly message: string;
  /** Shown on demand; `verboseMessage` is what Grafana's configuration page shows. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface StreamHandlers<T> {
  /** Asked for every subscriber: the place for authorisation. */
  subscribe(
    instance: T,
    request: StreamRequest,
    context: CallContext,
  ): Promise<SubscribeReply> | SubscribeReply;
  /**
   * Runs once per channel, on behalf of the first subscriber, until `context.signal` aborts (nobody listens any more).
   * Ending earlier makes Grafana start it again.
   */
  run(instance: T, request: StreamRequest, sender: StreamSender, context: CallContext): Promise<void>;
  /** Absent: every publication is refused. */
  publish?(instance: T, request: StreamRequest, context: CallContext): Promise<PublishReply> | PublishReply;
}
