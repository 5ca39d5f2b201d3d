import { readFileSync } from 'node:fs';
import type { Dashboard, Panel, RowPanel, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard';
import { describe, expect, it } from '@jest/globals';
import {
  DATASOURCE_UID,
  PLUGIN_ID,
  type QueryRange,
  SANKEY_PANEL_ID,
  TOPOLOGY_PANEL_ID,
  compileQuery,
  defaultContext,
  normalizeQuery,
} from '@weir/core/query';
import { parseFilter } from '@weir/core/filter';
import { rules } from '../provisioning/src/rules.ts';
import { interpolateFilter } from '../src/variables/interpolate-filter.ts';
import { interpolateQuery } from '../src/variables/interpolate-query.ts';
import type { VariableSource } from '../src/variables/placeholders.ts';
import { dashboards } from './src/all.ts';
import { fileOf, jsonOf, outdated } from './src/generate.ts';

interface Query {
  readonly refId: string;
  readonly kind?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly [key: string]: unknown;
}
interface Link {
  readonly title: string;
  readonly url: string;
}

const isRow = (panel: Panel | RowPanel): panel is RowPanel => panel.type === 'row';
const rowsAndPanels = (dashboard: Dashboard): (Panel | RowPanel)[] =>
  (dashboard.panels ?? []).flatMap((panel) => (isRow(panel) ? [panel, ...panel.panels] : [panel]));
const panelsOf = (dashboard: Dashboard): Panel[] =>
  rowsAndPanels(dashboard).filter((panel): panel is Panel => !isRow(panel));
const queriesOf = (panel: Panel): Query[] => (panel.targets ?? []) as unknown as Query[];
const variablesOf = (dashboard: Dashboard): VariableModel[] => dashboard.templating.list ?? [];

/** Everything below a value, itself too. */
function* within(value: unknown): Generator<unknown> {
  yield value;
  if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) yield* within(part);
}
const linksOf = (value: unknown): Link[] =>
  [...within(value)].filter(
    (part): part is Link =>
      typeof part === 'object' && part !== null && typeof (part as Link).url === 'string' && 'title' in part,
  );

/** The dashboard's variables with what they hold when it is opened; `chosen` are others. */
function sourceOf(dashboard: Dashboard, chosen: Readonly<Record<string, unknown>> = {}): VariableSource {
  const held = new Map(
    variablesOf(dashboard).map((variable) => [variable.name, variable.current?.value as unknown]),
  );
  for (const [name, value] of Object.entries(chosen)) if (held.has(name)) held.set(name, value);
  return {
    isAll: (name) => [held.get(name)].flat().includes('$__all'),
    replace: (text, format) =>
      text.replaceAll(
        /\$(\w+)|\$\{(\w+)(?::(\w+))?\}/g,
        (whole, bare: string, braced: string, how: string) => {
          const name = bare ?? braced;
          if (!held.has(name)) return whole;
          const value = held.get(name);
          return how === 'raw' ? String(value) : format(value, { name });
        },
      ),
  };
}

const range: QueryRange = {
  fromMs: 1_700_000_000_000,
  toMs: 1_700_003_600_000,
  intervalMs: 15_000,
  maxDataPoints: 800,
};
const context = { ...defaultContext, database: 'weir', nowMs: range.toMs };

/** What is wrong with a query once its variables are filled in; empty for nothing. */
function complaint(query: Query, source: VariableSource): string {
  const filled = interpolateQuery(query as never, source);
  const normalized = normalizeQuery(filled);
  if (!normalized.ok) return normalized.problems.map(({ path, message }) => `${path}: ${message}`).join(' ');
  const compiled = compileQuery(normalized.query, range, context);
  return compiled.ok ? '' : `${compiled.problem.path}: ${compiled.problem.message}`;
}

const all = Object.entries(dashboards);
const uids = new Set(all.map(([, dashboard]) => dashboard.uid));
/** What Grafana defines itself. */
const GRAFANAS = /^(__\w+|timeFilter)$/;
const variableUses = (text: string): string[] =>
  [...text.matchAll(/\$(?:\{(\w+)[^}]*\}|(\w+))/g)]
    .map((m) => m[1] ?? m[2]!)
    .filter((name) => !GRAFANAS.test(name));

describe('the dashboards', () => {
  it('are the files that their sources make', () => {
    expect(outdated()).toEqual([]);
  });

  it('have uids and titles of their own', () => {
    expect(uids.size).toBe(all.length);
    expect(new Set(all.map(([, { title }]) => title)).size).toBe(all.length);
  });

  it('are there for every alert rule, with the panel that the rule names at their top level', () => {
    const wrong = rules.filter(({ dashboard: uid, panel = 1 }) => {
      const dashboard = all.find(([, d]) => d.uid === uid)?.[1];
      const found = (dashboard?.panels ?? []).find(({ id }) => id === panel);
      return found === undefined || isRow(found);
    });
    expect(wrong.map(({ uid }) => uid)).toEqual([]);
  });
});

