import { join, relative } from 'node:path';
import { type Plugin, build } from 'esbuild';
import { writeWhole } from './write-whole.ts';

/**
 * What Grafana gives to plugins in all versions from 11.6 on (its `sharedDependencies.ts`), as far as it is wanted here. Anything
 * else is bundled.
 */
const shared = [
  '@emotion/css',
  '@emotion/react',
  '@grafana/data',
  '@grafana/runtime',
  '@grafana/ui',
  'd3',
  'lodash',
  'moment',
  'react',
  'react-dom',
  'rxjs',
  'rxjs/operators',
] as const;

/** Grafana gives these only in some versions, and a bundled copy of React 18's breaks under React 19. */
const noJsxRuntime: Plugin = {
  name: 'no-jsx-runtime',
  setup(on) {
    on.onResolve({ filter: /^(react\/jsx-(dev-)?runtime|react-dom\/.+)$/ }, ({ path, importer }) => ({
      errors: [
        { text: `${path} (from ${importer}) is not in every Grafana: use React.createElement (classic JSX)` },
      ],
    }));
  },
};

/**
 * Bundles a plugin's module into `module.js` as Grafana's loader (SystemJS with its AMD extra) takes it: one anonymous `define`, whose
 * dependencies are those that Grafana shares. Returns the size in bytes.
 */
export async function bundleModule(root: string, module: string, target: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [module],
    outfile: join(target, 'module.js'),
    bundle: true,
    write: false,
    metafile: true,
    format: 'cjs',
    platform: 'browser',
    target: 'es2022',
    jsx: 'transform',
    tsconfigRaw: { compilerOptions: { jsx: 'react', verbatimModuleSyntax: true, target: 'es2022' } },
    define: { 'process.env.NODE_ENV': '"production"' },
    external: [...shared],
    plugins: [noJsxRuntime],
    minify: true,
    sourcemap: 'external',
    sourcesContent: true,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
  });
  const [output] = Object.values(metafile.outputs).filter((o) => o.entryPoint !== undefined);
  const used = [...new Set(output!.imports.filter((i) => i.external).map((i) => i.path))].sort();
  const stray = used.filter((id) => !(shared as readonly string[]).includes(id));
  if (stray.length > 0)
    throw new Error(`${relative(root, module)} imports what Grafana does not share: ${stray.join(', ')}`);

  const code = outputFiles.find((f) => f.path.endsWith('.js'))!.text;
  const map = JSON.parse(outputFiles.find((f) => f.path.endsWith('.map'))!.text) as { mappings: string };
  const text = `${amdHead(used)}\n${code.trimEnd()}\n${amdTail}`;
  await writeWhole(join(target, 'module.js'), text);
  // One line stands before the bundle: an empty line in the map.
  await writeWhole(join(target, 'module.js.map'), JSON.stringify({ ...map, mappings: `;${map.mappings}` }));
  return Buffer.byteLength(text);
}

function amdHead(dependencies: readonly string[]): string {
  const names = dependencies.map((_, i) => `d${i}`);
  const table = dependencies.map((id, i) => `${JSON.stringify(id)}:d${i}`);
  return (
    `define(${JSON.stringify(dependencies)},function(${names.join(',')}){"use strict";` +
    `var module={exports:{}},exports=module.exports,require=function(id){return {${table.join(',')}}[id]};`
  );
}

const amdTail = 'return module.exports});\n//# sourceMappingURL=module.js.map\n';
