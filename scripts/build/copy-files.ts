import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from './write-whole.ts';

export interface Stamp {
  readonly version: string;
  /** YYYY-MM-DD */
  readonly today: string;
  /** The data source, with which licence, changes and dashboards go. */
  readonly isRoot: boolean;
}

interface PluginJson {
  includes?: { type: string; name: string; path: string }[];
}

/** What goes with a plugin's module: plugin.json, stamped, images, its page; with the root also licence, changes and dashboards. */
export async function copyFiles(root: string, folder: string, target: string, stamp: Stamp): Promise<void> {
  const text = (await readFile(join(folder, 'plugin.json'), 'utf8'))
    .replaceAll('%VERSION%', stamp.version)
    .replaceAll('%TODAY%', stamp.today);
  const plugin = JSON.parse(text) as PluginJson;
  if (stamp.isRoot) {
    const dashboards = await copyDashboards(join(root, 'dashboards'), join(target, 'dashboards'));
    if (dashboards.length > 0) plugin.includes = [...(plugin.includes ?? []), ...dashboards];
  }
  await writeWhole(join(target, 'plugin.json'), `${JSON.stringify(plugin, null, 2)}\n`);

  await copyFolder(join(folder, 'img'), join(target, 'img'));
  const pages = [join(folder, 'README.md')];
  if (stamp.isRoot) pages.push(join(root, 'LICENSE'), join(root, 'CHANGELOG.md'));
  for (const page of pages) {
    if (existsSync(page))
      await writeWhole(join(target, page.slice(page.lastIndexOf('/') + 1)), await readFile(page));
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    await writeWhole(join(to, path.slice(from.length + 1)), await readFile(path));
  }
}

/** Copies the dashboards and returns their entries for `plugin.json`. */
async function copyDashboards(
  from: string,
  to: string,
): Promise<{ type: string; name: string; path: string }[]> {
  if (!existsSync(from)) return [];
  const files = (await readdir(from))
    .filter((name) => name.endsWith('.json') && name !== 'package.json')
    .sort();
  const includes = [];
  for (const file of files) {
    const content = await readFile(join(from, file));
    const { title } = JSON.parse(content.toString('utf8')) as { title?: string };
    if (title === undefined) continue; // no dashboard
    await writeWhole(join(to, file), content);
    includes.push({ type: 'dashboard', name: title, path: `dashboards/${file}` });
  }
  return includes;
}
