import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import type { Transform, Writable } from 'node:stream';
import { constants, createBrotliCompress, createDeflate, createGzip, createZstdCompress } from 'node:zlib';
import { BlockEncoder } from '../../clickhouse/compression/block-framing.ts';
import type { BlockMethod } from '../../clickhouse/compression/block-framing.ts';
import { contentType } from './content-type.ts';
import { report } from './exceptions.ts';

export interface AnswerOptions {
  readonly version: string;
  readonly timezone: string;
  readonly displayName: string;
  /** Where a result waits that is to be sent only when it is whole. */
  readonly spoolFile: string;
  /** How long a client may take no byte before it is given up, in milliseconds. */
  readonly sendTimeoutMs: number;
}

/** How a result is to be wrapped, as the request asks for it. */
export interface Wrapping {
  readonly contentEncoding: ContentEncoding | undefined;
  readonly blocks: BlockMethod | undefined;
  readonly waitForEnd: boolean;
}

export type ContentEncoding = 'zstd' | 'gzip' | 'br' | 'deflate';

/** What `X-ClickHouse-Summary` tells. */
export interface Summary {
  readonly resultRows: number;
  readonly writtenRows: number;
  readonly bytes: number;
  readonly elapsedSeconds: number;
}

/**
 * So much of a result is held back before the head of the answer is sent, so that an error that comes soon has its own
 * status. ClickHouse holds back as much as its buffer, which the engine fills before it writes anything.
 */
const HELD_BACK = 512 << 10;
/** A result that must be whole before it is sent moves from memory to a file beyond this. */
const HELD_IN_MEMORY = 1 << 20;

/**
 * The answer to one query: its head once, then its result, or an error, in the way that ClickHouse has for each moment.
 * Writing waits for the client; when the client has gone, it waits for nothing and the bytes are dropped.
 */
export class Answer {
  readonly #response: ServerResponse;
  readonly #options: AnswerOptions;
  readonly #tag = exceptionTag();
  #wrapping: Wrapping = { contentEncoding: undefined, blocks: undefined, waitForEnd: false };
  #format = 'TabSeparated';
  #held: Buffer[] = [];
  #heldSize = 0;
  #spool: WriteStream | undefined;
  /** Where bytes are written to once the head is sent: the first encoder, or the response itself. */
  #out: Writable | undefined;
  #lastEncoder: Transform | undefined;

  constructor(response: ServerResponse, options: AnswerOptions) {
    this.#response = response;
    this.#options = options;
    response.on('error', () => undefined); // the client has gone, which `gone` tells
    response.setHeader('X-ClickHouse-Server-Display-Name', options.displayName);
  }

  set queryId(id: string) {
    this.#response.setHeader('X-ClickHouse-Query-Id', id);
  }

  set wrapping(wrapping: Wrapping) {
    this.#wrapping = wrapping;
  }

  set format(format: string) {
    this.#format = format;
  }

  /** Whether nobody waits for the answer any more. */
  get gone(): boolean {
    return (
      this.#response.destroyed || this.#response.writableEnded || this.#response.socket?.destroyed === true
    );
  }

