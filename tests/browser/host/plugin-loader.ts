/* Grafana's loader (public/app/features/plugins/loader): SystemJS, an import map to `package:` ids, AMD modules by fetch. */

const PREFIX = 'package';
const ANY_JAVASCRIPT = /^(text|application)\/(x-)?javascript(;|$)/;

export function startLoader(): void {
  const { System, weirLibraries, weirShared } = window;
  const imports = {};
  for (const name of weirShared) {
    // As webpack makes namespaces of CommonJS modules: with a default that is the module.
    System.set(`${PREFIX}:${name}`, weirLibraries[name]);
    imports[name] = `${PREFIX}:${name}`;
  }
  System.addImportMap({ imports });
  const prototype = System.constructor.prototype;
  prototype.shouldFetch = () => true;
  const fetched = prototype.fetch;
  prototype.fetch = async function (url: string, options: unknown) {
    const response = await fetched.call(this, url, options);
    if (!ANY_JAVASCRIPT.test(response.headers.get('content-type') ?? '')) return response;
    return new Response(new Blob([await response.text()], { type: 'text/javascript' }));
  };
}

const loaded = new Map<string, Promise<{ plugin: unknown; meta: unknown }>>();

/** Loads a plugin by its id, as often as it is asked once. */
export function loadPlugin(id: string) {
  let loading = loaded.get(id);
  if (loading === undefined) {
    loading = (async () => {
      const meta = await (await fetch(`/public/plugins/${id}/plugin.json`)).json();
      const { plugin } = await window.System.import(`/public/plugins/${id}/module.js`);
      plugin.meta = { ...meta, module: `public/plugins/${id}/module.js`, baseUrl: `public/plugins/${id}` };
      return { plugin, meta };
    })();
    loaded.set(id, loading);
  }
  return loading;
}
