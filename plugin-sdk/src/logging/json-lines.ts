import type { LogFields, Logger, LogLevel } from './logger.ts';

/**
 * Grafana reads a plugin's standard error as JSON lines of these keys. No `@timestamp`: with anything but exactly six
 * digits of fraction Grafana takes the whole line for raw text; it stamps lines itself.
 */
export const createJsonLinesLogger = (
  write: (line: string) => void,
  module: string,
  fields: LogFields = {},
): Logger => {
  const log = (level: LogLevel, message: string, more: LogFields | undefined): void => {
    write(formatLine(level, message, module, { ...fields, ...more }));
  };
  return {
    debug: (message, more) => log('debug', message, more),
    info: (message, more) => log('info', message, more),
    warn: (message, more) => log('warn', message, more),
    error: (message, more) => log('error', message, more),
    with: (more) => createJsonLinesLogger(write, module, { ...fields, ...more }),
  };
};

/** Grafana splits lines at 64 KB; each text is kept well below. */
const MAX_TEXT = 8_000;
const MAX_LINE = 60_000;

const formatLine = (level: LogLevel, message: string, module: string, fields: LogFields): string => {
  const head = { '@level': level, '@message': cut(message), '@module': module };
  const line = stringify({ ...head, ...mapValues(fields) });
  return `${line.length > MAX_LINE ? stringify({ ...head, truncated: true }) : line}\n`;
};

const mapValues = (fields: LogFields): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, loggable(value)]));

const loggable = (value: unknown): unknown => {
  if (value instanceof Error) return cut(describeError(value));
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'bigint') return value.toString();
  return value;
};

/** Stack of an error and of what caused it. */
const describeError = (error: Error): string => {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own}\ncaused by ${describeError(error.cause)}` : own;
};

const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);

const stringify = (line: Record<string, unknown>): string => {
  try {
    return JSON.stringify(line, (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
  } catch (error) {
    // A cycle or a throwing getter must not cost the message itself.
    const { '@level': level, '@message': message, '@module': module } = line;
    return JSON.stringify({
      '@level': level,
      '@message': message,
      '@module': module,
      logError: String(error),
    });
  }
};
