const REFERENCE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;

/** Grafana's TemplateSrv over variables that a test sets. */
export class TemplateService {
  private variables = [];

  set(variables) {
    this.variables = variables.map((variable) => ({
      ...variable,
      current: { value: variable.value, text: variable.value },
      includeAll: variable.multi === true,
    }));
  }

  getVariables() {
    return this.variables;
  }
  getAdhocFilters() {
    return [];
  }
  updateTimeRange() {}
  containsTemplate(target) {
    return typeof target === 'string' && this.replace(target) !== target;
  }

  replace(target, scopedVars = {}, format) {
    if (typeof target !== 'string') return target ?? '';
    return target.replace(REFERENCE, (match, a, b, bFormat, c, _path, cFormat) => {
      const name = a ?? b ?? c;
      const scoped = scopedVars?.[name];
      const variable = this.variables.find((one) => one.name === name);
      if (scoped === undefined && variable === undefined) return match;
      let value = scoped === undefined ? variable.value : scoped.value;
      const all = value === '$__all' || (Array.isArray(value) && value[0] === '$__all');
      if (all) value = variable.options ?? [];
      const how = bFormat ?? cFormat ?? format;
      if (typeof how === 'function') return how(value, variable ?? { name, type: 'scoped' }, undefined);
      if (how === 'raw' || how === 'text') return String(value);
      if (how === 'csv') return [value].flat().join(',');
      if (how === 'json') return JSON.stringify(value);
      return Array.isArray(value) ? (value.length === 1 ? value[0] : `{${value.join(',')}}`) : String(value);
    });
  }
}
