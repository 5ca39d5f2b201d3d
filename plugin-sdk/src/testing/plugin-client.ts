import {
  Client,
  credentials,
  Metadata,
  type CallOptions,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  FORMAT_ARROW,
  FORMAT_JSON,
  HEALTH_STATUS,
  STREAM_STATUS,
  type WireCallResourceResponse,
  type WireCheckHealthResponse,
  type WireCollectMetricsResponse,
  type WirePluginContext,
  type WireQueryDataResponse,
  type WireStreamPacket,
  type WireStreamResponse,
} from '../protocol/messages.ts';
import { SERVICES } from '../protocol/service-definitions.ts';
import type { DataFrameJson } from '../frame/json.ts';
import { type DecodedFrame, decodeArrowFile } from './decode-arrow.ts';

/** The data source on whose behalf a call is made; everything has a plausible default. */
export interface CallerOptions {
  readonly uid?: string;
  readonly name?: string;
  readonly orgId?: number;
  readonly namespace?: string;
  readonly pluginId?: string;
  readonly url?: string;
  readonly user?: string;
  readonly database?: string;
  readonly jsonData?: unknown;
  readonly secureJsonData?: Readonly<Record<string, string>>;
  readonly lastUpdatedMs?: number;
  readonly grafanaConfig?: Readonly<Record<string, string>>;
  readonly caller?: {
    readonly login: string;
    readonly name?: string;
    readonly email?: string;
    readonly role: string;
  };
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds from now that the host gives the call. */
  readonly timeoutMs?: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  readonly source?: CallerOptions;
  readonly traceparent?: string;
}

export interface QueryInput {
  readonly refId: string;
  readonly queryType?: string;
  readonly maxDataPoints?: number;
  readonly intervalMs?: number;
  readonly timeRange?: { readonly from: number; readonly to: number };
  /** Objects are sent as JSON; text and bytes as they are. */
  readonly model?: unknown;
}

/** Answer to one query, frames decoded. */
export interface DecodedResponse {
  readonly frames: readonly DecodedFrame[];
  /** The frames when JSON was asked for. */
  readonly json: readonly DataFrameJson[];
  readonly error: string;
  readonly status: number;
  readonly errorSource: string;
  /** Bytes on the wire of all frames. */
  readonly bytes: number;
}

export interface ResourceInput {
  readonly path: string;
  readonly method?: string;
  /** Without the question mark. */
  readonly search?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
}

export interface ResourceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: Uint8Array;
  /** Number of messages that carried a part of the body. */
  readonly chunks: number;
  text(): string;
  json(): unknown;
}

export interface StreamReply {
  readonly status: keyof typeof STREAM_STATUS;
  readonly data: unknown;
}

const toBytes = (value: unknown): Uint8Array => {
  if (value === undefined) return new Uint8Array(0);
  if (value instanceof Uint8Array) return value;
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
};
const parse = (bytes: Uint8Array): unknown =>
  bytes.length === 0 ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as unknown);

/** Calls a plugin as Grafana's server does. Errors of whole calls reject with grpc-js's `ServiceError` (`code`, `details`). */
export class PluginClient {
  readonly #client: Client;
  readonly #source: CallerOptions;