describe.each(all)('the dashboard %s', (name, dashboard) => {
  const panels = panelsOf(dashboard);
  const named = panels.map((panel) => [`${panel.id} ${panel.title}`, panel] as const);

  it('says what it is, and is found by its tag', () => {
    expect(dashboard.uid).toMatch(/^weir-[a-z-]+$/);
    expect(dashboard.title).toMatch(/^[A-Z]/);
    expect(dashboard.description).toMatch(/\.$/);
    expect(dashboard.tags).toEqual(['weir']);
    expect(dashboard.time?.from).toMatch(/^now-\d+[mhd]$/);
    expect(dashboard.refresh).toMatch(/^\d+[sm]$/);
  });

  it('is valid JSON without an id of one Grafana', () => {
    const parsed = JSON.parse(readFileSync(fileOf(name), 'utf8')) as { id: unknown };
    expect(parsed.id).toBeNull();
    expect(jsonOf(name).endsWith('}\n')).toBe(true);
  });

  it('gives each panel and row an id of its own', () => {
    const ids = rowsAndPanels(dashboard).map(({ id }) => id);
    expect(ids.every((id) => Number.isInteger(id) && id! > 0)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('gives each panel a title and one or two sentences on what it shows', () => {
    const wrong = named.filter(
      ([, { title, description }]) =>
        !title || !/^[A-Z0-9].*\.$/.test(description ?? '') || description!.length > 180,
    );
    expect(wrong.map(([panel]) => panel)).toEqual([]);
  });

  it('fills its grid: no panel over another, none beyond the edge, no gap at the right', () => {
    const spans = (list: readonly (Panel | RowPanel)[]): string[] => {
      const cells = new Map<string, number>();
      const wrong: string[] = [];
      for (const { id, gridPos, type } of list) {
        const { x, y, w, h } = gridPos!;
        if (x + w > 24 || w < 1 || h < (type === 'row' ? 1 : 3)) wrong.push(`${id} does not fit`);
        for (let i = x; i < x + w; i++)
          for (let j = y; j < y + h; j++) {
            const cell = `${i},${j}`;
            if (cells.has(cell)) wrong.push(`${id} lies over ${cells.get(cell)}`);
            cells.set(cell, id!);
          }
      }
      const last = Math.max(...list.map(({ gridPos }) => gridPos!.y + gridPos!.h));
      const first = Math.min(...list.map(({ gridPos }) => gridPos!.y));
      for (let j = first; j < last; j++)
        for (let i = 0; i < 24; i++) if (!cells.has(`${i},${j}`)) wrong.push(`a hole at ${i},${j}`);
      return [...new Set(wrong)];
    };
    expect(spans(dashboard.panels ?? [])).toEqual([]);
    const rows = (dashboard.panels ?? []).filter(isRow).filter((row) => row.panels.length > 0);
    expect(rows.flatMap((row) => spans(row.panels))).toEqual([]);
  });

  it('asks the chosen data source everywhere, and no other', () => {
    const wrong = named.filter(
      ([, panel]) =>
        panel.datasource?.uid !== '${datasource}' ||
        panel.datasource.type !== PLUGIN_ID ||
        queriesOf(panel).some(
          (q) => q.datasource?.uid !== '${datasource}' || q.datasource.type !== PLUGIN_ID,
        ),
    );
    expect(wrong.map(([panel]) => panel)).toEqual([]);
    const source = variablesOf(dashboard).find((v) => v.name === 'datasource');
    expect(source).toMatchObject({
      type: 'datasource',
      query: PLUGIN_ID,
      current: { value: DATASOURCE_UID },
    });
    const asked = variablesOf(dashboard).flatMap((variable) => variable.datasource?.uid ?? []);
    expect(asked.filter((uid) => uid !== '${datasource}')).toEqual([]);
    expect(jsonOf(name).match(/"uid": "(?!\$\{datasource\}|-- Grafana --)[^"]*"/g)).toEqual([
      `"uid": "${dashboard.uid}"`,
    ]);
  });

  it('asks questions that compile, with variables as at first and with values chosen', () => {
    const values = {
      exporter: ['berlin-edge', 'lisbon "edge"'],
      interface: ['TenGigE0/0/0/0', '3'],
      host: '10.1.2.0/24',
      severity: ['high'],
      state: ['open', 'closed'],
      type: ['syn_flood', 'brute_force'],
      anomaly: '8fcc6df9-1bfd-5b98-83ea-12b4767d793c',
      story: 'f9fd37b8-e326-54df-9cea-6c81ecac07d6',
    };
    const wrong = named.flatMap(([panel, { targets }]) =>
      ((targets ?? []) as unknown as Query[]).flatMap((query) =>
        [sourceOf(dashboard), sourceOf(dashboard, values)].flatMap((source) => {
          const text = complaint(query, source);
          return text === '' ? [] : [`${panel} ${query.refId}: ${text}`];
        }),
      ),
    );
    expect(wrong).toEqual([]);
    expect(named.filter(([, panel]) => queriesOf(panel).length === 0)).toEqual([]);
  });

  it('fills its variables by filters that parse', () => {
    const wrong = variablesOf(dashboard).filter((variable) => {
      if (variable.type !== ('query' as never)) return false;
      const { field, filter } = variable.query as { field: string; filter: string };
      return field === '' || !parseFilter(interpolateFilter(filter, sourceOf(dashboard))).ok;
    });
    expect(wrong).toEqual([]);
  });

  it('uses each variable that it has, and has each that it uses', () => {
    const variables = variablesOf(dashboard).map((v) => v.name);
    const texts = [
      ...within([dashboard.panels, dashboard.annotations, variablesOf(dashboard).map((v) => v.query)]),
    ];
    const used = new Set(texts.filter((t): t is string => typeof t === 'string').flatMap(variableUses));
    expect([...used].filter((variable) => !variables.includes(variable))).toEqual([]);
    // What is carried along only to the next dashboard is used by the links; filters hold for every query by themselves.
    expect(variables.filter((variable) => !used.has(variable) && variable !== 'Filters')).toEqual([]);
  });

  it('leads to dashboards that there are, with time range and variables kept and those that it sets known there', () => {
    const wrong: string[] = [];
    for (const { title, url } of linksOf(dashboard.panels)) {
      if (url.startsWith('https://attack.mitre.org/techniques/')) continue;
      const [path, query = ''] = url.split('?');
      const uid = path!.replace(/^\/d\//, '');
      const target = all.find(([, d]) => d.uid === uid)?.[1];
      if (target === undefined) {
        wrong.push(`${title}: there is no ${path}`);
        continue;
      }
      const known = new Set(variablesOf(target).map((v) => v.name));
      const parameters = query.split('&');
      const passed = parameters.flatMap(
        (p) => /^\$\{(\w+):queryparam\}$/.exec(p)?.[1] ?? /^var-(\w+)=/.exec(p)?.[1] ?? [],
      );
      // An anomaly's evidence and flows are to be seen at its own time.
      const own = parameters[0] === 'from=${__data.fields["from"]:percentencode}';
      if (own && parameters[1] !== 'to=${__data.fields["to"]:percentencode}')
        wrong.push(`${title}: half a time range`);
      if (!own && parameters[0] !== '${__url_time_range}') wrong.push(`${title}: forgets the time range`);
      for (const variable of ['datasource', 'exporter', 'Filters'])
        if (!passed.includes(variable)) wrong.push(`${title}: forgets ${variable}`);
      if (new Set(passed).size !== passed.length) wrong.push(`${title}: passes a variable twice`);
      for (const variable of passed)
        if (!known.has(variable)) wrong.push(`${title}: ${uid} has no ${variable}`);
    }
    expect([...new Set(wrong)]).toEqual([]);
    for (const link of dashboard.links ?? []) {
      expect(link.keepTime && link.includeVars).toBe(true);
      expect(link.tags.includes('weir') || uids.has((link.url ?? '').replace(/^\/d\//, ''))).toBe(true);
    }
  });

  it('has numbers with a unit', () => {
    const wrong = named.filter(
      ([, panel]) =>
        panel.type !== 'logs' &&
        queriesOf(panel).some(({ kind }) => kind !== 'flows' && kind !== 'sql') &&
        panel.fieldConfig?.defaults.unit === undefined &&
        !JSON.stringify(panel.fieldConfig?.overrides ?? []).includes('"unit"'),
    );
    expect(wrong.map(([panel]) => panel)).toEqual([]);
  });

  it('writes regular expressions of overrides between slashes: without them they would have to match whole names', () => {
    const wrong = named.filter(([, panel]) =>
      (panel.fieldConfig?.overrides ?? []).some(
        ({ matcher }) => matcher.id === 'byRegexp' && !/^\/.*\/$/.test(String(matcher.options)),
      ),
    );
    expect(wrong.map(([panel]) => panel)).toEqual([]);
  });

  it('stands in with core panels, in a row that says so, for Weir’s own', () => {
    const own = panels.filter(({ type }) => type === SANKEY_PANEL_ID || type === TOPOLOGY_PANEL_ID);
    const stand = (dashboard.panels ?? [])
      .filter(isRow)
      .find(({ title }) => title === 'Without Weir’s panels');
    const asked = (panel: Panel): string => {
      const [query] = queriesOf(panel);
      return JSON.stringify([query!['dimensions'] ?? query!['node'], query!['filter'], query!['metric']]);
    };
    const answered = new Set((stand?.panels ?? []).map(asked));
    expect(own.filter((panel) => !answered.has(asked(panel))).map(({ title }) => title)).toEqual([]);
    expect((stand?.panels ?? []).every(({ type }) => !type.startsWith('weir-'))).toBe(true);
    expect(stand?.collapsed ?? true).toBe(true);
  });
});
