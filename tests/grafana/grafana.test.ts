import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATASOURCE_UID, PLUGIN_ID } from '@weir/core/query';
import { type Browser, type Page, chromium } from 'playwright-core';
import { parse } from 'yaml';
import { visitDashboard } from './dashboard-visit.ts';
import { grafanaClient } from './grafana-client.ts';

/*
 * Against a real Grafana with the plugin, its provisioning and data: GRAFANA_URL, GRAFANA_USER, GRAFANA_PASSWORD. Where
 * GRAFANA_WEBHOOK_PORT is set alerts are awaited there, and GRAFANA_CLICKHOUSE_URL is where the anomaly that fires one is written.
 * `npm run test:grafana` starts all of it.
 */

const root = join(import.meta.dirname, '../..');
const client = grafanaClient();
const real = client === undefined ? describe.skip : describe;
const webhookPort = process.env['GRAFANA_WEBHOOK_PORT'];
const clickhouse = process.env['GRAFANA_CLICKHOUSE_URL'];
const pictures = process.env['GRAFANA_SCREENSHOTS'] ?? join(root, 'data/screenshots');

/** Panels that are right to be empty where nothing is wrong, or where exporters do not send it. */
const mayBeEmpty =
  /anomal|silent|lost|loss|drop|retransmi|round trip|RTT|response|refused|malformed|missing|gaps|resets|out of order/i;

async function insertAnomaly(
  type: string,
  severity: string,
  title: string,
  secondsAgo: number,
): Promise<void> {
  const answer = await fetch(`${clickhouse}/?database=weir`, {
    method: 'POST',
    body:
      'INSERT INTO anomalies (id, tenant_id, type, severity, score, state, opened, updated, title, description, source_ip, ' +
      'destination_ip, metric, value, threshold, flow_filter) ' +
      `SELECT generateUUIDv4(), 'default', '${type}', '${severity}', 0.9, 'open', now() - ${secondsAgo}, now64(3), '${title}', ` +
      "'Made by a test.', toIPv6('10.10.0.36'), toIPv6('10.10.0.10'), 'per_second', 90000, 1000, 'host = 10.10.0.10'",
  });
  if (!answer.ok) throw new Error(await answer.text());
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

  /** So that dashboards of anomalies have something to show. */
  beforeAll(async () => {
    if (clickhouse !== undefined)
      await insertAnomaly('port_scan_vertical', 'medium', 'Port scan of 10.10.0.10', 3_000);
  });

  afterAll(async () => {
    await browser?.close();
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
        groups: { rules: { title: string }[] }[];
      }
    ).groups.flatMap((g) => g.rules.map((r) => r.title));
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

  const withWebhook = webhookPort !== undefined && clickhouse !== undefined ? it : it.skip;
  withWebhook(
    'a critical anomaly fires its rule, and the webhook hears of it',
    async () => {
      const heard: string[] = [];
      const server = createServer((request, response) => {
        let text = '';
        request.on('data', (chunk: Buffer) => (text += chunk.toString()));
        request.on('end', () => {
          heard.push(text);
          response.end('ok');
        });
      });
      await new Promise<void>((done) => server.listen(Number(webhookPort), '127.0.0.1', done));
      try {
        await insertAnomaly('syn_flood', 'critical', 'SYN flood against 10.10.0.10', 1);
        for (let i = 0; i < 180 && !heard.some((t) => t.includes('Anomalies: critical')); i++)
          await new Promise((wait) => setTimeout(wait, 1_000));
        const alert = heard.find((t) => t.includes('Anomalies: critical'));
        expect(alert).toBeDefined();
        const body = JSON.parse(alert!) as { title: string; message: string; status: string };
        expect(body.status).toBe('firing');
        expect(body.message).toContain('critical anomalies in the last 10 minutes');
      } finally {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
    },
    240_000,
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
