import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { crc32, zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib';

/*
 * What detection has learnt, in a file: a line that says what it is, the CRC-32 and the length of what follows, then the state, compressed.
 */

const HEAD = Buffer.from('weir detection state 1\n');
const FIXED = HEAD.length + 8;

/** What an earlier run has saved; neither where there is nothing, `problem` where it is of no use. */
export function readDetectionState(path: string): { state?: Uint8Array; problem?: string } {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? {}
      : { problem: `${path} cannot be read (${String(error)}): what is usual is learnt anew` };
  }
  if (!file.subarray(0, HEAD.length).equals(HEAD))
    return { problem: `${path} is not of a version that this program knows: what is usual is learnt anew` };
  const damaged = { problem: `${path} is damaged: what is usual is learnt anew` };
  if (file.length < FIXED) return damaged;
  const packed = file.subarray(FIXED);
  if (packed.length !== file.readUInt32LE(HEAD.length + 4)) return damaged;
  if (crc32(packed) !== file.readUInt32LE(HEAD.length)) return damaged;
  try {
    return { state: zstdDecompressSync(packed) };
  } catch {
    return damaged;
  }
}

/** Written beside and renamed: a crash leaves the old file or the new one. Returns the file's bytes. */
export function writeDetectionState(path: string, state: Uint8Array): number {
  const packed = zstdCompressSync(state, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const fixed = Buffer.alloc(8);
  fixed.writeUInt32LE(crc32(packed), 0);
  fixed.writeUInt32LE(packed.length, 4);
  writeFileSync(`${path}.new`, Buffer.concat([HEAD, fixed, packed]));
  renameSync(`${path}.new`, path);
  return FIXED + packed.length;
}
