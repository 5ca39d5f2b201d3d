import type { Command } from 'commander';
import {
  type Config,
  type ConfigProblem,
  type Endpoint,
  formatEndpoint,
  loadConfig,
} from '../config/index.ts';
import { CommandFailure } from './failure.ts';
import type { Io } from './io.ts';

/** The option that every command which needs the configuration has. */
export function withConfigOption(command: Command): Command {
  return command.option(
    '-c, --config <file>',
    'configuration file (default: $WEIR_CONFIG, else ./weir.yaml if it is there)',
  );
}

/** Loads the configuration, or fails with all that is wrong with it. */
export function configFor(
  io: Io,
  file: string | undefined,
): { config: Config; warnings: readonly ConfigProblem[] } {
  const loaded = loadConfig({ file, env: io.env });
  if (!loaded.ok) throw new CommandFailure(problemsText(loaded.problems));
  return loaded;
}

export function problemsText(problems: readonly ConfigProblem[]): string {
  return problems.length === 1
    ? problems[0]!.message
    : `the configuration has ${problems.length} problems:\n${problems.map(({ message }) => `  - ${message}`).join('\n')}`;
}

/** The URL by which a program on this machine reaches what listens there: a wildcard is reached by loopback. */
export function localUrl({ host, port }: Endpoint): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${formatEndpoint({ host: reachable, port })}`;
}
