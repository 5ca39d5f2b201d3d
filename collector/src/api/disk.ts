import { statfs } from 'node:fs/promises';

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Room for an ordinary user on the file system of a folder; undefined where the folder is not there. */
export async function freeSpace(folder: string): Promise<Space | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}