  /** Resolves when the bytes are on their way, or the client has gone. */
  async write(chunk: Buffer): Promise<void> {
    if (this.gone || chunk.length === 0) return;
    if (this.#out !== undefined) return this.#send(this.#out, chunk);
    if (this.#spool !== undefined) return this.#send(this.#spool, chunk);
    this.#held.push(chunk);
    this.#heldSize += chunk.length;
    if (this.#wrapping.waitForEnd) {
      if (this.#heldSize > HELD_IN_MEMORY) {
        this.#spool = createWriteStream(this.#options.spoolFile, { mode: 0o600 });
        this.#spool.on('error', () => undefined); // a full disk shows when the result is finished
        await this.#send(this.#spool, this.#takeHeld());
      }
    } else if (this.#heldSize > HELD_BACK) {
      await this.#send(this.#begin(undefined), this.#takeHeld());
    }
  }

  /** Sends what is left and ends the answer. */
  async finish(summary: Summary): Promise<void> {
    try {
      if (this.gone) return;
      const out = this.#out ?? this.#begin(summary);
      if (this.#spool !== undefined) {
        this.#spool.end();
        await finished(this.#spool);
        for await (const chunk of createReadStream(this.#options.spoolFile, { highWaterMark: 256 << 10 })) {
          await this.#send(out, chunk as Buffer);
        }
      } else if (this.#heldSize > 0) await this.#send(out, this.#takeHeld());
      await this.#endEncoders(out);
      if (this.gone) return;
      this.#response.end();
      await this.#sent();
    } finally {
      await this.#dropSpool();
    }
  }

  /** Answers with an error: as a status where the head has not been sent yet, else inside the result, which is then broken off. */
  async fail(error: unknown): Promise<void> {
    try {
      if (this.gone) return;
      const { status, code, text } = report(error, this.#options.version);
      if (this.#out === undefined) {
        this.#response.statusCode = status;
        this.#response.setHeader('X-ClickHouse-Exception-Code', code);
        this.#response.setHeader('X-ClickHouse-Timezone', this.#options.timezone);
        this.#response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
        if (status === 401) this.#response.setHeader('WWW-Authenticate', 'Basic realm="ClickHouse"');
        if (status === 503) this.#response.setHeader('Retry-After', '1');
        this.#response.end(text);
        await this.#sent();
        return;
      }
      // The frame in which ClickHouse's clients look for an error in the middle of a result; then the connection breaks
      // off without the end of its last chunk, so that no other client takes half a result for a whole one.
      const frame = `\r\n__exception__\r\n${this.#tag}\r\n${text}${Buffer.byteLength(text)} ${this.#tag}\r\n__exception__\r\n`;
      const { socket } = this.#response;
      await this.#send(this.#out, Buffer.from(frame));
      await this.#endEncoders(this.#out);
      await new Promise((done) => setImmediate(done)); // the response hands its bytes to the socket in the next turn
      socket?.destroySoon();
    } finally {
      await this.#dropSpool();
    }
  }

  #takeHeld(): Buffer {
    const all = Buffer.concat(this.#held, this.#heldSize);
    this.#held = [];
    this.#heldSize = 0;
    return all;
  }

  #begin(summary: Summary | undefined): Writable {
    const { contentEncoding, blocks } = this.#wrapping;
    this.#response.statusCode = 200;
    this.#response.setHeader('Content-Type', contentType(this.#format));
    this.#response.setHeader('X-ClickHouse-Format', this.#format);
    this.#response.setHeader('X-ClickHouse-Timezone', this.#options.timezone);
    this.#response.setHeader('X-ClickHouse-Exception-Tag', this.#tag);
    this.#response.setHeader('X-ClickHouse-Summary', JSON.stringify(summaryHeader(summary)));
    const encoders: Transform[] = [];
    if (blocks !== undefined) encoders.push(new BlockEncoder(blocks));
    if (contentEncoding !== undefined) {
      this.#response.setHeader('Content-Encoding', contentEncoding);
      encoders.push(contentEncoder(contentEncoding));
    }
    encoders.forEach((encoder, index) => {
      encoder.on('error', () => this.#response.destroy());
      const next = encoders[index + 1];
      if (next === undefined) encoder.pipe(this.#response, { end: false });
      else encoder.pipe(next);
    });
    this.#lastEncoder = encoders.at(-1);
    this.#out = encoders[0] ?? this.#response;
    return this.#out;
  }

  /** Has the encoders give out what they still hold. */
  async #endEncoders(out: Writable): Promise<void> {
    const last = this.#lastEncoder;
    if (last === undefined || this.gone) return;
    const closed = new Promise<void>((done) => this.#response.once('close', done));
    out.end();
    await Promise.race([finished(last).catch(() => undefined), closed]);
  }

  /** Writes, and waits where the receiver is behind; gives a client up that takes nothing for too long. */
  async #send(out: Writable, chunk: Buffer): Promise<void> {
    if (out.write(chunk) || out.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        out.off('drain', done);
        out.off('close', done);
        this.#response.off('close', done);
        resolve();
      };
      const timer = setTimeout(() => this.#response.destroy(), this.#options.sendTimeoutMs);
      out.on('drain', done);
      out.on('close', done);
      this.#response.on('close', done);
      if (this.gone) done();
    });
  }

  async #sent(): Promise<void> {
    const timer = setTimeout(() => this.#response.destroy(), this.#options.sendTimeoutMs);
    await finished(this.#response).catch(() => undefined);
    clearTimeout(timer);
  }

  async #dropSpool(): Promise<void> {
    if (this.#spool === undefined) return;
    this.#spool.destroy();
    await rm(this.#options.spoolFile, { force: true });
  }
}

/** The coding that the client takes and we like best; none where it takes none. */
export function chooseContentEncoding(acceptEncoding: string | undefined): ContentEncoding | undefined {
  if (acceptEncoding === undefined) return undefined;
  const accepted = new Set<string>();
  for (const part of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const refused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    if (!refused) accepted.add(name === 'x-gzip' ? 'gzip' : name);
  }
  return (['zstd', 'gzip', 'br', 'deflate'] as const).find((name) => accepted.has(name));
}

function contentEncoder(encoding: ContentEncoding): Transform {
  switch (encoding) {
    case 'zstd':
      return createZstdCompress();
    case 'gzip':
      return createGzip({ level: 3 });
    case 'deflate':
      return createDeflate({ level: 3 });
    case 'br':
      return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 3 } });
  }
}

function summaryHeader(summary: Summary | undefined): Record<string, string> {
  const { resultRows = 0, writtenRows = 0, bytes = 0, elapsedSeconds = 0 } = summary ?? {};
  return {
    read_rows: String(resultRows + writtenRows),
    read_bytes: String(bytes),
    written_rows: String(writtenRows),
    written_bytes: String(writtenRows > 0 ? bytes : 0),
    total_rows_to_read: '0',
    result_rows: String(resultRows + writtenRows),
    result_bytes: String(bytes),
    elapsed_ns: String(Math.round(elapsedSeconds * 1e9)),
  };
}

function exceptionTag(): string {
  return Array.from(randomBytes(16), (byte) => String.fromCharCode(97 + (byte % 26))).join('');
}
