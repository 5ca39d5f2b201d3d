import {
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type RequestOptions,
  request as httpRequest,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { ClickHouseError, errorFromConnection } from './errors.ts';

/** Where ClickHouse is, and how to speak to it safely. Certificates are PEM. */
export interface HttpTarget {
  readonly url: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must have; empty for that in the URL. */
  readonly serverName: string;
  readonly skipVerify: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpCall {
  /** Parameters of the address, encoded. */
  readonly search: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly signal: AbortSignal;
  /** An answer of more octets than these is an error. */
  readonly maxBytes: number;
}

/** Longest time for name, connection and TLS together. */
const CONNECT_MS = 10_000;

/** Keeps connections to one server and sends requests over them. */
export class HttpConnections {
  readonly #target: URL;
  readonly #agent: HttpAgent;
  readonly #options: RequestOptions & { rejectUnauthorized?: boolean };
  readonly #secure: boolean;

  constructor(target: HttpTarget) {
    this.#target = new URL(target.url);
    this.#secure = this.#target.protocol === 'https:';
    this.#agent = this.#secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
    const hostname = this.#target.hostname.replace(/^\[|\]$/g, '');
    this.#options = {
      hostname,
      port: this.#target.port === '' ? (this.#secure ? 443 : 80) : Number(this.#target.port),
      method: 'POST',
      agent: this.#agent,
      ...(this.#secure
        ? {
            rejectUnauthorized: !target.skipVerify,
            ...(target.serverName === '' ? {} : { servername: target.serverName }),
            ...(target.ca === undefined ? {} : { ca: target.ca }),
            ...(target.cert === undefined ? {} : { cert: target.cert, key: target.key }),
          }
        : {}),
    };
  }

  /** Host and port, for messages. */
  get where(): string {
    return this.#target.host;
  }

  /**
   * Sends a request and gathers the whole answer.
   *
   * @throws {ClickHouseError} where the connection fails; the signal's reason where it was aborted
   */
  async send(call: HttpCall): Promise<HttpAnswer> {
    call.signal.throwIfAborted();
    // A kept connection may have been closed by the server while the request was on its way: once more on a new one.
    try {
      return await this.#sendOnce(call);
    } catch (error) {
      if (call.signal.aborted || !(error instanceof StaleConnection)) throw error;
      return this.#sendOnce(call);
    }
  }

  #sendOnce({ search, headers, body, signal, maxBytes }: HttpCall): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const path = `${this.#target.pathname.replace(/\/$/, '')}/?${search}`;
      const request = (this.#secure ? httpsRequest : httpRequest)({
        ...this.#options,
        path,
        headers: { ...headers, 'Content-Length': body.length },
      });
      let settled = false;
      // eslint-disable-next-line prefer-const -- told by what begins below it
      let connecting: ReturnType<typeof setTimeout> | undefined;
      const finish = (act: () => void): void => {
        if (settled) return;
        settled = true;
        clearTimeout(connecting);
        signal.removeEventListener('abort', onAbort);
        act();
      };
      const fail = (error: unknown): void => {
        finish(() => {
          request.destroy();
          reject(error instanceof Error ? error : new Error(String(error)));
        });
      };
      const onAbort = (): void => fail(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      connecting = setTimeout(
        () =>
          fail(
            new ClickHouseError(
              'timeout',
              `${this.where} does not answer: no connection within ${CONNECT_MS / 1000} s.`,
            ),
          ),
        CONNECT_MS,
      );
      request.on('socket', (socket) => {
        if (!socket.connecting) clearTimeout(connecting);
        else socket.once(this.#secure ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        fail(stale ? new StaleConnection(error.message) : errorFromConnection(error, this.where));
      });
      request.on('response', (response) => {
        clearTimeout(connecting);
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes) {
            fail(
              new ClickHouseError(
                'limit',
                `The answer has more than ${Math.round(maxBytes / 1e6)} MB: ask for a shorter time or fewer rows.`,
              ),
            );
            return;
          }
          chunks.push(chunk);
        });
        response.on('error', (error) => fail(errorFromConnection(error, this.where)));
        response.on('aborted', () =>
          fail(new ClickHouseError('broken', `${this.where} broke off its answer.`)),
        );
        response.on('end', () => {
          if (!response.complete) {
            fail(new ClickHouseError('broken', `${this.where} broke off its answer.`));
            return;
          }
          finish(() =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks, size),
            }),
          );
        });
      });
      request.end(body);
    });
  }

  /** Closes the connections that are kept; those in use close when their answers have come. */
  close(): void {
    this.#agent.destroy();
  }
}

class StaleConnection extends Error {}
