import type { VariableSource } from '../placeholders.ts';

/** A dashboard's variables as Grafana's template service has them, for tests. `all`: "All" is chosen of a list. */
export function dashboard(
  variables: Readonly<Record<string, string | readonly string[] | { readonly all: readonly string[] }>>,
): VariableSource {
  return {
    replace: (text, format) =>
      text.replaceAll(
        /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?::([^}]+))?\}/g,
        (match: string, a?: string, b?: string, bFormat?: string, c?: string, cFormat?: string) => {
          const name = a ?? b ?? c ?? '';
          const held = variables[name];
          if (held === undefined) return match;
          const value = typeof held === 'object' && 'all' in held ? [...held.all] : held;
          if ((bFormat ?? cFormat) === 'raw') return String(value);
          return format(value, { name, multi: Array.isArray(value) });
        },
      ),
    isAll: (name) => {
      const held = variables[name];
      return typeof held === 'object' && 'all' in held;
    },
  };
}
