import { readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces a file at once, so that a reader sees the old one or the new one; leaves it alone where it is the same. */
export async function writeWhole(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
  if (same(path, bytes, mode)) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, bytes);
  await chmod(temporary, mode);
  await rename(temporary, path);
}

function same(path: string, bytes: Buffer, mode: number): boolean {
  try {
    return (statSync(path).mode & 0o777) === mode && readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}
