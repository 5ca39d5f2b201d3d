import type { ScopedVars } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import type { VariableSource } from './placeholders.ts';

/** Grafana's variables, those of the panel or request first. */
export function templateSource(scopedVars?: ScopedVars): VariableSource {
  const service = getTemplateSrv();
  return {
    replace: (text, format) => service.replace(text, scopedVars ?? {}, format as (value: unknown) => string),
    isAll: (name) => {
      const variable = service.getVariables().find((v) => v.name === name) as
        { readonly current?: { readonly value?: unknown } } | undefined;
      const value = variable?.current?.value;
      return value === '$__all' || (Array.isArray(value) && value.includes('$__all'));
    },
  };
}
