import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { until } from '../support/workspace.ts';
import { Bridge, type StoredDataSource } from './bridge.ts';
import { HostDriver } from './host-driver.ts';
import { bundleHostPage } from './host-page.ts';
import type { FrameSummary } from './host/host-api.ts';
import { type Host, react18, react19 } from './libraries.ts';
import { Stack } from './stack.ts';

// A browser beside seven other processes on two cores is sometimes slower than any patience: its second try counts, and is said.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

/*
 * The built plugin in a browser, in a page that loads it as Grafana does, over the real backend, a real engine and a real collector.
 */

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const hasBrowser = existsSync(CHROMIUM);
if (!hasBrowser)
  process.stderr.write(`The browser tests are skipped: there is no ${CHROMIUM} (CHROMIUM names another).\n`);
const describeInBrowser = hasBrowser ? describe : describe.skip;

let stack: Stack;
let browser: Browser;
let page: string;

beforeAll(async () => {
  if (!hasBrowser) return;
  [stack, browser, page] = await Promise.all([
    Stack.start(),
    chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] }),
    bundleHostPage(),
  ]);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
}, 30_000);

const hosts: readonly (readonly [string, () => Promise<Host>])[] = [
  ['React 18 and Grafana 12.4', react18],
  ['React 19 and Grafana 13.2', react19],
];

/** Of the frames' fields of this name, all values one after the other. */
const column = (frames: readonly FrameSummary[], name: string): unknown[] =>
  frames.flatMap(({ fields }) =>
    fields.filter((field) => field.name === name).flatMap(({ values }) => values),
  );
const sum = (values: readonly unknown[]): number =>
  values.reduce<number>((all, value) => all + Number(value), 0);

