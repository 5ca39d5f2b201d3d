import fastify, { type FastifyInstance } from 'fastify';
import { verdictsOf } from '../ledger/verdict.ts';
import { type BacktestSource, addBacktestRoutes } from './backtest-route.ts';
import { freeSpace } from './disk.ts';
import { foreignPage } from './foreign-pages.ts';
import { healthOf } from './health.ts';
import type { LiveHub } from '../live/hub.ts';
import { addLiveRoutes } from './live-routes.ts';
import { Metrics, type MetricsOptions } from './metrics.ts';
import type { ApiSources } from './sources.ts';
import { type ApiToken, Tokens } from './tokens.ts';

export interface ApiOptions extends MetricsOptions {
  readonly now?: () => number;
  /** Live readers; without it there is no /ws. */
  readonly live?: LiveHub;
  /** What replays of detection are made of; without it there is no /backtest. */
  readonly backtest?: BacktestSource;
  /** Who may read exporters and live flows; none: everyone. */
  readonly tokens?: readonly ApiToken[];
}

export interface Api {
  /** For tests (`inject`) and for routes to come. */
  readonly server: FastifyInstance;
  /** Begins to listen. Rejects with what to change. Resolves with the port, which the system chose where 0 was asked. */
  listen(bind: { readonly host: string; readonly port: number }): Promise<number>;
  /** To be told of each block that ClickHouse has acknowledged. */
  observeInsert(seconds: number): void;
  /** Takes other tokens, for connections to come. */
  setTokens(tokens: readonly ApiToken[]): void;
  close(): Promise<void>;
}

const INDEX = `Weir, a collector of network flows.

/health     whether it is well: status ok, degraded or failing (503), and why (JSON)
/metrics    for Prometheus
/exporters  each exporter’s ledger and state, and what to know about it in words (JSON)
/detectors  what is looked for, with parameters (JSON)
/backtest   POST: what detectors would have found (JSON)
/ws/flows   flows as they come (WebSocket)
/ws/rates   sums of them by group (WebSocket)
`;

/** Nothing here is meant for a browser to run, to frame or to keep. */
const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** The collector's own HTTP interface: health, metrics, exporters and replays. It reads and changes nothing. */
export function createApi(sources: ApiSources, options: ApiOptions = {}): Api {
  const now = options.now ?? Date.now;
  const tokens = new Tokens(options.tokens);
  const metrics = new Metrics(sources, options);
  const server = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 1024,
    requestTimeout: 30_000,
  });

  server.addHook('onSend', async (_request, reply) => {
    reply.headers(HEADERS);
  });

  server.get('/', async (_request, reply) => reply.type('text/plain; charset=utf-8').send(INDEX));

  server.get('/health', async (_request, reply) => {
    const health = healthOf(sources, await freeSpace(sources.dataDir), now());
    return reply.code(health.status === 'failing' ? 503 : 200).send(health);
  });

  server.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );

  server.get('/exporters', async (request, reply) => {
    const admission = tokens.admit(request.headers.authorization);
    if (!admission.ok)
      return reply.code(401).header('www-authenticate', 'Bearer').send({ error: admission.error });
    const foreign = tokens.needed ? undefined : foreignPage(request.headers);
    if (foreign !== undefined) return reply.code(403).send({ error: foreign });
    const { tenant } = admission;
    const reports = sources.exporters();
    const nowMs = now();
    return {
      timeMs: nowMs,
      exporters: (tenant === undefined ? reports : reports.filter((r) => r.tenantId === tenant)).map(
        (report) => ({ ...report, verdicts: verdictsOf(report, nowMs) }),
      ),
    };
  });

  if (options.live !== undefined) addLiveRoutes(server, options.live, tokens);
  if (options.backtest !== undefined) addBacktestRoutes(server, options.backtest, tokens, now);

  server.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0];
    return reply.code(404).send({
      error: `There is no ${request.method} ${path}. There are GET /health, /metrics, /exporters and /detectors, POST /backtest, and WebSockets at /ws/flows and /ws/rates.`,
    });
  });

  return {
    server,
    async listen({ host, port }) {
      try {
        await server.listen({ host, port });
      } catch (error) {
        throw new Error(explain(error, host, port), { cause: error });
      }
      const address = server.server.address();
      return typeof address === 'object' && address !== null ? address.port : port;
    },
    observeInsert: (seconds) => metrics.observeInsert(seconds),
    setTokens: (list) => tokens.replace(list),
    close: async () => {
      options.live?.close();
      await server.close();
    },
  };
}

function explain(error: unknown, host: string, port: number): string {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `cannot serve health and metrics on ${where}: another program already listens there. Stop it, or set http.bind (WEIR_HTTP_BIND) to another port.`;
    case 'EACCES':
      return `cannot serve health and metrics on ${where}: ports below 1024 need privileges. Set http.bind (WEIR_HTTP_BIND) to a port above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `cannot serve health and metrics on ${where}: this machine has no such address. Set http.bind (WEIR_HTTP_BIND) to one it has, or 127.0.0.1.`;
    default:
      return `cannot serve health and metrics on ${where}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
