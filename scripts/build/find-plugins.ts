import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface PluginSource {
  /** Where its `plugin.json` is. */
  readonly folder: string;
  /** Its `module.ts` or `module.tsx`. */
  readonly module: string;
}

/** The plugins under a folder: each `plugin.json`, with the module beside it. Throws where one has none. */
export async function findPlugins(source: string): Promise<PluginSource[]> {
  const entries = await readdir(source, { recursive: true });
  return entries
    .filter((path) => path === 'plugin.json' || path.endsWith('/plugin.json'))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .map((path) => {
      const folder = dirname(join(source, path));
      const module = ['module.ts', 'module.tsx']
        .map((name) => join(folder, name))
        .find((file) => existsSync(file));
      if (module === undefined)
        throw new Error(`${folder} has a plugin.json, but neither module.ts nor module.tsx`);
      return { folder, module };
    });
}
