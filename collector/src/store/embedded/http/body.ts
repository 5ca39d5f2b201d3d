import type { IncomingMessage } from 'node:http';
import { PassThrough, pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { BlockDecoder, BlockFormatError } from '../../clickhouse/compression/block-framing.ts';
import { DatabaseError } from '../../clickhouse/database.ts';
import { exception } from './exceptions.ts';

/** How long a client may send nothing in the middle of its request. */
const RECEIVE_TIMEOUT_MS = 60_000;

/** The body of a request, with all its compressions taken off. Breaks with a {@link DatabaseError} where it is malformed. */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #iterator: AsyncIterator<Buffer>;
  #ended = false;

  constructor(request: IncomingMessage, decompress: boolean) {
    const stages: Transform[] = [];
    const coding = contentDecoder(request.headers['content-encoding']);
    if (coding !== undefined) stages.push(coding);
    if (decompress) stages.push(new BlockDecoder());
    const end = new PassThrough();
    this.#request = request;
    this.#iterator = end[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    // Not in one pipeline with the request: that would break the connection where a decoder fails, and with it the answer.
    const [first] = [...stages, end];
    if (stages.length > 0) pipeline([...stages, end], () => undefined); // its error comes out of the iteration
    request.once('error', (error) => end.destroy(error));
    request.pipe(first!);
    request.socket.setTimeout(RECEIVE_TIMEOUT_MS, this.#onSilence);
  }

  readonly #onSilence = (): void => void this.#request.destroy();

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
    this.#quiet();
  }

  /** From here on it is the client that waits. */
  #quiet(): void {
    this.#request.socket?.setTimeout(0, this.#onSilence);
    this.#request.socket?.off('timeout', this.#onSilence);
  }

  /**
   * Takes the rest that comes off the wire and forgets it, so that the connection can be used again.
   *
   * @returns whether that was all: beyond the bound it is not waited for
   */
  discard(maxBytes: number): Promise<boolean> {
    const request = this.#request;
    request.unpipe();
    return new Promise((resolve) => {
      let size = 0;
      const done = (): void => {
        this.#quiet();
        resolve(request.complete);
      };
      request.on('data', (piece: Buffer) => {
        size += piece.length;
        if (size > maxBytes) done();
      });
      request.once('end', done).once('close', done);
      if (request.readableEnded || request.destroyed) done();
      else request.resume();
    });
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