  /** @param source what all calls are made on behalf of, unless they say otherwise */
  constructor(address: string, source: CallerOptions = {}) {
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      // A connection of its own, so that a stream that is not read stalls no other client.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_send_message_length': -1,
    });
    this.#source = source;
  }

  async queryData(
    queries: readonly QueryInput[],
    { format = 'arrow', ...options }: RequestOptions & { readonly format?: 'arrow' | 'json' } = {},
  ): Promise<Record<string, DecodedResponse>> {
    const { responses } = await this.#unary<WireQueryDataResponse>(SERVICES.data, 'QueryData', options, {
      pluginContext: this.#context(options),
      headers: options.headers ?? {},
      format: format === 'json' ? FORMAT_JSON : FORMAT_ARROW,
      queries: queries.map((query) => ({
        refId: query.refId,
        queryType: query.queryType ?? '',
        maxDataPoints: query.maxDataPoints ?? 1_000,
        intervalMS: query.intervalMs ?? 1_000,
        timeRange: { fromEpochMS: query.timeRange?.from ?? 0, toEpochMS: query.timeRange?.to ?? 3_600_000 },
        json: toBytes(query.model ?? {}),
      })),
    });
    return Object.fromEntries(
      Object.entries(responses).map(([refId, { frames, error, status, errorSource, format: sent }]) => [
        refId,
        {
          frames: sent === FORMAT_ARROW ? frames.map(decodeArrowFile) : [],
          json: sent === FORMAT_JSON ? frames.map((frame) => parse(frame) as DataFrameJson) : [],
          error,
          status,
          errorSource,
          bytes: frames.reduce((sum, frame) => sum + frame.length, 0),
        },
      ]),
    );
  }

  async callResource(input: ResourceInput, options: RequestOptions = {}): Promise<ResourceAnswer> {
    const parts: Uint8Array[] = [];
    let head: WireCallResourceResponse | undefined;
    const request = {
      pluginContext: this.#context(options),
      path: input.path,
      method: input.method ?? 'GET',
      url: input.search ? `${input.path}?${input.search}` : input.path,
      headers: Object.fromEntries(
        Object.entries(input.headers ?? {}).map(([name, value]) => [
          name,
          { values: typeof value === 'string' ? [value] : [...value] },
        ]),
      ),
      body: toBytes(input.body),
    };
    for await (const message of this.#streaming<WireCallResourceResponse>(
      SERVICES.resource,
      'CallResource',
      options,
      request,
    )) {
      head ??= message;
      if (message.body.length > 0) parts.push(message.body);
    }
    const body = Buffer.concat(parts);
    return {
      status: head?.code ?? 0,
      headers: Object.fromEntries(
        Object.entries(head?.headers ?? {}).map(([name, list]) => [name, list.values]),
      ),
      body,
      chunks: parts.length,
      text: () => body.toString(),
      json: () => parse(body),
    };
  }

  async checkHealth(
    options: RequestOptions = {},
  ): Promise<{ status: keyof typeof HEALTH_STATUS; message: string; details: unknown }> {
    const { status, message, jsonDetails } = await this.#unary<WireCheckHealthResponse>(
      SERVICES.diagnostics,
      'CheckHealth',
      options,
      { pluginContext: this.#context(options), headers: options.headers ?? {} },
    );
    return { status: nameOf(HEALTH_STATUS, status), message, details: parse(jsonDetails) };
  }

  /** Prometheus text. */
  async collectMetrics(options: RequestOptions = {}): Promise<string> {
    const { metrics } = await this.#unary<WireCollectMetricsResponse>(
      SERVICES.diagnostics,
      'CollectMetrics',
      options,
      { pluginContext: this.#context(options) },
    );
    return Buffer.from(metrics?.prometheus ?? []).toString();
  }

  subscribeStream(path: string, data?: unknown, options: RequestOptions = {}): Promise<StreamReply> {
    return this.#channel('SubscribeStream', path, data, options);
  }

  publishStream(path: string, data?: unknown, options: RequestOptions = {}): Promise<StreamReply> {
    return this.#channel('PublishStream', path, data, options);
  }

  /** Packets as they come. Leaving the loop, or the signal, cancels the stream; only other ends reject. */
  async *runStream(
    path: string,
    data?: unknown,
    options: RequestOptions = {},
  ): AsyncGenerator<DataFrameJson> {
    const request = {
      pluginContext: this.#context(options),
      path,
      data: toBytes(data),
      headers: options.headers ?? {},
    };
    const packets = this.#streaming<WireStreamPacket>(SERVICES.stream, 'RunStream', options, request);
    for await (const packet of packets) yield parse(packet.data) as DataFrameJson;
  }

  /** What the host asks to tell whether the process is alive. */
  async ping(service = 'plugin'): Promise<number> {
    return (await this.#unary<{ status: number }>(SERVICES.health, 'Check', {}, { service })).status;
  }

  async shutdown(): Promise<void> {
    await this.#unary(SERVICES.controller, 'Shutdown', {}, {});
  }

  /** Opens the two streams that the host keeps open; the promise settles with how each ended (gRPC status code). */
  holdHostStreams(): Promise<number[]> {
    const stdio = method(SERVICES.stdio, 'StreamStdio');
    const broker = method(SERVICES.broker, 'StartStream');
    const calls = [
      this.#client.makeServerStreamRequest(stdio.path, stdio.requestSerialize, stdio.responseDeserialize, {}),
      this.#client.makeBidiStreamRequest(broker.path, broker.requestSerialize, broker.responseDeserialize),
    ];
    return Promise.all(
      calls.map(
        (call) =>
          new Promise<number>((resolve) => {
            call.on('error', () => undefined);
            call.on('status', ({ code }: { code: number }) => resolve(code));
            call.resume();
          }),
      ),
    );
  }

  /** Calls any method by its names, with a message as it is. */
  raw(
    service: keyof typeof SERVICES,
    name: string,
    message: object,
    options: RequestOptions = {},
  ): Promise<unknown> {
    return this.#unary(SERVICES[service], name, options, message);
  }

  close(): void {
    this.#client.close();
  }

  async #channel(
    rpc: 'SubscribeStream' | 'PublishStream',
    path: string,
    payload: unknown,
    options: RequestOptions,
  ): Promise<StreamReply> {
    const { status, data } = await this.#unary<WireStreamResponse>(SERVICES.stream, rpc, options, {
      pluginContext: this.#context(options),
      path,
      data: toBytes(payload),
      headers: options.headers ?? {},
    });
    return { status: nameOf(STREAM_STATUS, status), data: parse(data) };
  }

  #unary<Response>(
    service: ServiceDefinition,
    name: string,
    options: RequestOptions,
    request: object,
  ): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = method(service, name);
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize as (bytes: Buffer) => Response,
        request,
        metadataOf(options),
        callOptions(options),
        (error: ServiceError | null, response?: Response) => {
          options.signal?.removeEventListener('abort', cancel);
          if (error) reject(error);
          else resolve(response!);
        },
      );
      const cancel = (): void => call.cancel();
      options.signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  async *#streaming<Message>(
    service: ServiceDefinition,
    name: string,
    options: RequestOptions,
    request: object,
  ): AsyncGenerator<Message> {
    const { path, requestSerialize, responseDeserialize } = method(service, name);
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize as (bytes: Buffer) => Message,
      request,
      metadataOf(options),
      callOptions(options),
    );
    let left = false;
    const cancel = (): void => {
      left = true;
      call.cancel();
    };
    options.signal?.addEventListener('abort', cancel, { once: true });
    try {
      for await (const message of call) yield message as Message;
    } catch (error) {
      if (!left) throw error;
    } finally {
      options.signal?.removeEventListener('abort', cancel);
      call.on('error', () => undefined);
      call.cancel();
    }
  }

  #context({ source: own }: RequestOptions): WirePluginContext {
    const source = { ...this.#source, ...own };
    const { login, name = '', email = '', role } = source.caller ?? { login: 'admin', role: 'Admin' };
    return {
      orgId: source.orgId ?? 1,
      pluginId: source.pluginId ?? 'test-datasource',
      user: { login, name, email, role },
      appInstanceSettings: null,
      dataSourceInstanceSettings: {
        id: 1,
        uid: source.uid ?? 'source-1',
        name: source.name ?? 'Source 1',
        url: source.url ?? '',
        user: source.user ?? '',
        database: source.database ?? '',
        basicAuthEnabled: false,
        basicAuthUser: '',
        jsonData: toBytes(source.jsonData ?? {}),
        decryptedSecureJsonData: { ...source.secureJsonData },
        lastUpdatedMS: source.lastUpdatedMs ?? 1,
        apiVersion: '',
      },
      grafanaConfig: { ...source.grafanaConfig },
      pluginVersion: '',
      userAgent: 'Grafana/12.4.0 (linux; amd64)',
      apiVersion: '',
      namespace: source.namespace ?? '',
    };
  }
}

const method = (service: ServiceDefinition, name: string) => {
  const found = service[name];
  if (!found)
    throw new Error(`The service has no method ${name}; it has ${Object.keys(service).join(', ')}.`);
  return found;
};

const metadataOf = ({ traceparent }: RequestOptions): Metadata => {
  const metadata = new Metadata();
  if (traceparent !== undefined) metadata.set('traceparent', traceparent);
  return metadata;
};

const callOptions = ({ timeoutMs }: RequestOptions): CallOptions =>
  timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };

const nameOf = <Names extends Record<string, number>>(names: Names, value: number): keyof Names & string =>
  Object.keys(names).find((name) => names[name] === value) ?? `unknown value ${value}`;
