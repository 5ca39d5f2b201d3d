import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { cityHash128 } from './city-hash-128.ts';
import { compressLz4, decompressLz4 } from './lz4-block.ts';

/**
 * ClickHouse's own compression of a stream (`compress=1`, `decompress=1`): blocks of
 * checksum (16 bytes), method (1), compressed size with this header of 9 (4), size (4), data.
 */
export type BlockMethod = 'LZ4' | 'ZSTD' | 'NONE';

const METHOD_BYTES: Readonly<Record<BlockMethod, number>> = { NONE: 0x02, LZ4: 0x82, ZSTD: 0x90 };
const CHECKSUM_SIZE = 16;
const HEADER_SIZE = 9;
/** ClickHouse's own limit, so that a forged header cannot ask for more memory. */
const MAX_BLOCK_SIZE = 1 << 30;
/** What one request may make us hold at once. ClickHouse itself writes blocks of 1 MiB. */
const MAX_ACCEPTED_SIZE = 64 << 20;
/** Small blocks keep the event loop free between them: a block of 64 KiB takes a few milliseconds. */
const WRITTEN_BLOCK_SIZE = 64 << 10;

/** What a block that cannot be read is refused with; `kind` says in what it is wrong. */
export class BlockFormatError extends Error {
  readonly kind: 'checksum' | 'method' | 'size' | 'data';

  constructor(kind: 'checksum' | 'method' | 'size' | 'data', message: string) {
    super(message);
    this.name = 'BlockFormatError';
    this.kind = kind;
  }
}

/** One block. */
export function encodeBlock(data: Uint8Array, method: BlockMethod): Buffer {
  const compressed = method === 'LZ4' ? compressLz4(data) : method === 'ZSTD' ? zstdCompressSync(data) : data;
  const block = Buffer.allocUnsafe(CHECKSUM_SIZE + HEADER_SIZE + compressed.length);
  block[CHECKSUM_SIZE] = METHOD_BYTES[method];
  block.writeUInt32LE(HEADER_SIZE + compressed.length, CHECKSUM_SIZE + 1);
  block.writeUInt32LE(data.length, CHECKSUM_SIZE + 5);
  block.set(compressed, CHECKSUM_SIZE + HEADER_SIZE);
  cityHash128(block.subarray(CHECKSUM_SIZE)).copy(block, 0);
  return block;
}

/** Compresses a stream into blocks. */
export class BlockEncoder extends Transform {
  readonly #method: BlockMethod;
  #pending: Buffer[] = [];
  #size = 0;

  constructor(method: BlockMethod) {
    super();
    this.#method = method;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#pending.push(chunk);
    this.#size += chunk.length;
    this.#write(WRITTEN_BLOCK_SIZE);
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#write(1);
    done();
  }

  #write(atLeast: number): void {
    if (this.#size < atLeast) return;
    let data = Buffer.concat(this.#pending, this.#size);
    while (data.length >= atLeast) {
      this.push(encodeBlock(data.subarray(0, WRITTEN_BLOCK_SIZE), this.#method));
      data = data.subarray(WRITTEN_BLOCK_SIZE);
    }
    this.#pending = data.length > 0 ? [data] : [];
    this.#size = data.length;
  }
}

/** Reads a stream of blocks. It fails with a {@link BlockFormatError} where a block is wrong or not whole. */
export class BlockDecoder extends Transform {
  #pending: Buffer[] = [];
  #size = 0;
  /** How many bytes the next step needs. */
  #needed = CHECKSUM_SIZE + HEADER_SIZE;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#pending.push(chunk);
    this.#size += chunk.length;
    try {
      if (this.#size >= this.#needed) this.#decodeAll();
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#size > 0 ? new BlockFormatError('data', 'The last compressed block is not whole') : null);
  }

  #decodeAll(): void {
    let data = Buffer.concat(this.#pending, this.#size);
    for (;;) {
      this.#needed = CHECKSUM_SIZE + HEADER_SIZE;
      if (data.length < this.#needed) break;
      const compressedSize = data.readUInt32LE(CHECKSUM_SIZE + 1);
      const size = data.readUInt32LE(CHECKSUM_SIZE + 5);
      if (compressedSize < HEADER_SIZE || compressedSize > MAX_BLOCK_SIZE || size > MAX_BLOCK_SIZE) {
        throw new BlockFormatError(
          'size',
          `Impossible size of a compressed block: ${compressedSize}, ${size}`,
        );
      }
      if (compressedSize > MAX_ACCEPTED_SIZE || size > MAX_ACCEPTED_SIZE) {
        throw new BlockFormatError(
          'size',
          `A compressed block of ${size} bytes is larger than ${MAX_ACCEPTED_SIZE}`,
        );
      }
      this.#needed = CHECKSUM_SIZE + compressedSize;
      if (data.length < this.#needed) break;
      this.push(decodeBlock(data.subarray(0, this.#needed), size));
      data = data.subarray(this.#needed);
    }
    this.#pending = data.length > 0 ? [data] : [];
    this.#size = data.length;
  }
}

function decodeBlock(block: Buffer, size: number): Buffer {
  const checked = block.subarray(CHECKSUM_SIZE);
  if (!cityHash128(checked).equals(block.subarray(0, CHECKSUM_SIZE))) {
    throw new BlockFormatError('checksum', "Checksum doesn't match: corrupted data");
  }
  const data = checked.subarray(HEADER_SIZE);
  const method = checked[0];
  try {
    if (method === METHOD_BYTES.LZ4) return decompressLz4(data, size);
    if (method === METHOD_BYTES.ZSTD) return zstdDecompressSync(data, { maxOutputLength: size });
  } catch (cause) {
    throw new BlockFormatError('data', `Cannot decompress a block: ${(cause as Error).message}`);
  }
  if (method === METHOD_BYTES.NONE) return data;
  throw new BlockFormatError('method', `Unknown compression method of a block: ${method}`);
}
