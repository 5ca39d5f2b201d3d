import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATASOURCE_UID, PLUGIN_ID } from '@weir/core/query';
import { type Browser, type Page, chromium } from 'playwright-core';
import { parse } from 'yaml';
import { ATTACKER, attack } from './attack.ts';
import { visitDashboard } from './dashboard-visit.ts';
import { grafanaClient } from './grafana-client.ts';

/*
 * Against a real Grafana with the plugin, its provisioning and data: GRAFANA_URL, GRAFANA_USER, GRAFANA_PASSWORD. Where
 * GRAFANA_WEBHOOK_PORT is set alerts are awaited there, and GRAFANA_FLOWS_PORT is where the collector takes the flows that fire one.
 * `npm run test:grafana` starts all of it.
 */

const root = join(import.meta.dirname, '../..');
const client = grafanaClient();
const real = client === undefined ? describe.skip : describe;
const webhookPort = process.env['GRAFANA_WEBHOOK_PORT'];
const flowsPort = process.env['GRAFANA_FLOWS_PORT'];
const pictures = process.env['GRAFANA_SCREENSHOTS'] ?? join(root, 'data/screenshots');

/** Panels that are right to be empty where nothing is wrong, or where exporters do not send it. */
const mayBeEmpty =
  /anomal|silent|lost|loss|drop|retransmi|round trip|RTT|response|refused|malformed|missing|gaps|resets|out of order/i;

/** What a webhook is told of, as far as is looked at. */
interface Notification {
  readonly status: string;
  readonly title: string;
  readonly message: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly alerts: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly dashboardURL: string;
  }[];
}

