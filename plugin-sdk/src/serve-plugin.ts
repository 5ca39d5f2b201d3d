import { createJsonLinesLogger } from './logging/json-lines.ts';
import type { Logger } from './logging/logger.ts';
import type { PluginDefinition } from './plugin-definition.ts';
import { createPluginServer } from './plugin-server.ts';
import { handshakeLine, refusalOf, standaloneVariable } from './process/handshake.ts';
import { watchParent } from './process/orphan-watch.ts';
import { takeStandardOutput } from './process/standard-output.ts';

export interface ServeOptions {
  /** Arguments of the process; `--standalone[=host:port]` starts without Grafana. Default: those of this process. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A running plugin. */
export interface ServedPlugin {
  /** `host:port` that Grafana dials. */
  readonly address: string;
  readonly log: Logger;
  /** Ends it as Grafana's Shutdown does: calls in flight get a moment, then the process exits with 0. */
  stop(reason: string): Promise<void>;
}

const ANY_PORT = '127.0.0.1:0';

/**
 * Serves a plugin to the Grafana that started this process: prints the one line Grafana waits for and runs until it is
 * told to stop, loses its parent or gets SIGTERM; then ends the process. Resolves once it is served.
 *
 * Call it first thing: from then on whatever is printed goes to Grafana's log. Started by anything but a plugin host it
 * says so on standard error and exits with 1.
 */
export const servePlugin = async <T>(
  definition: PluginDefinition<T>,
  { args = process.argv.slice(2), env = process.env }: ServeOptions = {},
): Promise<ServedPlugin> => {
  const writeLine = (line: string): void => void process.stderr.write(line);
  const log = createJsonLinesLogger(writeLine, definition.pluginId);
  const print = takeStandardOutput(log);
  const standalone = standaloneAddress(args);

  if (standalone === undefined) {
    const refusal = refusalOf(env, definition.pluginId);
    if (refusal !== undefined) return exit(1, `${refusal}\n`);
  }

  let stopping: Promise<void> | undefined;
  const stop = (reason: string): Promise<void> => {
    stopping ??= (async () => {
      log.info('Stopping', { reason });
      await server.stop().catch((error: unknown) => log.error('Not stopped cleanly', { error }));
      process.exit(0);
    })();
    return stopping;
  };
  // A standalone plugin outlives the Grafana that uses it, for the sake of whoever debugs it.
  const server = createPluginServer(definition, log, () => {
    if (standalone === undefined) void stop('asked by the host');
  });

  process.on('SIGTERM', () => void stop('SIGTERM'));
  // Ctrl-C reaches the whole group: Grafana tells its plugins itself.
  process.on('SIGINT', () => standalone !== undefined && void stop('SIGINT'));
  process.on('uncaughtException', (error) => log.error('Uncaught exception', { error }));
  process.on('unhandledRejection', (error) => log.error('Unhandled rejection', { error }));
  if (standalone === undefined) watchParent(env, () => void stop('the host has gone'));

  const elsewhere = standalone === undefined ? env[standaloneVariable(definition.pluginId)] : undefined;
  if (elsewhere) {
    // Grafana's own copy only points at the one that runs standalone, and lives as long as Grafana wants it to.
    setInterval(() => undefined, 2 ** 30);
    print(handshakeLine(elsewhere));
    return { address: elsewhere, log, stop };
  }

  let address: string;
  try {
    address = await server.listen(standalone ?? ANY_PORT);
  } catch (error) {
    log.error('The plugin could not listen', { error });
    return exit(1, '');
  }
  if (standalone === undefined) print(handshakeLine(address));
  else {
    print(
      `${definition.pluginId} ${definition.version} listens on ${address}.\n` +
        `To have Grafana use it: start Grafana with ${standaloneVariable(definition.pluginId)}=${address} in the environment of the plugin.\n`,
    );
  }
  log.info('Plugin started', { version: definition.version, address });
  return { address, log, stop };
};

/** Exits once the message has been written: pipes are written to in the background on some systems. */
const exit = (code: number, message: string): Promise<never> =>
  new Promise(() => process.stderr.write(message, () => process.exit(code)));

const STANDALONE = '--standalone';

/** Where a standalone plugin is to listen; undefined for a managed one. */
const standaloneAddress = (args: readonly string[]): string | undefined => {
  const argument = args.find((each) => each === STANDALONE || each.startsWith(`${STANDALONE}=`));
  if (argument === undefined) return undefined;
  return argument.slice(STANDALONE.length + 1) || ANY_PORT;
};
