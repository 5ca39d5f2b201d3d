import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openTestEngine } from '../../embedded/testing/open-test-engine.ts';
import type { TestEngine } from '../../embedded/testing/open-test-engine.ts';
import { BlockDecoder, BlockEncoder, encodeBlock } from './block-framing.ts';
import { compressLz4, decompressLz4 } from './lz4-block.ts';

const decode = (data: Buffer): Promise<Buffer> => {
  const decoder = new BlockDecoder();
  const done = buffer(decoder);
  return pipeline(Readable.from(pieces(data)), decoder).then(
    () => done,
    (error: unknown) => {
      void done.catch(() => undefined);
      throw error;
    },
  );
};

/** In pieces of no even size, as they come off a network. */
function* pieces(data: Buffer): Generator<Buffer> {
  for (let at = 0, size = 1; at < data.length; at += size, size = (size * 7) % 4093)
    yield data.subarray(at, at + size);
}

describe('blocks that ClickHouse itself has written', () => {
  let engine: TestEngine;
  let directory: string;

  beforeAll(async () => {
    engine = await openTestEngine();
    directory = await mkdtemp(join(tmpdir(), 'weir-test-'));
  });
  afterAll(async () => {
    await engine.close();
    await rm(directory, { recursive: true, force: true });
  });

  test.each(['LZ4', 'ZSTD(3)', 'NONE', 'LZ4HC(9)'])('a column under %s', async (codec) => {
    // A column's file on disk is made of these very blocks, checksums and all.
    const database = engine.engine.database();
    await database.command(
      `CREATE OR REPLACE TABLE t (a UInt64 CODEC(${codec})) ENGINE = MergeTree ORDER BY tuple()
        SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0, serialization_info_version = 'basic'`,
    );
    await database.command('INSERT INTO t SELECT intDiv(number, 3) FROM numbers(50000)');
    const [part] = await database.query<{ path: string }>(
      "SELECT path FROM system.parts WHERE table = 't' AND active",
    );
    const file = (await readdir(part!.path)).find((name) => name === 'a.bin');
    const decoded = await decode(await readFile(join(part!.path, file!)));
    expect(decoded.length).toBe(400_000);
    expect(decoded.readBigUInt64LE(399_992)).toBe(16_666n);
  });
});

describe('our own blocks', () => {
  test.each(['LZ4', 'ZSTD', 'NONE'] as const)('come back from %s', async (method) => {
    const data = Buffer.from(Array.from({ length: 60_000 }, (_, index) => `row ${index % 997}\n`).join(''));
    const encoder = new BlockEncoder(method);
    const encoded = buffer(encoder);
    await pipeline(Readable.from(pieces(data)), encoder);
    expect((await decode(await encoded)).equals(data)).toBe(true);
    expect((await encoded).length).toBeLessThan(method === 'NONE' ? data.length + 1000 : data.length / 3);
  });

  test('of any bytes come back, and any spoilt one is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.nat(), async (bytes, at) => {
        const data = Buffer.from(bytes);
        expect(decompressLz4(compressLz4(data), data.length).equals(data)).toBe(true);
        const block = encodeBlock(data, 'LZ4');
        expect((await decode(block)).equals(data)).toBe(true);
        block[at % block.length]! ^= 0x10;
        await expect(decode(block)).rejects.toThrow();
      }),
      { numRuns: 100 },
    );
  });

  test('LZ4 of no sense ends in an error, within its bounds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5000), (bytes, size) => {
        expect(attempt(() => decompressLz4(bytes, size).length)).toMatch(
          new RegExp(`^(?:${size}|RangeError)$`),
        );
      }),
      { numRuns: 1000 },
    );
  });

  test('a size beyond all bounds is refused before any memory is taken', async () => {
    const block = encodeBlock(Buffer.from('x'), 'NONE');
    block.writeUInt32LE(0x7fffffff, 21);
    await expect(decode(block)).rejects.toMatchObject({ kind: 'size' });
    await expect(decode(encodeBlock(Buffer.from('abc'), 'LZ4').subarray(0, 20))).rejects.toMatchObject({
      kind: 'data',
    });
  });
});

function attempt(run: () => number): string {
  try {
    return String(run());
  } catch (error) {
    return error instanceof RangeError ? 'RangeError' : String(error);
  }
}
