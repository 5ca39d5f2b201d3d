import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '../..');
const CACHE = join(ROOT, 'node_modules/.cache/weir-browser');
const LOCKED = join(HERE, 'react19');

/** What Grafana shares with its plugins (its `sharedDependencies.ts`), and what the host page itself needs. */
const SHARED: readonly string[] = [
  '@emotion/css',
  '@emotion/react',
  '@grafana/data',
  '@grafana/runtime',
  '@grafana/runtime/unstable',
  '@grafana/ui',
  'd3',
  'lodash',
  'moment',
  'react',
  'react/jsx-runtime',
  'react-dom',
  'rxjs',
  'rxjs/operators',
];
const OWN: readonly string[] = ['@grafana/i18n', 'react-dom/client'];

/** A Grafana as its browser half goes: which libraries a plugin meets there. */
export interface Host {
  readonly name: string;
  readonly react: string;
  readonly grafana: string;
  /** Holds `libraries.js`, `editor.worker.js` and `icons/`. */
  readonly folder: string;
}

/** React 18 and Grafana 12.4, as they are installed at the root. */
export function react18(): Promise<Host> {
  return bundled('React 18, Grafana 12.4', (use) => use(ROOT), [
    versionOf(ROOT, 'react'),
    versionOf(ROOT, '@grafana/ui'),
  ]);
}

/** React 19 and Grafana 13.2: installed by their own lock file into a folder that is removed when they are bundled. */
export function react19(): Promise<Host> {
  const lock = readFileSync(join(LOCKED, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Record<string, { version: string }> };
  const version = (name: string): string => packages[`node_modules/${name}`]!.version;
  return bundled('React 19, Grafana 13.2', installed, [version('react'), version('@grafana/ui'), lock]);
}

/**
 * Bundles a host's libraries once for their versions: development builds, which say what React thinks of a plugin.
 *
 * @param versions React's, Grafana's, and whatever else makes another bundle of it
 */
async function bundled(
  name: string,
  provide: (use: (folder: string) => Promise<void>) => Promise<void>,
  versions: readonly [react: string, grafana: string, ...rest: string[]],
): Promise<Host> {
  const recipe = readFileSync(import.meta.filename, 'utf8');
  const key = createHash('sha256')
    .update(JSON.stringify([versions, versionOf(ROOT, 'esbuild'), recipe]))
    .digest('hex')
    .slice(0, 12);
  const folder = join(CACHE, `react-${versions[0]}-grafana-${versions[1]}-${key}`);
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true });
    const making = mkdtempSync(join(CACHE, 'making-'));
    try {
      await provide((from) => bundle(from, making));
      if (!existsSync(folder)) renameSync(making, folder);
    } finally {
      rmSync(making, { recursive: true, force: true });
    }
  }
  return { name, react: versions[0], grafana: versions[1], folder };
}

async function installed(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-react19-'));
  try {
    for (const file of ['package.json', 'package-lock.json', '.npmrc'])
      cpSync(join(LOCKED, file), join(folder, file));
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-progress', '--loglevel=error'], {
      cwd: folder,
      maxBuffer: 64 << 20,
    });
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bundle(from: string, out: string): Promise<void> {
  const names = [...SHARED, ...OWN];
  await build({
    stdin: {
      contents: `${names.map((name, i) => `import * as l${i} from ${JSON.stringify(name)};`).join('\n')}
window.weirLibraries = { ${names.map((name, i) => `${JSON.stringify(name)}: l${i}`).join(', ')} };
window.weirShared = ${JSON.stringify(SHARED)};`,
      resolveDir: from,
      sourcefile: 'libraries.js',
    },
    outdir: out,
    entryNames: 'libraries',
    bundle: true,
    format: 'esm',
    splitting: true,
    platform: 'browser',
    target: 'es2022',
    // SystemJS has put AMD's define there: libraries must not take it for theirs.
    define: {
      'process.env.NODE_ENV': '"development"',
      'process.env': '{}',
      global: 'globalThis',
      define: 'undefined',
    },
    loader: { '.ttf': 'dataurl', '.svg': 'dataurl' },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'error',
  });
  const require = createRequire(join(from, 'package.json'));
  await build({
    entryPoints: [
      join(dirname(require.resolve('monaco-editor/package.json')), 'esm/vs/editor/editor.worker.js'),
    ],
    outfile: join(out, 'editor.worker.js'),
    bundle: true,
    format: 'iife',
    minify: true,
    logLevel: 'error',
  });
  cpSync(join(from, 'node_modules/@grafana/ui/dist/public/img/icons'), join(out, 'icons'), {
    recursive: true,
  });
}

function versionOf(folder: string, name: string): string {
  const file = join(folder, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
