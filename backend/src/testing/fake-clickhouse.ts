import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the fake server got it. */
export interface SeenRequest {
  readonly sql: string;
  readonly search: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

/** How the fake answers a text: columns and rows of texts, an error of ClickHouse's, or not at all. */
export type FakeAnswer =
  | {
      readonly columns: readonly (readonly [name: string, type: 'String' | 'UInt8' | 'Float64'])[];
      readonly rows: readonly (readonly (string | number)[])[];
      readonly summary?: object;
    }
  | { readonly error: string; readonly code: number; readonly status: number }
  | { readonly plain: string; readonly status: number }
  | 'hang';

export interface FakeClickHouse {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Requests whose clients went away before an answer. */
  readonly gone: string[];
  /** Resolves when a request's text matches. */
  until(pattern: RegExp): Promise<SeenRequest>;
  close(): Promise<void>;
}

/** A server on loopback that says what a test wants it to say, and remembers all that it was asked. */
export async function startFakeClickHouse(
  answer: (request: SeenRequest) => FakeAnswer,
): Promise<FakeClickHouse> {
  const seen: SeenRequest[] = [];
  const gone: string[] = [];
  const waiting: { readonly pattern: RegExp; readonly resolve: (request: SeenRequest) => void }[] = [];
  const server: Server = createServer((request, response) => {
    void read(request).then((body) => {
      const search = new URL(request.url ?? '/', 'http://fake').searchParams;
      const one = { sql: body, search, headers: request.headers };
      seen.push(one);
      for (const { pattern, resolve } of waiting) if (pattern.test(body)) resolve(one);
      const said = answer(one);
      if (said === 'hang') response.on('close', () => gone.push(body));
      else reply(response, said);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    gone,
    until: (pattern) =>
      new Promise((resolve) => {
        const already = seen.find(({ sql }) => pattern.test(sql));
        if (already !== undefined) resolve(already);
        else waiting.push({ pattern, resolve });
      }),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function reply(response: ServerResponse, said: Exclude<FakeAnswer, 'hang'>): void {
  if ('error' in said) {
    response.writeHead(said.status, { 'X-ClickHouse-Exception-Code': String(said.code) });
    response.end(`Code: ${said.code}. DB::Exception: ${said.error} (version 25.1.1.1)`);
    return;
  }
  if ('plain' in said) {
    response.writeHead(said.status).end(said.plain);
    return;
  }
  response.writeHead(200, {
    'X-ClickHouse-Format': 'RowBinaryWithNamesAndTypes',
    'X-ClickHouse-Summary': JSON.stringify(said.summary ?? {}),
  });
  const texts = (list: readonly string[]): Buffer[] => list.map(textOf);
  response.end(
    Buffer.concat([
      Buffer.of(said.columns.length),
      ...texts(said.columns.map(([name]) => name)),
      ...texts(said.columns.map(([, type]) => type)),
      ...said.rows.flatMap((row) => row.map((value, i) => valueOf(value, said.columns[i]![1]))),
    ]),
  );
}

function textOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  for (let left = bytes.length; ; left = Math.floor(left / 128)) {
    if (left < 128) {
      length.push(left);
      break;
    }
    length.push((left % 128) + 128);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

function valueOf(value: string | number, type: 'String' | 'UInt8' | 'Float64'): Buffer {
  if (type === 'String') return textOf(String(value));
  if (type === 'UInt8') return Buffer.of(Number(value));
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(Number(value));
  return bytes;
}
