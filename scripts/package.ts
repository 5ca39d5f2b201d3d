import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { type Zippable, zipSync } from 'fflate';
import { EXECUTABLE, PLUGIN_ID } from '@weir/core/query';

/*
 * The plugin as it is given to others: a folder and a zip with the backend as one executable for each system, checksums and a
 * bill of materials.
 *
 *   node scripts/package.ts                            for this machine's system
 *   node scripts/package.ts --targets all              for all of them: fetches Bun for the others from the npm registry
 *   node scripts/package.ts --targets linux-arm64,darwin-arm64 --out /tmp/package
 */

const root = resolve(import.meta.dirname, '..');

/** Our names of systems; Go's, by which Grafana looks for the executable; the npm package that brings Bun for it. */
const targets = {
  'linux-x64': { go: 'linux_amd64', bun: 'bun-linux-x64', npm: 'linux-x64' },
  'linux-arm64': { go: 'linux_arm64', bun: 'bun-linux-arm64', npm: 'linux-aarch64' },
  'darwin-x64': { go: 'darwin_amd64', bun: 'bun-darwin-x64', npm: 'darwin-x64' },
  'darwin-arm64': { go: 'darwin_arm64', bun: 'bun-darwin-arm64', npm: 'darwin-aarch64' },
  'windows-x64': { go: 'windows_amd64.exe', bun: 'bun-windows-x64', npm: 'windows-x64' },
} as const;
type Target = keyof typeof targets;

const { values } = parseArgs({
  options: {
    targets: { type: 'string', default: 'host' },
    out: { type: 'string', default: join(root, 'package') },
  },
});
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
const bunVersion = (
  JSON.parse(readFileSync(join(root, 'node_modules/bun/package.json'), 'utf8')) as { version: string }
).version;
const out = resolve(values.out);
const folder = join(out, PLUGIN_ID);
const chosen = chooseTargets(values.targets);

