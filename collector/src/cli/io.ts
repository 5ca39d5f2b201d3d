import type { Readable, Writable } from 'node:stream';

/** Where a command reads and writes; tests hand in their own. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Output = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export const processIo: Io = process;

/** Writes, and waits where the reader is slower than we are. */
export async function write(output: Writable, text: string | Uint8Array): Promise<void> {
  if (output.write(text)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error): void => {
      output.off('drain', settle).off('error', settle).off('close', settle);
      if (error instanceof Error) reject(error);
      else resolve();
    };
    output.once('drain', settle).once('error', settle).once('close', settle);
  });
}
