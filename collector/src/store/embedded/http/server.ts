import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Engine } from '../engine.ts';
import { QueryHandler } from './query-handler.ts';
import { Sessions } from './sessions.ts';
import { DEFAULT_USERS, Users } from './users.ts';
import type { User } from './users.ts';

export interface HttpOptions {
  /** Default 127.0.0.1. Another address than loopback needs a password for every user. */
  readonly host?: string;
  /** Default 8123; 0 for any free one. */
  readonly port?: number;
  /** Default: `default`, without a password and with all rights. */
  readonly users?: readonly User[];
  /** What `X-ClickHouse-Server-Display-Name` says. Default: the machine's name. */
  readonly displayName?: string;
  /** How long a client may take no byte of its result, in milliseconds, before it is given up. Default 30,000. */
  readonly sendTimeoutMs?: number;
  /** How long a query's text may be, in bytes. Default 16 MiB; without `max_query_size`, ClickHouse's 256 KiB hold. */
  readonly maxQueryBytes?: number;
  /** How much data one INSERT may bring, in bytes. Default 8 GiB. */
  readonly maxInsertBytes?: number;
}

/** ClickHouse's limit for an address, where GET has its query. */
const MAX_ADDRESS_BYTES = 1 << 20;

/** ClickHouse's HTTP interface, on the embedded engine. */
export class EmbeddedHttpServer {
  readonly #server: Server;
  readonly #sessions: Sessions;

  /**
   * Listens.
   *
   * @throws Error where the address is taken, or open to others while a user has no password
   */
  static async listen(engine: Engine, options: HttpOptions = {}): Promise<EmbeddedHttpServer> {
    const { host = '127.0.0.1', port = 8123 } = options;
    const users = new Users(options.users ?? DEFAULT_USERS);
    for (const { tenant } of options.users ?? []) if (tenant !== undefined) engine.roleOfTenant(tenant);
    const open = users.withoutPassword;
    if (open.length > 0 && !isLoopback(host)) {
      throw new Error(
        `The ClickHouse interface cannot listen on ${host}: the ${open.length > 1 ? 'users' : 'user'} ${open.join(', ')} ` +
          `would need no password from anywhere. Listen on 127.0.0.1, or give every user a password.`,
      );
    }
    const server = new EmbeddedHttpServer(engine, users, options);
    await server.#listen(host, port);
    return server;
  }

  private constructor(engine: Engine, users: Users, options: HttpOptions) {
    this.#sessions = new Sessions(() => engine.connectWith({ database: engine.database }));
    const handler = new QueryHandler(engine, users, this.#sessions, {
      displayName: options.displayName ?? hostname(),
      sendTimeoutMs: options.sendTimeoutMs ?? 30_000,
      maxQueryBytes: options.maxQueryBytes ?? 16 << 20,
      maxInsertBytes: options.maxInsertBytes ?? 8 * 2 ** 30,
    });
    this.#server = createServer(
      {
        maxHeaderSize: MAX_ADDRESS_BYTES + (64 << 10),
        keepAliveTimeout: 10_000,
        requestTimeout: 0, // an INSERT may take as long as its data; what stalls is ended by its own timeouts
        noDelay: true,
      },
      (request, response) => {
        route(request, response, handler).catch((error: unknown) => {
          engine.logger.error({ err: error }, 'A request to the ClickHouse interface could not be answered');
          response.destroy();
        });
      },
    );
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
      if (socket.writable)
        socket.end(
          `HTTP/1.1 ${tooLong ? '414 URI Too Long' : '400 Bad Request'}\r\nConnection: close\r\n\r\n`,
        );
      else socket.destroy();
    });
  }

  /** Where it listens. */
  get address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  /** Takes no more requests, breaks off those under way, and forgets all sessions. */
  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    this.#server.closeAllConnections();
    await closed;
    this.#sessions.closeAll();
  }

  #listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE';
        reject(
          taken
            ? new Error(
                `The ClickHouse interface cannot listen on ${host}:${port}: another program does. ` +
                  `Set CLICKHOUSE_HTTP_BIND to another address.`,
                { cause: error },
              )
            : error,
        );
      });
      this.#server.listen(port, host, () => resolve());
    });
  }
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  handler: QueryHandler,
): Promise<void> {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const address = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const { method } = request;
  const plain = (status: number, text: string): void => {
    request.resume();
    response.writeHead(status, { 'Content-Type': 'text/html; charset=UTF-8' }).end(text);
  };
  if (method === 'OPTIONS') return plain(204, '');
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST' && method !== 'PUT') return plain(501, '');
  const isRead = method === 'GET' || method === 'HEAD';
  if (path === '/ping' || path === '/replicas_status') return plain(200, 'Ok.\n');
  if (path === '/' && isRead && mark < 0) return plain(200, 'Ok.\n');
  if (path === '/' || path === '/query') return handler.handle(request, response, address);
  return plain(404, NOT_FOUND(target));
}

const NOT_FOUND = (target: string): string =>
  `There is no handle ${encodeURI(target)}\n\nUse / or /ping for health checks.\n` +
  'Or /replicas_status for more sophisticated health checks.\n\n' +
  'Send queries from your program with POST method or GET /?query=...\n';

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1';
}