rmSync(out, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
execFileSync(process.execPath, [join(root, 'scripts/build.ts'), '--frontend-only'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
cpSync(join(root, 'dist'), folder, {
  recursive: true,
  filter: (path) => !path.includes(`${EXECUTABLE}_`),
});

const { script, packages } = await bundleBackend();
for (const target of chosen) compile(target, script);
const shipped = [...packages, ...frontendPackages()];
writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify(billOfMaterials(shipped), null, 2)}\n`);
rmSync(script);

const files = filesOf(folder);
writeFileSync(
  join(folder, 'SHA256SUMS'),
  files.map((f) => `${sha256(readFileSync(join(folder, f)))}  ${f}\n`).join(''),
);
const archive = join(out, `${PLUGIN_ID}-${version}.zip`);
writeFileSync(archive, zip());
writeFileSync(`${archive}.sha256`, `${sha256(readFileSync(archive))}  ${PLUGIN_ID}-${version}.zip\n`);
for (const target of chosen) {
  const file = join(folder, `${EXECUTABLE}_${targets[target].go}`);
  console.log(`${target}: ${relative(process.cwd(), file)}, ${megabytes(file)}`);
}
console.log(`${relative(process.cwd(), archive)}, ${megabytes(archive)}`);

function chooseTargets(text: string): Target[] {
  const all = Object.keys(targets) as Target[];
  if (text === 'all') return all;
  const names =
    text === 'host'
      ? [`${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`]
      : text.split(',');
  return names.map((name) => {
    const target = all.find((t) => t === name);
    if (target === undefined)
      throw new Error(`no target is called ${name}: ${all.join(', ')}, host or all would be right`);
    return target;
  });
}

/** The backend and all it needs as one file, and the names of the packages in it. */
async function bundleBackend(): Promise<{ script: string; packages: string[] }> {
  const script = join(out, 'backend.mjs');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'backend/src/main.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    define: { WEIR_VERSION: JSON.stringify(version) },
    // CommonJS packages in an ES module ask for these.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  return { script, packages: packagesOf(Object.keys(metafile.inputs)) };
}

/**
 * Bun's single executable rather than Node's: it needs no shared libraries beyond those that Grafana's default image has, where
 * Node's also needs libstdc++ and libgcc (docs/reference/plugin-backend.md has what was tried).
 */
function compile(target: Target, script: string): void {
  const { go, bun } = targets[target];
  const executable = join(folder, `${EXECUTABLE}_${go}`);
  execFileSync(
    join(root, 'node_modules/.bin/bun'),
    [
      'build',
      '--compile',
      `--target=${bun}`,
      `--compile-executable-path=${runtimeOf(target)}`,
      '--no-compile-autoload-dotenv',
      '--no-compile-autoload-bunfig',
      `--outfile=${executable}`,
      script,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  chmodSync(executable, 0o755);
}

/** Bun for a system: from node_modules where it is there, else fetched by npm, which checks its integrity. */
function runtimeOf(target: Target): string {
  const name = `bun-${targets[target].npm}`;
  const file = target.startsWith('windows') ? 'bin/bun.exe' : 'bin/bun';
  const installed = join(root, 'node_modules/@oven', name, file);
  if (existsSync(installed)) return installed;
  const cache = join(root, 'node_modules/.cache/weir', `${name}-${bunVersion}`);
  const cached = join(cache, 'package', file);
  if (!existsSync(cached)) {
    mkdirSync(cache, { recursive: true });
    const tarball = execFileSync(
      'npm',
      ['pack', `@oven/${name}@${bunVersion}`, '--silent', '--pack-destination', cache],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    ).trim();
    execFileSync('tar', ['xzf', join(cache, tarball), '-C', cache]);
    rmSync(join(cache, tarball));
  }
  return cached;
}

/** Names of the packages that files under node_modules belong to. */
function packagesOf(paths: readonly string[]): string[] {
  const names = paths.map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[0]);
  return [...new Set(names.filter((n) => n !== undefined))];
}

/** What the browser half's source maps name: read from there, since that is what was really bundled. */
function frontendPackages(): string[] {
  const maps = filesOf(folder).filter((f) => f.endsWith('.js.map'));
  const sources = maps.flatMap(
    (f) => (JSON.parse(readFileSync(join(folder, f), 'utf8')) as { sources: string[] }).sources,
  );
  return packagesOf(sources.map((s) => s.slice(Math.max(0, s.indexOf('node_modules/')))));
}

/** CycloneDX 1.6. */
function billOfMaterials(folders: readonly string[]): object {
  const components = [...new Set(folders)]
    .map((path) => {
      const file = join(root, path, 'package.json');
      const { name, version, license } = JSON.parse(readFileSync(file, 'utf8')) as {
        name: string;
        version: string;
        license?: string;
      };
      return { name, version, license };
    })
    .concat({ name: 'bun', version: bunVersion, license: 'MIT' })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${randomUUID()}`,
    version: 1,
    metadata: {
      component: {
        type: 'application',
        name: PLUGIN_ID,
        version,
        licenses: [{ license: { id: 'Apache-2.0' } }],
      },
    },
    components: components.map(({ name, version, license }) => ({
      type: 'library',
      name,
      version,
      purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
      ...(license !== undefined && { licenses: [{ expression: license }] }),
    })),
  };
}

function filesOf(top: string): string[] {
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
    .filter((f) => statSync(join(top, f)).isFile())
    .sort();
}

/** Executables keep their permission: an unpacked plugin must start. */
function zip(): Uint8Array {
  const content: Zippable = {};
  for (const file of filesOf(folder)) {
    const mode = file.startsWith(`${EXECUTABLE}_`) ? 0o100755 : 0o100644;
    content[`${PLUGIN_ID}/${file}`] = [
      new Uint8Array(readFileSync(join(folder, file))),
      { os: 3, attrs: mode << 16, level: 6 },
    ];
  }
  return zipSync(content);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function megabytes(file: string): string {
  return `${(statSync(file).size / 1e6).toFixed(1)} MB`;
}
