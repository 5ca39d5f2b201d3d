import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { collectorMetrics } from '@weir/core';
import { anomalyTypes } from '@weir/core/anomalies';
import { DATASOURCE_UID, PLUGIN_ID, compileQuery, defaultContext, normalizeQuery } from '@weir/core/query';
import { parse } from 'yaml';
import { anomalyFamilies } from './src/anomaly-rules.ts';
import { type AlertingFile, alertingFile, dashboardFile, dataSourceFile } from './src/format.ts';
import { RULES_FILE, rulesYaml } from './src/generate.ts';

const read = (path: string): unknown => parse(readFileSync(join(import.meta.dirname, path), 'utf8'));
const rulesFile = alertingFile.parse(read('alerting/rules.yaml'));
const notify = alertingFile.parse(read('alerting/notify.yaml'));
const rules = rulesFile.groups!.flatMap((g) => g.rules);

describe('provisioning', () => {
  it('has only files that are linted here', () => {
    const files = ['datasources', 'dashboards', 'alerting'].map((folder) =>
      readdirSync(join(import.meta.dirname, folder)).sort(),
    );
    expect(files).toEqual([['weir.yaml'], ['weir.yaml'], ['notify.yaml', 'rules.yaml']]);
  });

  it('sets up the data source under the plugin’s id and the uid that dashboards and rules name', () => {
    const { datasources } = dataSourceFile.parse(read('datasources/weir.yaml'));
    expect(datasources.map((d) => [d.type, d.uid])).toEqual([[PLUGIN_ID, DATASOURCE_UID]]);
  });

  it('provides dashboards from the folder that the environment names', () => {
    expect(dashboardFile.parse(read('dashboards/weir.yaml')).providers[0]!.options.path).toBe(
      '${WEIR_DASHBOARDS}',
    );
  });

  it('has rules as their source says: run `npm run dashboards` otherwise', () => {
    expect(readFileSync(RULES_FILE, 'utf8')).toBe(rulesYaml());
  });
});

describe('alert rules', () => {
  it('have uids and titles of their own', () => {
    expect(new Set(rules.map((r) => r.uid)).size).toBe(rules.length);
    expect(new Set(rules.map((r) => r.title)).size).toBe(rules.length);
  });

  it.each(rules.map((r) => [r.title, r] as const))(
    '%s: asks what can be compiled and evaluated',
    (_, rule) => {
      for (const query of rule.data.filter((q) => q.datasourceUid !== '__expr__')) {
        const normal = normalizeQuery(query.model);
        expect(normal).toMatchObject({ ok: true });
        if (!normal.ok) continue;
        const nowMs = Date.parse('2026-11-21T12:00:00Z');
        const compiled = compileQuery(
          normal.query,
          {
            fromMs: nowMs - query.relativeTimeRange.from * 1000,
            toMs: nowMs - query.relativeTimeRange.to * 1000,
            intervalMs: Number(query.model['intervalMs']),
            maxDataPoints: Number(query.model['maxDataPoints']),
          },
          { ...defaultContext, database: 'weir', nowMs, forAlert: true },
        );
        expect(compiled).toMatchObject({ ok: true });
      }
    },
  );

  it('name gauges that collectors write', () => {
    const models = rules
      .flatMap((r) => r.data.map((q) => q.model))
      .filter((m) => m['exporterView'] === 'collector');
    expect(models.length).toBeGreaterThan(2);
    for (const model of models) expect(collectorMetrics.map((m) => m.name)).toContain(model['ledgerMeasure']);
  });

  it.each(rules.map((r) => [r.title, r] as const))('%s: expressions name refIds of the rule', (_, rule) => {
    const refIds = rule.data.map((q) => q.refId);
    for (const { model } of rule.data.filter((q) => q.datasourceUid === '__expr__')) {
      const text = String(model['expression']);
      const used =
        model['type'] === 'math' ? [...text.matchAll(/\$([A-Za-z_]\w*)/g)].map((m) => m[1]!) : [text];
      expect(used.length).toBeGreaterThan(0);
      for (const name of used) expect(refIds).toContain(name);
    }
  });

  it.each(rules.map((r) => [r.title, r] as const))('%s: leads to a panel of a dashboard', (_, rule) => {
    const folder = join(import.meta.dirname, '..', 'dashboards');
    const dashboards = readdirSync(folder)
      .filter((f) => f.endsWith('.json'))
      .map(
        (f) =>
          JSON.parse(readFileSync(join(folder, f), 'utf8')) as {
            uid: string;
            panels: { id: number; type: string }[];
          },
      );
    const panel = dashboards
      .find((d) => d.uid === rule.dashboardUid)
      ?.panels.find((p) => p.id === rule.panelId);
    expect(panel).toBeDefined();
    expect(panel!.type).not.toBe('row');
  });
});

