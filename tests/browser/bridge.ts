import { existsSync, readFileSync } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type CallerOptions, type PluginClient, decodedToJson } from '@weir/plugin-sdk/testing';
import { pageHtml, systemFile } from './host-page.ts';
import type { Host } from './libraries.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
};

const SPINNER = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"/>';

/** A data source as Grafana stores it. */
export interface StoredDataSource {
  readonly id: number;
  readonly uid: string;
  readonly name: string;
  jsonData: Record<string, unknown>;
  secureJsonData: Record<string, string>;
  updatedMs: number;
}

export interface BridgeOptions {
  readonly host: Host;
  /** The host page's own code. */
  readonly page: string;
  /** The built plugin. */
  readonly dist: string;
  readonly client: PluginClient;
  readonly dataSources: readonly StoredDataSource[];
}

/** Grafana's server as far as a data source's browser half meets it: static files, and its HTTP interface put through to the plugin's process. */
export class Bridge {
  readonly url: string;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(options: BridgeOptions): Promise<Bridge> {
    const routes = new Routes(options);
    const server = createServer((request, response) => {
      routes.serve(request, response).catch((error: unknown) => {
        if (response.headersSent) response.end();
        else json(response, 500, { message: error instanceof Error ? error.message : String(error) });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Bridge(server);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

class Routes {
  private readonly options: BridgeOptions;
  /** Folders of plugins by id: the data source's and those nested in it. */
  private readonly plugins: ReadonlyMap<string, string>;

  constructor(options: BridgeOptions) {
    this.options = options;
    this.plugins = new Map(
      ['', 'panels/sankey', 'panels/topology'].map((path) => {
        const folder = join(options.dist, path);
        const { id } = JSON.parse(readFileSync(join(folder, 'plugin.json'), 'utf8')) as { id: string };
        return [id, folder];
      }),
    );
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://bridge');
    const [, first = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const path = rest.join('/');
    if (first === '' || first === 'd') return send(response, 'text/html; charset=utf-8', this.page());
    if (first === 'host.js') return send(response, TYPES['.js']!, this.options.page);
    if (first === 'system') return send(response, TYPES['.js']!, systemFile(Number.parseInt(path, 10)));
    if (first === 'libraries') return file(response, this.options.host.folder, path);
    // The package of @grafana/ui lacks this one, which its CodeEditor shows while it loads.
    if (path.endsWith('/unicons/spinner.svg')) return send(response, TYPES['.svg']!, SPINNER);
    if (path.startsWith('build/img/icons/'))
      return file(response, join(this.options.host.folder, 'icons'), path.slice('build/img/icons/'.length));
    if (first === 'public' && rest[0] === 'plugins') {
      const folder = this.plugins.get(rest[1] ?? '');
      return folder === undefined ? missing(response) : file(response, folder, rest.slice(2).join('/'));
    }
    if (first === 'api') return this.api(request, response, url, rest);
    return missing(response);
  }

  private async api(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    path: readonly string[],
  ): Promise<void> {
    if (path.join('/') === 'frontend/settings') return json(response, 200, this.frontendSettings());
    if (path.join('/') === 'ds/query') return this.query(request, response);
    if (path[0] === 'live') return this.live(response, url);
    const stored = this.options.dataSources.find(({ uid }) => uid === path[2]);
    if (path[0] !== 'datasources' || path[1] !== 'uid' || stored === undefined) return missing(response);
    if (path.length === 3 && request.method === 'PUT') return this.store(request, response, stored);
    if (path[3] === 'health') return this.health(response, stored);
    if (path[3] === 'resources')
      return this.resource(request, response, url, stored, path.slice(4).join('/'));
    return missing(response);
  }

  private page(): string {
    const styles = existsSync(join(this.options.host.folder, 'libraries.css'));
    return pageHtml(
      {
        user: {
          locale: 'en-US',
          language: 'en-US',
          timezone: 'utc',
          lightTheme: false,
          regionalFormat: 'en-US',
        },
        settings: {
          ...this.frontendSettings(),
          buildInfo: { version: this.options.host.grafana, commit: '', env: 'production' },
          featureToggles: {},
          appUrl: '/',
          appSubUrl: '',
        },
        navTree: [],
      },
      styles,
    );
  }

  private frontendSettings(): object {
    const meta = JSON.parse(readFileSync(join(this.options.dist, 'plugin.json'), 'utf8')) as { id: string };
    return {
      defaultDatasource: this.options.dataSources[0]!.name,
      datasources: Object.fromEntries(
        this.options.dataSources.map(({ id, uid, name, jsonData, secureJsonData }) => [
          name,
          {
            id,
            uid,
            name,
            type: meta.id,
            meta: { ...meta, baseUrl: `public/plugins/${meta.id}` },
            url: `/api/datasources/proxy/uid/${uid}`,
            access: 'proxy',
            readOnly: false,
            jsonData,
            secureJsonFields: setSecrets(secureJsonData),
          },
        ]),
      ),
    };
  }

  private caller({ uid, name, jsonData, secureJsonData, updatedMs }: StoredDataSource): CallerOptions {
    return {
      uid,
      name,
      pluginId: 'weir-flow-datasource',
      jsonData,
      secureJsonData,
      lastUpdatedMs: updatedMs,
    };
  }

  private async store(
    request: IncomingMessage,
    response: ServerResponse,
    stored: StoredDataSource,
  ): Promise<void> {
    const sent = JSON.parse(await bodyOf(request)) as {
      jsonData: Record<string, unknown>;
      secureJsonData?: Record<string, string>;
    };
    stored.jsonData = sent.jsonData;
    stored.secureJsonData = { ...stored.secureJsonData, ...sent.secureJsonData };
    stored.updatedMs = Date.now();
    json(response, 200, { jsonData: stored.jsonData, secureJsonFields: setSecrets(stored.secureJsonData) });
  }

  private async health(response: ServerResponse, stored: StoredDataSource): Promise<void> {
    const { status, message, details } = await this.options.client.checkHealth({
      source: this.caller(stored),
      timeoutMs: 20_000,
    });
    const isGood = String(status).toUpperCase() === 'OK';
    json(response, isGood ? 200 : 400, { status: isGood ? 'OK' : 'ERROR', message, details });
  }

  private async resource(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    stored: StoredDataSource,
    path: string,
  ): Promise<void> {
    const body = request.method === 'POST' ? await bodyOf(request) : undefined;
    const answer = await this.options.client.callResource(
      {
        path,
        method: request.method ?? 'GET',
        search: url.search.slice(1),
        headers: { 'Content-Type': request.headers['content-type'] ?? 'application/json' },
        ...(body === undefined ? {} : { body }),
      },
      { source: this.caller(stored), signal: gone(response) },
    );
    response.writeHead(answer.status, {
      'Content-Type':
        answer.headers['Content-Type']?.[0] ?? answer.headers['content-type']?.[0] ?? 'application/json',
    });
    response.end(answer.body);
  }

  private async query(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { queries, from, to } = JSON.parse(await bodyOf(request)) as {
      queries: {
        refId: string;
        queryType?: string;
        datasource: { uid: string };
        intervalMs: number;
        maxDataPoints: number;
      }[];
      from: string;
      to: string;
    };
    const stored = this.options.dataSources.find(({ uid }) => uid === queries[0]?.datasource.uid);
    if (stored === undefined) return missing(response);
    const answers = await this.options.client.queryData(
      queries.map((query) => ({
        refId: query.refId,
        queryType: query.queryType ?? '',
        intervalMs: query.intervalMs,
        maxDataPoints: query.maxDataPoints,
        timeRange: { from: Number(from), to: Number(to) },
        model: query,
      })),
      { source: this.caller(stored), signal: gone(response) },
    );
    const results = Object.fromEntries(
      Object.entries(answers).map(([refId, { frames, error, status, errorSource }]) => [
        refId,
        error === ''
          ? { status: status || 200, frames: frames.map(decodedToJson) }
          : { status, error, errorSource, frames: [] },
      ]),
    );
    json(response, Object.values(answers).some(({ error }) => error !== '') ? 400 : 200, { results });
  }

  /** Grafana Live for one channel: what the plugin's stream sends, as server-sent events. */
  private async live(response: ServerResponse, url: URL): Promise<void> {
    const path = url.searchParams.get('path') ?? '';
    const data = JSON.parse(url.searchParams.get('data') ?? 'null') as unknown;
    const stored = this.options.dataSources.find(({ uid }) => uid === url.searchParams.get('uid'));
    if (stored === undefined) return missing(response);
    const { client } = this.options;
    const source = this.caller(stored);
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    const say = (event: string, text: string): boolean =>
      response.write(`event: ${event}\ndata: ${text}\n\n`);
    try {
      const { status, data: initial } = await client.subscribeStream(path, data, { source });
      if (String(status).toUpperCase() !== 'OK')
        return void response.end(say('refused', `the channel is ${status}`));
      if (initial !== undefined && initial !== null) say('message', JSON.stringify(initial));
      for await (const packet of client.runStream(path, data, { source, signal: gone(response) }))
        say('message', JSON.stringify(packet));
    } catch (error) {
      say('refused', error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error));
    }
    response.end();
  }
}

function setSecrets(secrets: Readonly<Record<string, string>>): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(secrets)
      .filter(([, value]) => value !== '')
      .map(([key]) => [key, true]),
  );
}

/** Aborts when the browser no longer waits. */
function gone(response: ServerResponse): AbortSignal {
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  return abort.signal;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function file(response: ServerResponse, folder: string, path: string): void {
  const full = normalize(join(folder, path));
  if (!full.startsWith(folder) || !existsSync(full)) return missing(response);
  response.writeHead(200, { 'Content-Type': TYPES[extname(full)] ?? 'application/octet-stream' });
  response.end(readFileSync(full));
}

function send(response: ServerResponse, type: string, text: string): void {
  response.writeHead(200, { 'Content-Type': type });
  response.end(text);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function missing(response: ServerResponse): void {
  json(response, 404, { message: 'not found' });
}
