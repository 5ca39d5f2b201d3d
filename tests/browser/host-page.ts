import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plugin, build } from 'esbuild';

const HOST = join(import.meta.dirname, 'host');
const SYSTEM = join(import.meta.dirname, '../../node_modules/systemjs/dist');

/** SystemJS and its two extras, as Grafana's loader imports them. */
export const systemFiles = ['system.js', 'extras/amd.js', 'extras/named-register.js'].map((file) =>
  join(SYSTEM, file),
);

/** Bundles the host page's own code: libraries are those that the page has loaded before. */
export async function bundleHostPage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(HOST, 'main.tsx')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'transform',
    tsconfigRaw: { compilerOptions: { jsx: 'react', target: 'es2022' } },
    sourcemap: 'inline',
    logLevel: 'error',
    plugins: [librariesOfThePage],
  });
  return outputFiles[0]!.text;
}

const librariesOfThePage: Plugin = {
  name: 'libraries-of-the-page',
  setup(on) {
    on.onResolve({ filter: /^[@a-z]/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path, namespace: 'library' },
    );
    on.onLoad({ filter: /.*/, namespace: 'library' }, ({ path }) => ({
      contents: `module.exports = window.weirLibraries[${JSON.stringify(path)}];`,
      loader: 'js',
    }));
  },
};

/** The page's HTML: what Grafana's index has, as far as its libraries look for it. */
export function pageHtml(bootData: unknown, hasStyles: boolean): string {
  const scripts = systemFiles.map((_, i) => `<script src="/system/${i}.js"></script>`).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Weir in a host page</title>
<link rel="icon" href="data:,">
${hasStyles ? '<link rel="stylesheet" href="/libraries/libraries.css">' : ''}
<script>
window.__grafana_public_path__ = '/public/';
window.grafanaBootData = ${JSON.stringify(bootData)};
window.MonacoEnvironment = { getWorker: () => new Worker('/libraries/editor.worker.js') };
</script>
${scripts}
</head>
<body>
<div id="root"></div>
<script type="module">
await import('/libraries/libraries.js');
await import('/host.js');
</script>
</body>
</html>`;
}

export function systemFile(index: number): string {
  return readFileSync(systemFiles[index]!, 'utf8');
}