describeInBrowser.each(hosts)('in %s', (name, libraries) => {
  let bridge: Bridge;
  let host: HostDriver;
  const short = name.startsWith('React 18') ? 'react18' : 'react19';

  beforeAll(async () => {
    const main: StoredDataSource = {
      id: 1,
      uid: 'weir',
      name: 'Weir',
      jsonData: {
        url: stack.store.url,
        database: 'weir',
        user: stack.reader.name,
        collectorUrl: stack.collector.apiUrl,
      },
      secureJsonData: { password: stack.reader.password },
      updatedMs: 1,
    };
    // One for each host: the backend keeps an instance by uid and time of change.
    const fresh: StoredDataSource = {
      id: 2,
      uid: `new-${short}`,
      name: 'New',
      jsonData: {},
      secureJsonData: {},
      updatedMs: 1,
    };
    bridge = await Bridge.start({
      host: await libraries(),
      page,
      dist: stack.dist,
      client: stack.plugin.client,
      dataSources: [main, fresh],
    });
    host = await HostDriver.open(browser, bridge.url);
  }, 240_000);

  afterEach(() => {
    // eslint-disable-next-line jest/no-standalone-expect -- holds for every test: a plugin is silent on the console
    expect(host?.complaints() ?? []).toEqual([]);
  });

  afterAll(async () => {
    await host?.page.close();
    await bridge?.close();
  });

  test('the module loads without a word on the console', async () => {
    expect(host.complaints()).toEqual([]);
    const version = await host.page.evaluate(
      () =>
        (globalThis as unknown as { weirLibraries: { react: { version: string } } }).weirLibraries.react
          .version,
    );
    expect(version).toMatch(short === 'react18' ? /^18\./ : /^19\./);
  });

  describe('settings', () => {
    const field = (key: string) => host.byId(`weir-config-${key}`);
    const health = () => host.byId('host-health');
    const save = () => host.page.getByRole('button', { name: 'Save & test' }).click();

    test('are filled in, stored and tested; what is wrong is said', async () => {
      await host.show({ kind: 'config', theme: 'light', uid: `new-${short}` });
      await field('url').fill('clickhouse:9000');
      await host.page.getByText('http:// or https://').first().waitFor();
      await field('url').fill(stack.store.url);
      await field('database').fill('weir');
      await field('user').fill(stack.reader.name);
      await field('password').fill('wrong');
      await field('collectorUrl').fill(stack.collector.apiUrl);
      await save();
      await health()
        .getByText(/password/i)
        .first()
        .waitFor();
      expect(await host.call('options')).toMatchObject({
        secureJsonFields: { password: true },
        jsonData: { user: stack.reader.name },
      });

      // A stored secret is not shown: it is reset and written anew.
      await host.page.getByRole('button', { name: /reset/i }).first().click();
      expect(await host.call('options')).toMatchObject({
        secureJsonFields: { password: false },
        secureJsonData: { password: '' },
      });
      await field('password').fill(stack.reader.password);
      await save();
      await health().getByText('ClickHouse answers.').first().waitFor();
      expect(await host.call('options')).toMatchObject({
        jsonData: { url: stack.store.url, user: stack.reader.name, collectorUrl: stack.collector.apiUrl },
        secureJsonFields: { password: true },
      });
      await host.picture(`${short}-config-light`);
    });

    test('that are seldom needed are behind their headings', async () => {
      await host.show({ kind: 'config', theme: 'dark', uid: `new-${short}` });
      await host.page.getByText('TLS', { exact: true }).click();
      await host.page.getByText('Limits', { exact: true }).click();
      await field('tlsCaCert').fill('not a certificate');
      await host.page.getByText('This is not PEM').waitFor();
      await host.byId('weir-maxSeries').fill('0');
      await host.byId('weir-maxSeries').blur();
      await host.page.getByText('1 to 10,000.').waitFor();
      expect(await host.call('options')).toMatchObject({ jsonData: { maxSeries: 0 } });
      expect(await host.unnamedControls()).toEqual([]);
      await host.picture(`${short}-config-open-dark`);
    });
  });

  describe('queries', () => {
    test('of time series: metric, grouping, limit and options are set, and the numbers are right', async () => {
      await host.showQuery({ kind: 'timeseries', dimensions: [] }, { run: true });
      const total = await host.answered();
      expect(total[0]!.type).toMatch(/^timeseries-/);

      await host.choose('Metric', 'Bytes');
      await host.choose('Group by', 'Exporter');
      const byExporter = await host.framesWhen((frames) => frames.length === 3);
      // An hour of the known flows: 40 kB a minute in tens of edge-1 (with 1 kB back), 500 B and 9 kB a minute of the others.
      const edge1 = byExporter.filter(({ fields }) => fields[1]!.labels['exporter'] === 'edge-1');
      expect(sum(column(edge1, 'bytes'))).toBe(60 * 20_000 + 60 * 1000);
      expect(sum(column(byExporter, 'bytes'))).toBe(60 * (21_000 + 500 + 9000));

      await host.byId('weir-limit').fill('1');
      await host.byId('weir-limit').press('Enter');
      const topAndOther = await host.framesWhen((frames) => frames.length === 2);
      expect(topAndOther.map(({ fields }) => fields[1]!.labels['exporter'])).toEqual(['edge-1', 'Other']);
      await host.page.getByRole('switch', { name: 'Other' }).setChecked(false, { force: true });
      await host.framesWhen((frames) => frames.length === 1);

      await host.byId('weir-options').click();
      await host.page.getByRole('switch', { name: /sampling/i }).setChecked(false, { force: true });
      const uncorrected = await host.framesWhen(
        (frames) => frames.length === 1 && sum(column(frames, 'bytes')) < 60 * 21_000,
      );
      expect(uncorrected[0]!.fields[1]!.labels['exporter']).toBe('edge-3');
      expect(await host.query()).toMatchObject({
        kind: 'timeseries',
        metric: 'bytes',
        dimensions: ['exporter'],
        limit: 1,
        other: false,
        correctSampling: false,
      });
      await host.picture(`${short}-timeseries-dark`);
    });

    test('of every kind are answered by frames of their kind', async () => {
      await host.showQuery({ kind: 'timeseries' });
      const asked = async (label: string): Promise<readonly FrameSummary[]> => {
        await host.kind(label);
        await host.page.waitForTimeout(20);
        return host.answered();
      };
      await host.kind('Top');
      await host.choose('Group by', 'Source');
      const top = await host.framesWhen((frames) => column(frames, 'source_ip').length > 0);
      expect(column(top, 'source_ip').slice(0, 3)).toEqual(['10.0.0.3', '172.16.0.9', '10.0.0.2']);

      const flows = await asked('Flows');
      expect(flows[0]).toMatchObject({ type: 'log-lines', visualisation: 'logs' });
      expect(String(column(flows, 'body')[0])).toMatch(/ → .*:\d+ /);

      await host.kind('Conversations');
      await host.choose('Stages', 'Destination');
      const pairs = await host.framesWhen((frames) => column(frames, 'destination_ip').length > 0);
      expect(column(pairs, 'destination_ip')).toContain('198.51.100.1');

      const topology = await asked('Topology');
      expect(topology.map(({ name }) => name)).toEqual(['nodes', 'edges']);
      expect(topology.map(({ visualisation }) => visualisation)).toEqual(['nodeGraph', 'nodeGraph']);

      const exporters = await asked('Exporters');
      expect(column(exporters, 'exporter')).toEqual(['edge-1', 'edge-2', 'edge-3']);

      const anomalies = await asked('Anomalies');
      expect(column(anomalies, 'severity')).toEqual(['high', 'high', 'high', 'critical', 'high']);

      // What the page draws is what came.
      await host.byId('host-frame').getByText('SYN flood').first().waitFor();
    });

    test('of SQL are written in the code editor, with macros', async () => {
      await host.showQuery({ kind: 'sql' });
      const editor = host.byId('weir-sql').locator('.monaco-editor').first();
      await editor.waitFor();
      await editor.click();
      await host.page.keyboard.insertText(
        'SELECT exporter_name, count() AS flows FROM $__table WHERE $__timeFilter(timestamp) GROUP BY exporter_name ORDER BY exporter_name',
      );
      await host.page.keyboard.press('Control+s');
      const frames = await host.framesWhen((now) => column(now, 'flows').length > 0);
      expect(column(frames, 'exporter_name')).toEqual(['edge-1', 'edge-2', 'edge-3']);
      expect(column(frames, 'flows').map(Number)).toEqual([60, 60, 60]);
      await host.picture(`${short}-sql-dark`);
    });

    test('that fail say why', async () => {
      await host.showQuery({
        kind: 'sql',
        sql: 'SELECT no_such_column FROM $__table WHERE $__timeFilter(timestamp)',
      });
      await host.page.getByRole('button', { name: 'Run query' }).click();
      await host
        .byId('host-error')
        .getByText(/no_such_column/)
        .waitFor();
      expect((await host.call('errors'))[0]).toMatch(/no_such_column/);
    });

    test('show the SQL that ClickHouse is asked', async () => {
      await host.showQuery({ kind: 'top', dimensions: ['source_ip'], filter: 'port = 443' });
      await host.byId('weir-sql-preview').click();
      const sql = host.byId('weir-sql-text');
      await sql.waitFor();
      expect(await sql.textContent()).toMatch(/SELECT[\s\S]+weir\.(network_flows|flows_1m|flows_1h)/);
      await host.choose('Metric', 'Packets');
      await until(
        'another preview',
        async () => (/packets/.test((await sql.textContent()) ?? '') ? true : undefined),
        5000,
      );
    });

    test('in alert rules are of the kinds that rules can evaluate', async () => {
      await host.showQuery({ kind: 'timeseries' }, { app: 'unified-alerting' });
      const offered = await host.byId('weir-field-kind').textContent();
      expect(offered).toMatch(/Time series.*Top/);
      expect(await host.page.getByRole('radio', { name: 'Topology' }).count()).toBe(0);
      expect(await host.page.getByRole('switch', { name: 'Live' }).count()).toBe(0);
    });

    test('look as Grafana does in light too', async () => {
      for (const [name, query] of [
        [
          'flows',
          { kind: 'flows', filter: 'application = https', columns: ['exporter', 'source_ip', 'bytes'] },
        ],
        [
          'conversations',
          { kind: 'conversations', dimensions: ['source_ip', 'application', 'destination_ip'] },
        ],
        ['exporters', { kind: 'exporters', exporterView: 'balance' }],
        ['anomalies', { kind: 'anomalies', severities: ['critical', 'high'] }],
      ] as const) {
        await host.showQuery(query, { theme: 'light', run: true });
        expect(await host.page.getByRole('radio', { checked: true }).count()).toBeGreaterThan(0);
        await host.picture(`${short}-${name}-light`);
      }
    });

    test('come from examples by a click', async () => {
      await host.showQuery({ kind: 'timeseries' });
      await host.page.getByRole('button', { name: 'Help' }).click();
      await host.byId('weir-help').getByRole('button').first().click();
      expect((await host.answered()).length).toBeGreaterThan(0);
      await host.picture(`${short}-help-dark`);
    });
  });

  describe('the filter', () => {
    const input = () => host.byId('weir-filter-input');
    const offers = () => host.byId('weir-filter-offers').getByRole('option');

    test('is completed by keyboard: fields, operators, and values that the backend knows', async () => {
      await host.showQuery({ kind: 'flows' });
      await input().focus();
      await host.page.keyboard.type('expo');
      await offers().filter({ hasText: 'exporter' }).first().waitFor();
      expect(await input().getAttribute('aria-expanded')).toBe('true');
      await host.page.keyboard.press('Enter');
      expect(await input().inputValue()).toMatch(/^exporter /);
      await host.page.keyboard.type('= ');
      await offers().filter({ hasText: 'edge-2' }).waitFor();
      await host.picture(`${short}-filter-offers-dark`);
      await host.page.keyboard.type('edge-2');
      await host.page.keyboard.press('Escape');
      await host.page.keyboard.press('Enter');
      const frames = await host.framesWhen((now) => column(now, 'exporter').length > 0);
      expect(new Set(column(frames, 'exporter'))).toEqual(new Set(['edge-2']));
      expect(await host.query()).toMatchObject({ filter: 'exporter = edge-2' });
    });

    test('takes a value from the list by arrows and Tab', async () => {
      await host.showQuery({ kind: 'flows' });
      await input().focus();
      await host.page.keyboard.type('exporter = ');
      await offers().filter({ hasText: 'edge-1' }).waitFor();
      const labels = await offers().allTextContents();
      const at = labels.findIndex((label) => label.includes('edge-1'));
      for (let i = 0; i <= at; i++) await host.page.keyboard.press('ArrowDown');
      const active = await input().getAttribute('aria-activedescendant');
      expect(await host.page.locator(`#${active!}`).textContent()).toContain('edge-1');
      await host.page.keyboard.press('Tab');
      expect((await input().inputValue()).trim()).toBe('exporter = edge-1');
    });

    test('that is wrong is underlined, and advice says what would be right', async () => {
      await host.showQuery({ kind: 'flows' });
      await input().fill('source in 10.0.0.0/8 and prt = 443');
      await host.byId('weir-filter-findings').getByText(/prt/).waitFor();
      expect(await host.byId('weir-filter-findings').textContent()).toMatch(/port/);
      expect(await input().getAttribute('aria-invalid')).toBe('true');
      const squiggle = host.byId('weir-filter').locator('[aria-hidden] span', { hasText: /^prt/ });
      expect(await host.styleOf(squiggle.first(), 'textDecorationStyle')).toBe('wavy');
      await host.picture(`${short}-filter-error-dark`);
    });

    test('grows by a click on a value in a list of flows', async () => {
      await host.showQuery({ kind: 'flows', filter: 'port = 443' }, { run: true, app: 'explore' });
      await host.page.getByRole('button', { name: 'Filter for source_ip 10.0.0.2' }).first().click();
      const frames = await host.framesWhen((now) => new Set(column(now, 'source_ip')).size === 1);
      expect(column(frames, 'source_ip')[0]).toBe('10.0.0.2');
      expect((await host.query())['filter']).toMatch(/port = 443 and source(_ip)? = "?10\.0\.0\.2"?/);
      const volume = (await host.call('supplementary', 'LogsVolume', await host.query())) as object;
      const bars = await host.call('ask', volume);
      expect(sum(column(bars, bars[0]!.fields[1]!.name))).toBe(20);
    });

    test('knows the dashboard’s variables', async () => {
      await host.showQuery({ kind: 'top', dimensions: ['exporter'], filter: 'exporter = $exporter' });
      await host.setVariables([
        { name: 'exporter', type: 'query', value: ['edge-1', 'edge-3'], multi: true },
      ]);
      expect(new Set(column(await host.run(), 'exporter'))).toEqual(new Set(['edge-1', 'edge-3']));
      await host.setVariables([
        {
          name: 'exporter',
          type: 'query',
          value: ['$__all'],
          multi: true,
          options: ['edge-1', 'edge-2', 'edge-3'],
        },
      ]);
      expect(column(await host.run(), 'exporter')).toHaveLength(3);
    });
  });

  describe('dashboards', () => {
    const values = (list: unknown): string[] =>
      (list as { value?: string; text: string }[]).map(({ value, text }) => value ?? text);

    test('have variables that cascade from exporter to interface', async () => {
      expect(new Set(values(await host.call('metricFind', 'exporter')))).toEqual(
        new Set(['edge-1', 'edge-2', 'edge-3']),
      );
      await host.setVariables([{ name: 'exporter', type: 'query', value: 'edge-3' }]);
      const interfaces = { field: 'input_interface', filter: 'exporter = $exporter' };
      expect(values(await host.call('variableValues', interfaces))).toEqual(['3']);
      await host.setVariables([{ name: 'exporter', type: 'query', value: 'edge-1' }]);
      expect(values(await host.call('variableValues', interfaces))).toEqual(['1']);
    });

    test('have an editor of variables', async () => {
      await host.show({ kind: 'variable', theme: 'light', query: { field: 'exporter' } });
      await host.choose('Values of', 'Destination port');
      await host.byId('weir-filter-input').fill('exporter = edge-2');
      await host.page.keyboard.press('Escape');
      await host.byId('weir-filter-input').blur();
      await host.page.getByRole('button', { name: 'Preview' }).click();
      await host.byId('host-values').getByText('53').waitFor();
      expect(await host.byId('host-values').getByRole('listitem').count()).toBe(1);
      expect(await host.query()).toMatchObject({ field: 'destination_port', filter: 'exporter = edge-2' });
      expect(await host.unnamedControls()).toEqual([]);
      await host.picture(`${short}-variable-light`);
    });

    test('have ad hoc filters: keys, values, and what they restrict', async () => {
      expect(values(await host.call('tagKeys'))).toEqual(
        expect.arrayContaining(['exporter', 'source_ip', 'application']),
      );
      const some = await host.call('tagValues', {
        key: 'application',
        filters: [{ key: 'exporter', operator: '=', value: 'edge-2' }],
      });
      expect(values(some)).toEqual(['dns']);
      const frames = await host.call(
        'ask',
        { kind: 'top', dimensions: ['exporter'] },
        { adHoc: [{ key: 'application', operator: '=', value: 'ssh' }] },
      );
      expect(column(frames, 'exporter')).toEqual(['edge-3']);
    });

    test('have annotations of anomalies', async () => {
      const frames = await host.call('annotations', { name: 'Anomalies', enable: true, iconColor: 'red' });
      const [frame] = frames;
      expect(frame!.fields.map((one) => one.name)).toEqual(
        expect.arrayContaining(['time', 'timeEnd', 'title', 'text', 'tags']),
      );
      expect(column(frames, 'title')).toEqual(
        expect.arrayContaining(['A flood towards 203.0.113.9', '10.0.0.1 scans the ports of 198.51.100.1']),
      );
    });
  });

  describe('live', () => {
    test('flows come as they reach the collector', async () => {
      await host.showQuery({ kind: 'flows', filter: 'source in 10.77.0.0/16' });
      await host.page.getByRole('switch', { name: 'Live' }).setChecked(true, { force: true });
      for (let i = 1; i <= 2; i++) {
        const source = `10.77.${short === 'react18' ? 18 : 19}.${i}`;
        let sent = 0;
        // The first may be sent before the stream stands: one of several is seen.
        await until(
          `${source} in the live tail`,
          async () => {
            if (sent++ % 8 === 0) await stack.sendFlow(source);
            return column(await host.call('frames'), 'source_ip').includes(source) ? true : undefined;
          },
          15_000,
        );
      }
      const [live] = await host.call('frames');
      expect(live).toMatchObject({ type: 'log-lines', visualisation: 'logs' });
      expect(String(column([live!], 'body')[0])).toMatch(/10\.77\..*:443 .*tcp/);
      expect(column([live!], 'exporter')).toContain('live-edge');
      await host.picture(`${short}-live-dark`);
    });

    test('rates move', async () => {
      await host.showQuery(
        { kind: 'timeseries', filter: 'source = 10.78.0.1', live: true },
        {
          run: true,
          range: { from: Date.now() - 300_000, to: Date.now() + 60_000 },
        },
      );
      let asked = 0;
      const values = await until(
        'rates of two moments',
        async () => {
          if (asked++ % 4 === 0) await stack.sendFlow('10.78.0.1');
          const rates = column(await host.call('frames'), 'bits_per_second').filter(
            (value) => Number(value) > 0,
          );
          return rates.length >= 2 ? rates : undefined;
        },
        20_000,
      );
      // A flow is 1500 octets, and a message counts a second.
      expect(Number(values[0]) / 12_000).toBeCloseTo(Math.round(Number(values[0]) / 12_000), 0);
    });
  });

  describe('panels', () => {
    const search = () => new URL(host.page.url()).searchParams;
    const cleared = () => host.call('go', '/d/browser');
    const panel = () => host.byId('host-panel');

    test('the sankey draws conversations, follows its size, and filters by a click', async () => {
      for (const theme of ['light', 'dark'] as const) {
        await host.show({
          kind: 'panel',
          theme,
          plugin: 'weir-sankey-panel',
          query: { kind: 'conversations', dimensions: ['source_ip', 'application', 'destination_ip'] },
          width: 1000,
          height: 500,
        });
        await panel().locator('g.node').first().waitFor();
        await host.page.waitForTimeout(800);
        await host.picture(`${short}-sankey-${theme}`);
      }
      expect(await panel().locator('g.node').count()).toBe(5 + 3 + 3);
      expect(await panel().locator('table tbody tr').count()).toBe(5 + 5);
      await panel().locator('g.node', { hasText: '10.0.0.3' }).locator('.hold').click();
      await until('the filter in the address', () => (search().has('var-Filters') ? true : undefined), 5000);
      expect(search().getAll('var-Filters')).toEqual(['source_ip|=|10.0.0.3']);
      await cleared();
      await host.page.getByRole('button', { name: 'Half as wide' }).click();
      await until('a narrower picture', async () =>
        Number(await panel().locator('svg').first().getAttribute('width')) < 500 ? true : undefined,
      );
      expect(await host.unnamedControls()).toEqual([]);
    });

    test('the topology draws hosts, follows its size, and filters by a click and by keyboard', async () => {
      for (const theme of ['light', 'dark'] as const) {
        await host.show({
          kind: 'panel',
          theme,
          plugin: 'weir-topology-panel',
          query: { kind: 'topology', node: 'host' },
          width: 1000,
          height: 560,
          options: { animate: false },
        });
        await panel().getByRole('listbox').waitFor();
        await host.page.waitForTimeout(1200);
        await host.picture(`${short}-topology-${theme}`);
      }
      const list = panel().getByRole('listbox');
      expect(await list.getAttribute('aria-label')).toBe('Topology: 8 nodes, 5 edges');
      // Both directions count: 20 flows of 3000 octets there and 100 back, 1 in 10 sampled, in an hour.
      expect(await list.getByRole('option', { name: /^10\.0\.0\.3\b/ }).textContent()).toContain('1.38 kb/s');
      await list.focus();
      await host.page.keyboard.press('Home');
      await host.page.keyboard.press('Enter');
      await until('the filter in the address', () => (search().has('var-Filters') ? true : undefined), 5000);
      expect(search().getAll('var-Filters')).toEqual(['host|=|10.0.0.1']);
      await cleared();
      await host.clickTopology('198.51.100.2');
      await until('the filter in the address', () => (search().has('var-Filters') ? true : undefined), 5000);
      expect(search().getAll('var-Filters')).toEqual(['host|=|198.51.100.2']);
      await cleared();
      await host.page.getByRole('button', { name: 'Half as wide' }).click();
      await until('a narrower picture', async () =>
        ((await panel().locator('.weir-ground').boundingBox())?.width ?? 999) < 510 ? true : undefined,
      );
      expect(await host.unnamedControls()).toEqual([]);
    });

    test('say so where there is nothing to draw', async () => {
      await host.show({
        kind: 'panel',
        theme: 'dark',
        plugin: 'weir-sankey-panel',
        query: {
          kind: 'conversations',
          dimensions: ['source_ip', 'destination_ip'],
          filter: 'source = 192.0.2.99',
        },
        width: 600,
        height: 300,
      });
      await panel()
        .getByText(/No data/i)
        .waitFor();
      expect(await panel().locator('g.node').count()).toBe(0);
    });
  });

  describe('without eyes or a mouse', () => {
    test('every control has a name', async () => {
      for (const query of [
        { kind: 'timeseries', dimensions: ['exporter', 'application'] },
        { kind: 'flows', columns: ['source_ip'] },
        { kind: 'conversations', dimensions: ['source_ip', 'destination_ip'] },
        { kind: 'topology' },
        { kind: 'exporters', exporterView: 'ledger' },
        { kind: 'anomalies', severities: ['high'] },
        { kind: 'sql', sql: 'SELECT 1' },
      ]) {
        await host.showQuery(query);
        if ((await host.byId('weir-options').count()) > 0) await host.byId('weir-options').click();
        if (query.kind === 'sql')
          await host
            .byId('weir-sql')
            .locator('.monaco-editor textarea, .native-edit-context')
            .first()
            .waitFor();
        expect([query.kind, await host.unnamedControls()]).toEqual([query.kind, []]);
      }
    });

    test('a query is built and run by keyboard alone', async () => {
      await host.showQuery({ kind: 'timeseries' });
      const keys = host.page.keyboard;
      await host.tabTo(host.page.getByRole('radio', { name: 'Time series' }));
      await keys.press('ArrowRight');
      await host.page.getByRole('radio', { name: 'Top', exact: true, checked: true }).waitFor();
      await host.chooseByKeys('Metric', 'Packets/s');
      for (const chip of await host
        .byId('weir-dimensions')
        .getByRole('button', { name: /^Remove/ })
        .all()) {
        await host.tabTo(chip);
        await keys.press('Enter');
      }
      await host.chooseByKeys('Group by', 'Application');
      // The focus stays, so that the next one can be chosen at once.
      expect(await host.hasFocus(host.combobox('Group by'))).toBe(true);
      await host.tabTo(host.byId('weir-filter-input'));
      await keys.type('protocol = tcp');
      await keys.press('Escape');
      await keys.press('Enter');
      const frames = await host.framesWhen((now) => column(now, 'application').length === 2);
      expect(column(frames, 'application').sort()).toEqual(['https', 'ssh']);
      expect(await host.query()).toMatchObject({
        kind: 'top',
        metric: 'packets_per_second',
        dimensions: ['application'],
        filter: 'protocol = tcp',
      });
    });
  });
});
