import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/**
 * How a result leaves the engine while the query still runs.
 *
 * chdb's own streaming gives each block as a document of its own (a header each time), and starts the query on the event
 * loop. But the engine can write a result `INTO OUTFILE`, on its own threads, in any format it has; and the file may be a
 * named pipe. What the reader has not taken blocks the query, 64 KiB later: so memory stays bounded, and a result of any
 * size begins to arrive at once.
 */
export class ResultPipe {
  readonly readable: Readable;
  readonly #reader: number;
  readonly #writer: number;
  #finished = false;

  /** Those that a query may be waiting at. */
  static readonly #open = new Set<ResultPipe>();

  /** @param path a named pipe that nobody else uses until {@link finish} */
  constructor(path: string) {
    this.#reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    // A pipe without a writer reads as ended. This one holds it open from before the engine opens it until the query has ended.
    this.#writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    this.readable = new Socket({ fd: this.#reader, readable: true, writable: false });
    ResultPipe.#open.add(this);
  }

  /** To be called when the query has ended, one way or the other: the reader then ends after what is still in the pipe. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    ResultPipe.#open.delete(this);
    closeSync(this.#writer);
  }

  /** Lets go of all queries that wait for a reader, when the process ends and nobody will read any more. */
  static abandonAll(): void {
    for (const pipe of ResultPipe.#open) closeSync(pipe.#reader);
    ResultPipe.#open.clear();
  }
}

/**
 * Makes named pipes in an empty directory: in the one given, which is easily found again and cleared, or among the system's
 * temporary ones where its file system has no pipes.
 */
export async function makePipes(
  directory: string,
  count: number,
): Promise<{ directory: string; paths: readonly string[] }> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { mode: 0o700 });
  try {
    return { directory, paths: await makeIn(directory, count) };
  } catch {
    const elsewhere = await mkdtemp(join(tmpdir(), 'weir-pipes-'));
    return { directory: elsewhere, paths: await makeIn(elsewhere, count) };
  }
}

async function makeIn(directory: string, count: number): Promise<string[]> {
  const paths = Array.from({ length: count }, (_, index) => join(directory, `result-${index}`));
  await promisify(execFile)('mkfifo', ['-m', '600', ...paths]);
  return paths;
}
