import { join } from 'node:path';

/** What to start as a plugin. */
export interface PluginCommand {
  readonly command: string;
  readonly args: readonly string[];
}

const ofSource = (file: string): PluginCommand => ({
  command: process.execPath,
  args: ['--no-warnings', join(import.meta.dirname, '..', file)],
});

const ofEnvironment = (name: string): PluginCommand | undefined => {
  const [command, ...args] = process.env[name]?.split(' ') ?? [];
  return command ? { command, args } : undefined;
};

/** `WEIR_PLUGIN_COMMAND`: any plugin's executable, to be held to what every plugin owes its host. */
export const anyPlugin = (): PluginCommand =>
  ofEnvironment('WEIR_PLUGIN_COMMAND') ?? ofSource('example/main.ts');

/** `WEIR_FIXTURE_COMMAND`: the fixture plugin, bundled in whatever way is on trial. */
export const fixturePlugin = (): PluginCommand =>
  ofEnvironment('WEIR_FIXTURE_COMMAND') ?? ofSource('tests/fixture-plugin.ts');

export const examplePlugin = (): PluginCommand => ofSource('example/main.ts');
