import type { PluginDefinition } from './plugin-definition.ts';

export interface ServeOptions {
  /** Arguments of the process; `--standalone[=host:port]` starts without Grafana. Default: those of this process. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A running plugin. */
export interface ServedPlugin {
  /** `host:port` that Grafana dials. */
  readonly address: string;
  /** Ends it as Grafana's Shutdown does: calls in flight get a moment, then the process exits with 0. */
  stop(reason: string): Promise<void>;
}

/**
 * Serves a plugin to the Grafana that started this process: prints the one line Grafana waits for and runs until it is
 * told to stop, loses its parent or gets SIGTERM; then ends the process. Resolves once it is served.
 */
export const servePlugin = async <T>(
  definition: PluginDefinition<T>,
  options: ServeOptions = {},
): Promise<ServedPlugin> => {
  throw new Error(`not served yet: ${definition.pluginId} ${JSON.stringify(options.args)}`);
};
