import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** The data directory that this process has open. chdb can have only one. */
let openHere: string | undefined;

/**
 * Takes a data directory for this process, or says who holds it.
 *
 * @returns gives it back
 * @throws Error naming the process that holds the directory, and what to do
 */
export function claimDataDirectory(directory: string): () => void {
  const path = realpathSync(directory);
  if (openHere !== undefined) {
    throw new Error(
      openHere === path
        ? `The ClickHouse data directory ${path} is already open in this process. Close that engine first.`
        : `This process already has the ClickHouse data directory ${openHere} open, and can have only one. ` +
            `Close that engine before opening ${path}.`,
    );
  }
  const holder = findHolder(path);
  if (holder !== undefined) throw heldBy(path, holder);
  openHere = path;
  return () => {
    openHere = undefined;
  };
}

/** The error for a directory that the engine could not open, naming its holder where there is one. */
export function explainOpenFailure(directory: string, cause: unknown): Error {
  const path = realpathSync(directory);
  const holder = findHolder(path) ?? readStatus(path);
  if (holder !== undefined && isAlive(holder.pid)) return heldBy(path, holder, cause);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `ClickHouse could not open its data directory ${path}: ${reason}. Its own message is on stderr.`,
    {
      cause,
    },
  );
}

interface Holder {
  readonly pid: number;
  readonly since: string | undefined;
}

function heldBy(path: string, { pid, since }: Holder, cause?: unknown): Error {
  const command = readText(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim();
  return new Error(
    `The ClickHouse data directory ${path} is held by process ${pid}` +
      (command ? ` (${command.length > 120 ? `${command.slice(0, 120)}…` : command})` : '') +
      (since ? `, since ${since}` : '') +
      '. Stop that process, or give this one a directory of its own (WEIR_DATA_DIR).',
    cause === undefined ? undefined : { cause },
  );
}

/** The process that has the engine's lock file open, where the system lets us see it. */
function findHolder(path: string): Holder | undefined {
  const status = readStatus(path);
  if (status === undefined || status.pid === process.pid || !isAlive(status.pid)) return undefined;
  try {
    const files = `/proc/${status.pid}/fd`;
    const open = readdirSync(files).some((file) => linkOf(join(files, file)) === join(path, 'status'));
    return open ? status : undefined; // the process is another one that got the same number
  } catch {
    return undefined; // not ours to look at: the engine's own lock will tell
  }
}

/** The engine leaves a file `status` in its directory: `PID: 1234`, `Started at: …`. It is locked while the engine runs. */
function readStatus(path: string): Holder | undefined {
  const text = readText(join(path, 'status'));
  const pid = /^PID: (\d+)$/m.exec(text ?? '')?.[1];
  if (pid === undefined) return undefined;
  return { pid: Number(pid), since: /^Started at: (.+)$/m.exec(text ?? '')?.[1] };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