describe('alert rules of anomalies', () => {
  const own = rules.filter(({ uid }) => uid.startsWith('weir-anomalies-'));
  const models = (uid: string): Record<string, unknown>[] =>
    rules
      .find((r) => r.uid === uid)!
      .data.filter((q) => q.datasourceUid !== '__expr__')
      .map((q) => q.model);

  it('have each type of anomaly in one of them, so that nobody is told twice', () => {
    const types = own.flatMap(({ uid }) => models(uid)[0]!['anomalyTypes'] as string[]);
    expect([...types].sort()).toEqual([...anomalyTypes].sort());
    expect(own).toHaveLength(anomalyFamilies.length);
  });

  it.each(own.map((r) => [r.title, r] as const))(
    '%s: asks for the same twice, never for silenced ones',
    (_, rule) => {
      const [each, evidence] = models(rule.uid);
      expect(each!['states']).toEqual(['open', 'closed']);
      expect(each!['severities']).not.toContain('low');
      const { refId: _a, ...first } = each!;
      const { refId: _b, anomalyView, ...second } = evidence!;
      expect(anomalyView).toBe('evidence');
      expect(second).toEqual(first);
    },
  );

  it.each(own.map((r) => [r.title, r] as const))(
    '%s: leaves the severity to each anomaly, and shows evidence',
    (_, rule) => {
      expect(rule.labels).not.toHaveProperty('severity');
      const texts = Object.values(rule.annotations).join(' ');
      for (const label of ['title', 'description', 'measured', 'evidence', 'from', 'to', 'flow_filter'])
        expect(texts).toContain(`.Labels.${label}`);
      const links = [...texts.matchAll(/externalURL \}\}d\/([\w-]+)\?/g)].map((m) => m[1]);
      expect(links).toEqual(['weir-anomaly', 'weir-flow-explorer']);
    },
  );
});

describe('notifications', () => {
  const { contactPoints, policies, muteTimes, templates } = notify as {
    readonly [K in keyof AlertingFile]-?: NonNullable<AlertingFile[K]>;
  };
  const names = contactPoints.map((c) => c.name);

  it('go to contact points that exist, muted at times that exist', () => {
    const tree = policies[0]!;
    expect(names).toContain(tree.receiver);
    const below = (routes: typeof tree.routes): NonNullable<typeof tree.routes> =>
      (routes ?? []).flatMap((route) => [route, ...below(route.routes as typeof tree.routes)]);
    expect(below(tree.routes).length).toBeGreaterThan(4);
    for (const route of below(tree.routes)) {
      expect(names).toContain(route.receiver);
      for (const time of route.mute_time_intervals ?? [])
        expect(muteTimes.map((m) => m.name)).toContain(time);
    }
  });

  it('use templates that are defined', () => {
    const defined = templates.flatMap((t) => [...t.template.matchAll(/define "([^"]+)"/g)].map((m) => m[1]));
    const used = [...JSON.stringify(notify).matchAll(/template \\+"([\w.]+)\\+"/g)].map((m) => m[1]);
    expect(used.length).toBeGreaterThan(2);
    for (const name of used) expect(defined).toContain(name);
  });

  it('keep Go’s templates free of what Grafana would take for its environment’s variables', () => {
    const settings = JSON.stringify(contactPoints);
    expect(settings.replaceAll('${WEIR_ALERT_WEBHOOK}', '')).not.toMatch(/\$/);
  });
});
