import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import vm from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXECUTABLE, PLUGIN_ID, SANKEY_PANEL_ID, TOPOLOGY_PANEL_ID } from '@weir/core/query';

const root = resolve(import.meta.dirname, '../..');
const out = mkdtempSync(join(tmpdir(), 'weir-dist-'));
const script = join(root, 'scripts/build.ts');

function built(...options: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [script, '--out', out, ...options], {
    env: { ...process.env, SOURCE_DATE_EPOCH: '1767225600' },
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((done) => child.on('exit', (code) => done({ code, text })));
}

let first: { code: number | null; text: string };
beforeAll(async () => {
  first = await built();
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

const read = (path: string): string => readFileSync(join(out, path), 'utf8');

/** What Grafana shares: every name that the package exports, as something that can be called, extended and read. */
function stand(names: readonly string[]): Record<string, unknown> {
  const anything: unknown = new Proxy(Anything, {
    apply: () => anything,
    get: (target, key, receiver) => {
      if (key === 'prototype') return Reflect.get(target, key, receiver) as unknown;
      return key === Symbol.toPrimitive ? () => '' : anything;
    },
  });
  return Object.fromEntries(names.map((name) => [name, anything]));
}

/** Can be called, made and extended. */
function Anything(): void {
  // nothing to do
}

/** The names that a package of Grafana's exports, read off its bundle. */
function exportsOf(name: string): string[] {
  const text = readFileSync(join(root, 'node_modules', name, 'dist/esm/index.mjs'), 'utf8');
  return [...text.matchAll(/export \{([^}]*)\}/g)].flatMap((m) =>
    m[1]!
      .split(',')
      .map((part) =>
        part
          .trim()
          .split(/\s+as\s+/)
          .at(-1)!,
      )
      .filter((part) => part !== ''),
  );
}

class Plugin {
  readonly made: unknown;
  readonly parts: string[] = [];
  constructor(made: unknown) {
    this.made = made;
  }
  private part(name: string): this {
    this.parts.push(name);
    return this;
  }
  setConfigEditor(): this {
    return this.part('config');
  }
  setQueryEditor(): this {
    return this.part('query');
  }
  setQueryEditorHelp(): this {
    return this.part('help');
  }
}

/** A panel's plugin, whose setters can be chained. */
function Panel(): object {
  const self: object = new Proxy({}, { get: () => () => self });
  return self;
}

/** Loads a module as an AMD loader does, and returns what it exports and what it asked for. */
async function loaded(path: string): Promise<{ exports: Record<string, unknown>; dependencies: string[] }> {
  let dependencies: string[] = [];
  let factory: ((...given: unknown[]) => unknown) | undefined;
  const define = (wanted: string[], made: (...given: unknown[]) => unknown): void => {
    dependencies = wanted;
    factory = made;
  };
  vm.runInNewContext(read(path), { define, URL, console }, { filename: path });
  const shared: Record<string, unknown> = {
    '@emotion/css': stand(['css', 'cx', 'keyframes']),
    '@grafana/data': { ...stand(exportsOf('@grafana/data')), DataSourcePlugin: Plugin, PanelPlugin: Panel },
    '@grafana/runtime': { ...stand(exportsOf('@grafana/runtime')), DataSourceWithBackend: Anything },
    '@grafana/ui': stand(exportsOf('@grafana/ui')),
    react: await import('react'),
    'react-dom': stand(['createPortal']),
    rxjs: await import('rxjs'),
    d3: stand([]),
  };
  const given = dependencies.map((id) => {
    expect(Object.keys(shared)).toContain(id);
    return shared[id];
  });
  return { exports: factory!(...given) as Record<string, unknown>, dependencies };
}

describe('npm run build', () => {
  it('leaves a folder that Grafana loads as it is', () => {
    expect(first).toMatchObject({ code: 0 });
    expect(readdirSync(out)).toEqual(
      expect.arrayContaining([
        'module.js',
        'module.js.map',
        'plugin.json',
        'README.md',
        'LICENSE',
        'CHANGELOG.md',
        'img',
        'panels',
      ]),
    );
    const plugin = JSON.parse(read('plugin.json')) as {
      id: string;
      executable: string;
      info: Record<string, unknown>;
    };
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(plugin).toMatchObject({
      id: PLUGIN_ID,
      executable: EXECUTABLE,
      info: { version, updated: '2026-01-01' },
    });
    const { logos } = plugin.info as { logos: { small: string; large: string } };
    for (const logo of [logos.small, logos.large]) expect(existsSync(join(out, logo))).toBe(true);
  });

  it('has the panels under the ids that dashboards name', () => {
    const ids = ['sankey', 'topology'].map(
      (p) => (JSON.parse(read(`panels/${p}/plugin.json`)) as { id: string }).id,
    );
    expect(ids).toEqual([SANKEY_PANEL_ID, TOPOLOGY_PANEL_ID]);
  });

  it('lists each dashboard that it brings', () => {
    const { includes = [] } = JSON.parse(read('plugin.json')) as {
      includes?: { type: string; name: string; path: string }[];
    };
    const there = existsSync(join(out, 'dashboards')) ? readdirSync(join(out, 'dashboards')) : [];
    expect(includes.map(({ path }) => path).sort()).toEqual(there.map((file) => `dashboards/${file}`).sort());
    for (const { path, name } of includes)
      expect((JSON.parse(read(path)) as { title: string }).title).toBe(name);
  });

  it('makes a module that a loader can run, with nothing but what every Grafana shares', async () => {
    const { exports, dependencies } = await loaded('module.js');
    expect(exports['plugin']).toBeInstanceOf(Plugin);
    expect((exports['plugin'] as Plugin).parts).toEqual(['config', 'query', 'help']);
    expect((exports['plugin'] as Plugin).made).toHaveLength(1); // a constructor with one parameter, or Grafana does not make it
    expect(dependencies).not.toContain('react/jsx-runtime');
    for (const path of ['panels/sankey/module.js', 'panels/topology/module.js'])
      expect((await loaded(path)).exports).toHaveProperty('plugin');
  });

  it('keeps the module small: neither the registry of information elements nor React is in it', () => {
    expect(statSync(join(out, 'module.js')).size).toBeLessThan(400_000);
    const { sources } = JSON.parse(read('module.js.map')) as { sources: string[] };
    expect(
      sources.filter(
        (s) =>
          /elements|columns\.ts|node_modules\/(react|@grafana|rxjs)\//.test(s) && !s.includes('flow-columns'),
      ),
    ).toEqual([]);
  });

  it('has a source map that finds its way back, without places of this machine', () => {
    const { sources, mappings } = JSON.parse(read('module.js.map')) as {
      sources: string[];
      mappings: string;
    };
    expect(sources.some((s) => s.endsWith('src/datasource.ts'))).toBe(true);
    expect(sources.filter((s) => s.startsWith('/'))).toEqual([]);
    expect(mappings.startsWith(';')).toBe(true);
    expect(read('module.js').split('\n')[1]).not.toContain('define(');
  });

  it('makes a launcher for development that needs no PATH', () => {
    const launcher = readdirSync(out).find((name) => name.startsWith(`${EXECUTABLE}_`))!;
    expect(statSync(join(out, launcher)).mode & 0o777).toBe(0o755);
    const run = spawnSync(join(out, launcher), [], { env: {}, timeout: 20_000 });
    // Not started by Grafana, the backend says so and ends.
    expect(run.status).toBe(1);
    expect(run.stderr.toString()).toMatch(/plugin/i);
  });

  it('again changes nothing, and lets a real executable stay', async () => {
    const launcher = readdirSync(out).find((name) => name.startsWith(`${EXECUTABLE}_`))!;
    writeFileSync(join(out, launcher), '\x7fELF');
    const before = statSync(join(out, 'module.js')).mtimeMs;
    expect((await built()).code).toBe(0);
    expect(read(launcher)).toBe('\x7fELF');
    expect(statSync(join(out, 'module.js')).mtimeMs).toBe(before);
    expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('says which option it does not know', async () => {
    const { code, text } = await built('--nonsense');
    expect(code).toBe(2);
    expect(text).toContain('--nonsense');
  });
});
