import { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { CommandFailure } from '../failure.ts';
import type { Io, Output } from '../io.ts';

export interface CapturedIo extends Io {
  out(): string;
  err(): string;
}

/** Standard streams in memory; `columns` makes the output a terminal of that width. */
export function capturedIo(options: { stdin?: string; env?: Io['env']; columns?: number } = {}): CapturedIo {
  const texts = { out: '', err: '' };
  const output = (name: 'out' | 'err'): Output =>
    Object.assign(
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          texts[name] += chunk.toString();
          done();
        },
      }),
      options.columns === undefined ? {} : { isTTY: true, columns: options.columns, rows: 24 },
    );
  return {
    stdin: Object.assign(Readable.from(options.stdin === undefined ? [] : [options.stdin]), {
      isTTY: options.stdin === undefined,
    }),
    stdout: output('out'),
    stderr: output('err'),
    env: options.env ?? {},
    out: () => texts.out,
    err: () => texts.err,
  };
}

/** Runs a command as the program would; resolves with the message it failed with, or undefined. */
export async function run(command: Command, ...args: string[]): Promise<string | undefined> {
  command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  try {
    await command.parseAsync(args, { from: 'user' });
    return undefined;
  } catch (error) {
    if (
      error instanceof CommandFailure ||
      (error as { code?: string }).code?.startsWith('commander.') === true
    )
      return (error as Error).message;
    throw error;
  }
}
