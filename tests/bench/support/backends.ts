import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { EXECUTABLE, PLUGIN_ID } from '@weir/core/query';
import { type PluginProcess, startPlugin } from '@weir/plugin-sdk/testing';
import type { Workspace } from '../../support/workspace.ts';

const ROOT = join(import.meta.dirname, '../../..');

export interface Backend {
  readonly name: string;
  readonly process: PluginProcess;
}

/** The backend on Node, from its sources. */
export async function nodeBackend(workspace: Workspace): Promise<Backend> {
  const process_ = await startPlugin(process.execPath, [join(ROOT, 'backend/src/main.ts')]);
  workspace.onDispose(async () => void (await process_.stop()));
  return { name: 'Node', process: process_ };
}

/**
 * The backend as it is shipped, one executable with Bun's runtime.
 *
 * @param executable a packaged one; where none is given it is made first
 */
export async function packagedBackend(workspace: Workspace, executable?: string): Promise<Backend> {
  const process_ = await startPlugin(executable ?? packaged(workspace));
  workspace.onDispose(async () => void (await process_.stop()));
  return { name: 'packaged', process: process_ };
}

function packaged(workspace: Workspace): string {
  const out = workspace.path('package');
  execFileSync(process.execPath, [join(ROOT, 'scripts/package.ts'), '--out', out], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(out, PLUGIN_ID, `${EXECUTABLE}_linux_amd64`);
}
