import type { IncomingMessage } from 'node:http';
import { PassThrough, pipeline } from 'node:stream';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { BlockDecoder, BlockFormatError } from '../../clickhouse/compression/block-framing.ts';
import { DatabaseError } from '../../clickhouse/database.ts';
import { exception } from './exceptions.ts';

/** How long a client may send nothing in the middle of its request. */
const RECEIVE_TIMEOUT_MS = 60_000;

/** The body of a request, with all its compressions taken off. Breaks with a {@link DatabaseError} where it is malformed. */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #stream: Readable;
  readonly #iterator: AsyncIterator<Buffer>;
  #ended = false;

  constructor(request: IncomingMessage, decompress: boolean) {
    const stages: Transform[] = [];
    const coding = contentDecoder(request.headers['content-encoding']);
    if (coding !== undefined) stages.push(coding);
    if (decompress) stages.push(new BlockDecoder());
    const end = new PassThrough();
    this.#request = request;
    this.#stream = end;
    request.setTimeout(RECEIVE_TIMEOUT_MS, () => request.destroy());
    pipeline([request, ...stages, end], () => undefined); // an error comes out of the last stage's iteration
    this.#iterator = end[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** The next piece; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    if (this.#ended) return undefined;
    try {
      const { value, done } = await this.#iterator.next();
      if (done) this.#end();
      return done ? undefined : value;
    } catch (error) {
      this.#end();
      throw asException(error);
    }
  }

  #end(): void {
    this.#ended = true;
    this.#request.setTimeout(0); // from here on it is the client that waits
  }

  /** Takes what comes off the wire and forgets it, so that the connection can be used again; gives up beyond a bound. */
  async discard(maxBytes: number): Promise<boolean> {
    let size = 0;
    try {
      for (let piece = await this.next(); piece !== undefined; piece = await this.next()) {
        size += piece.length;
        if (size > maxBytes) {
          this.#stream.destroy();
          return false;
        }
      }
      return true;
    } catch {
      return false;
    }
  }
}

function contentDecoder(encoding: string | undefined): Transform | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    case 'zstd':
      return createZstdDecompress();
    default:
      throw exception(
        'NOT_IMPLEMENTED',
        `Content-Encoding '${encoding}' is not supported here: use gzip, deflate, br or zstd`,
      );
  }
}

function asException(error: unknown): Error {
  if (error instanceof DatabaseError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof BlockFormatError) {
    const codes = {
      checksum: 'CHECKSUM_DOESNT_MATCH',
      method: 'UNKNOWN_COMPRESSION_METHOD',
      size: 'TOO_LARGE_SIZE_COMPRESSED',
      data: 'CANNOT_DECOMPRESS',
    } as const;
    return exception(codes[error.kind], message);
  }
  if ((error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE') {
    return new DatabaseError('The client went away before its request was whole', { retryable: true });
  }
  return exception('CANNOT_DECOMPRESS', `Cannot decompress the request's body: ${message}`);
}