real('a real Grafana', () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb'],
    });
    const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
    const login = await context.request.post(`${client!.url}/login`, {
      data: {
        user: process.env['GRAFANA_USER'] ?? 'admin',
        password: process.env['GRAFANA_PASSWORD'] ?? 'admin',
      },
    });
    if (!login.ok()) throw new Error(`logging in: ${login.status()}`);
    page = await context.newPage();
  }, 60_000);

  /** How many stories Grafana sees. */
  async function stories(): Promise<number> {
    const { body } = await client!.post<{
      results: Record<string, { frames?: { data: { values: unknown[][] } }[] }>;
    }>('/api/ds/query', {
      from: 'now-15m',
      to: 'now',
      queries: [
        {
          refId: 'A',
          kind: 'anomalies',
          anomalyView: 'stories',
          datasource: { type: PLUGIN_ID, uid: DATASOURCE_UID },
        },
      ],
    });
    return body.results['A']?.frames?.[0]?.data.values[0]?.length ?? 0;
  }

  const heard: Notification[] = [];
  const webhook = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      heard.push(JSON.parse(text) as Notification);
      response.end('ok');
    });
  });

  /** What dashboards of anomalies show, and alerts tell of, is found in flows that are sent. */
  beforeAll(async () => {
    if (webhookPort !== undefined)
      await new Promise<void>((done) => webhook.listen(Number(webhookPort), '127.0.0.1', done));
    if (flowsPort === undefined) return;
    await attack(Number(flowsPort));
    for (let i = 0; i < 60 && (await stories()) === 0; i++)
      await new Promise((wait) => setTimeout(wait, 1_000));
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    webhook.closeAllConnections();
    await new Promise((done) => webhook.close(done));
  });

  it('has loaded the plugin and finds the data source healthy', async () => {
    const plugin = await client!.get<{ id: string; signature: string }>(`/api/plugins/${PLUGIN_ID}/settings`);
    expect(plugin.id).toBe(PLUGIN_ID);
    const health = await client!.get<{ status: string; message: string }>(
      `/api/datasources/uid/${DATASOURCE_UID}/health`,
    );
    expect(health).toMatchObject({ status: 'OK' });
  });

  const dashboards = readdirSync(join(root, 'dashboards'))
    .filter((f) => f.endsWith('.json'))
    .map(
      (f) => JSON.parse(readFileSync(join(root, 'dashboards', f), 'utf8')) as { uid: string; title: string },
    );

  it.each(dashboards.map((d) => [d.title, d] as const))(
    'dashboard %s: every panel has data and no error',
    async (_, dashboard) => {
      const visit = await visitDashboard(
        page,
        `${client!.url}/d/${dashboard.uid}?from=now-15m&to=now`,
        join(pictures, `${dashboard.uid}.png`),
      );
      expect(visit.answers.filter((a) => a.error !== undefined)).toEqual([]);
      expect(visit.failing).toEqual([]);
      expect(visit.empty.filter((title) => !mayBeEmpty.test(title))).toEqual([]);
      expect(visit.faults).toEqual([]);
      expect(visit.answers.some((a) => a.rows > 0)).toBe(true);
    },
    180_000,
  );

  it('evaluates every provisioned rule without an error', async () => {
    const wanted = (
      parse(readFileSync(join(root, 'provisioning/alerting/rules.yaml'), 'utf8')) as {
        groups: { rules: { title: string; isPaused: boolean }[] }[];
      }
    ).groups.flatMap((g) => g.rules.filter((r) => !r.isPaused).map((r) => r.title));
    const evaluated = async (): Promise<Map<string, { health: string; lastError?: string }>> => {
      const { data } = await client!.get<{
        data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
      }>('/api/prometheus/grafana/api/v1/rules');
      return new Map(data.groups.flatMap((g) => g.rules).map((r) => [r.name, r]));
    };
    let rules = await evaluated();
    for (
      let i = 0;
      i < 60 && wanted.some((t) => !['ok', 'nodata', 'error'].includes(rules.get(t)?.health ?? ''));
      i++
    ) {
      await new Promise((wait) => setTimeout(wait, 2_000));
      rules = await evaluated();
    }
    const ill = wanted.filter((t) => !['ok', 'nodata'].includes(rules.get(t)?.health ?? ''));
    expect(ill.map((t) => [t, rules.get(t)])).toEqual([]);
  }, 150_000);

  const withWebhook = webhookPort !== undefined && flowsPort !== undefined ? it : it.skip;
  withWebhook(
    'a scan in the flows is told of once, with its evidence and ways to its flows',
    async () => {
      const scans = (): Notification[] =>
        heard.filter((n) =>
          n.alerts.some((a) => a.labels['host'] === ATTACKER && a.labels['topic'] === 'scans'),
        );
      for (let i = 0; i < 180 && scans().length === 0; i++)
        await new Promise((wait) => setTimeout(wait, 1_000));
      const [told] = scans();
      expect(told).toBeDefined();
      const alert = told!.alerts.find((a) => a.labels['topic'] === 'scans')!;
      expect(told!.status).toBe('firing');
      expect(told!.groupLabels).toEqual({ story: alert.labels['story'] });
      expect(alert.labels).toMatchObject({
        alertname: 'Anomalies: scans',
        type: 'port_scan_vertical',
        severity: expect.stringMatching(/^(?:high|critical)$/),
        tenant: 'default',
      });
      expect(alert.annotations['measured']).toMatch(/^\d+ ports\/min \(.*threshold [\d,]+\)$/);
      for (const said of [
        ATTACKER,
        'scans ports',
        'Measured:',
        'Ports:',
        'T1046',
        alert.annotations['flows_url']!,
      ])
        expect(told!.message).toContain(said);
      expect(told!.message).not.toMatch(/no value|error expanding/i);
      expect(alert.dashboardURL).toContain('/d/weir-anomalies');

      // Where the message leads: the flows of that host at that time.
      const flows = new URL(alert.annotations['flows_url']!);
      const visit = await visitDashboard(
        page,
        client!.url + flows.pathname + flows.search,
        join(pictures, 'flows-of-an-anomaly.png'),
      );
      expect(visit.failing).toEqual([]);
      expect(visit.answers.some((a) => a.kind === 'flows' && a.rows > 0)).toBe(true);
      expect(flows.searchParams.get('var-filter')).toContain(ATTACKER);

      // And its evidence.
      const evidence = new URL(alert.annotations['anomaly_url']!);
      const own = await visitDashboard(
        page,
        client!.url + evidence.pathname + evidence.search,
        join(pictures, 'an-anomaly.png'),
      );
      expect(own.failing).toEqual([]);
      expect(own.empty).toEqual([]);

      // Told once: what follows in the story tells of more alerts, not of this one anew.
      const again = scans().filter(
        (n) =>
          n.status === 'firing' && n.alerts.every((a) => a.labels['anomaly'] === alert.labels['anomaly']),
      );
      expect(again).toHaveLength(1);
    },
    300_000,
  );

  it('follows flows live in Explore', async () => {
    const panes = JSON.stringify({
      a: {
        datasource: DATASOURCE_UID,
        queries: [
          {
            refId: 'A',
            kind: 'flows',
            live: true,
            limit: 50,
            datasource: { type: PLUGIN_ID, uid: DATASOURCE_UID },
          },
        ],
        range: { from: 'now-5m', to: 'now' },
      },
    });
    await page.goto(`${client!.url}/explore?schemaVersion=1&orgId=1&panes=${encodeURIComponent(panes)}`);
    const rows = page
      .locator('[data-testid="logRows"], [data-testid="log-list"], .logs-panel, table')
      .first();
    await rows.waitFor({ timeout: 60_000 });
    const before = await rows.innerText();
    let after = before;
    for (let i = 0; i < 20 && after === before; i++) {
      await page.waitForTimeout(500);
      after = await rows.innerText();
    }
    await page.screenshot({ path: join(pictures, 'explore-live.png') });
    expect(after).not.toBe(before);
  }, 120_000);
});
