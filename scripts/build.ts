import { mkdirSync, readFileSync, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { bundleModule } from './build/bundle-module.ts';
import { copyFiles } from './build/copy-files.ts';
import { findPlugins } from './build/find-plugins.ts';
import { writeLauncher } from './build/launcher.ts';

/*
 * Makes the folder dist/ that Grafana loads as it is: the data source, its nested panels, the dashboards, and, unless
 * --frontend-only, a launcher that runs the backend from its sources. --watch builds again at each change. Files are replaced one
 * by one and whole, so that a Grafana that runs with dist/ never meets half a file; executables that are there stay.
 */

const root = resolve(import.meta.dirname, '..');
const source = join(root, 'src');
const watching = process.argv.includes('--watch');
const frontendOnly = process.argv.includes('--frontend-only');
const outOption = process.argv.indexOf('--out');
const out = outOption === -1 ? join(root, 'dist') : resolve(process.argv[outOption + 1] ?? 'dist');

const known = new Set(['--watch', '--frontend-only', '--out']);
for (const [i, argument] of process.argv.slice(2).entries()) {
  if (!known.has(argument) && process.argv[i + 1] !== '--out') {
    console.error(
      `${argument} is not known: node scripts/build.ts [--watch] [--frontend-only] [--out <folder>]`,
    );
    process.exit(2);
  }
}

async function build(): Promise<void> {
  const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string })
    .version;
  const today = buildDate().toISOString().slice(0, 10);
  mkdirSync(out, { recursive: true });
  for (const plugin of await findPlugins(source)) {
    const target = join(out, relative(source, plugin.folder));
    const size = await bundleModule(root, plugin.module, target);
    await copyFiles(root, plugin.folder, target, { version, today, isRoot: plugin.folder === source });
    console.log(`${relative(root, join(target, 'module.js'))}  ${(size / 1024).toFixed(0)} KB`);
  }
  if (!frontendOnly) console.log(writeLauncher(root, out));
}

/** What reproducible builds set, else now. */
function buildDate(): Date {
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  return epoch === undefined || epoch === '' ? new Date() : new Date(Number(epoch) * 1000);
}

try {
  await build();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (!watching) process.exit(1);
}

if (watching) {
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      build().catch((error: unknown) => console.error(error instanceof Error ? error.message : error));
    }, 200);
  };
  for (const folder of ['src', 'core/src', 'dashboards']) {
    await readdir(join(root, folder));
    watch(join(root, folder), { recursive: true }, again);
  }
  console.log('Watching src/, core/src/ and dashboards/. Ctrl-C ends it.');
}
