import { format } from 'node:util';
import type { Logger } from '../logging/logger.ts';

/**
 * Takes standard output away from everyone: the first line on it must be ours, and any other breaks the start. What code
 * or its dependencies print goes to the log instead. Returns the real write.
 */
export const takeStandardOutput = (log: Logger): ((text: string) => void) => {
  const write = process.stdout.write.bind(process.stdout);
  // A host that has gone closes our pipes: nobody is left to be told.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);

  const toLog = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const text = typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
    if (text.trim() !== '') log.info(text.trimEnd(), { from: 'stdout' });
    const done = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    if (done) queueMicrotask(done);
    return true;
  };
  process.stdout.write = toLog as typeof process.stdout.write;

  const print =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (...values: unknown[]): void =>
      log[level](format(...values), { from: 'console' });
  Object.assign(globalThis.console, {
    log: print('info'),
    info: print('info'),
    debug: print('debug'),
    trace: print('debug'),
    warn: print('warn'),
    error: print('error'),
    dir: print('info'),
  });
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.warn(`${warning.name}: ${warning.message}`));
  return (text) => void write(text);
};
