import { createHash } from 'node:crypto';
import { collectorMetrics } from '@weir/core/collector-metrics';
import type { LiveFlows, LiveMessage, LiveRates } from '@weir/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { netflow5 } from '../../collector/src/inputs/netflow/testing/datagrams.ts';
import { TestCollector } from '../support/collector.ts';
import { Sender } from '../support/datagrams.ts';
import { Workspace, until } from '../support/workspace.ts';

/* Datagrams in, WebSocket messages out, through real sockets of a real collector. */

const workspace = new Workspace();
const sender = new Sender();
const readers: Reader[] = [];
afterEach(() => {
  for (const reader of readers.splice(0)) reader.socket.terminate();
});
afterAll(async () => {
  await sender.close();
  await workspace.dispose();
});

/** A live reader that keeps what it is told. */
class Reader {
  readonly socket: WebSocket;
  readonly messages: LiveMessage[] = [];
  closed: { code: number; reason: string } | undefined;
  /** Status of the answer to a handshake that was refused. */
  refused: number | undefined;

  constructor(collector: TestCollector, path: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`${collector.apiUrl.replace('http', 'ws')}${path}`, { headers });
    this.socket.on('message', (data: Buffer) =>
      this.messages.push(JSON.parse(data.toString('utf8')) as LiveMessage),
    );
    this.socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
    this.socket.on('unexpected-response', (request, response) => {
      this.refused = response.statusCode;
      request.destroy();
    });
    this.socket.on('error', () => undefined);
    readers.push(this);
  }

  /** Waits for the schema: from then on nothing is missed. */
  async ready(): Promise<this> {
    await until('the schema', () => (this.messages[0]?.type === 'schema' ? true : undefined));
    return this;
  }

  get rows(): (readonly (string | number)[])[] {
    return this.messages.filter((m): m is LiveFlows => m.type === 'flows').flatMap((m) => m.rows);
  }

  get rates(): LiveRates[] {
    return this.messages.filter((m): m is LiveRates => m.type === 'rates');
  }
}

interface Flow {
  readonly source?: string;
  readonly destinationPort?: number;
  readonly protocol?: number;
  readonly bytes?: number;
  readonly packets?: number;
  readonly input?: number;
}

const sequences = new Map<string, number>();

/** NetFlow v5 from a loopback address. */
async function send(to: TestCollector, from: string, flows: readonly Flow[], sampling = 0): Promise<void> {
  for (let i = 0; i < flows.length; i += 24) {
    const some = flows.slice(i, i + 24);
    const sequence = sequences.get(from) ?? 0;
    sequences.set(from, sequence + some.length);
    const payload = Buffer.from(netflow5({ sequence, sampling, exportMs: Date.now() }, ...some));
    await sender.send(to.udpPort, { payload, address: from, port: 40_000 });
  }
}

const EDGE = '127.0.0.2';
const OTHER = '127.0.0.3';

describe('without tokens', () => {
  let collector: TestCollector;
  beforeAll(async () => {
    collector = await TestCollector.start(workspace, {
      config: `
exporters: [{ address: ${EDGE}, name: edge, interfaces: [{ index: 7, name: xe-0/0/1, speed: 10Gbps }] }]
networks: [{ prefix: 10.0.0.0/8, name: ours, country: DE, as: 64512 }]
http: { live_subscriptions: 3 }
`,
    });
  });

  test('a reader is shown flows that match its filter, as people read them, within a moment', async () => {
    const all = await new Reader(collector, '/ws/flows').ready();
    const columns = 'exporter,input_interface,source_ip,source_network,destination_port,protocol,bytes';
    const dns = await new Reader(
      collector,
      `/ws/flows?columns=${columns}&filter=${encodeURIComponent('port = 53 and source in 10.0.0.0/8')}`,
    ).ready();
    expect(dns.messages[0]).toMatchObject({ columns: columns.split(',') });
    await send(collector, EDGE, [
      { source: '10.1.2.3', destinationPort: 53, protocol: 17, bytes: 70, input: 7 },
      { source: '10.1.2.3', destinationPort: 443 },
      { source: '192.0.2.1', destinationPort: 53 },
    ]);
    await until('flows at both readers', () =>
      all.rows.length >= 3 && dns.rows.length >= 1 ? true : undefined,
    );
    expect(dns.rows).toEqual([['edge', 'xe-0/0/1', '10.1.2.3', 'ours', 53, 'udp', 70]]);
    expect(all.rows).toHaveLength(3);
    expect((await collector.metrics()).get('weir_live_subscriptions{kind="flows"}')).toBe(2);
  });

  test('rates add up to what was sent, sampling corrected', async () => {
    const reader = await new Reader(collector, '/ws/rates?by=source_ip&every=250&limit=2').ready();
    const total = { bytes: 0, flows: 0 };
    const flows = Array.from({ length: 96 }, (_, i) => ({
      source: `10.0.0.${i % 4}`,
      bytes: (i % 4) * 1000 + 1,
      packets: 2,
    }));
    for (const { bytes } of flows) {
      total.bytes += bytes * 100;
      total.flows++;
    }
    await send(collector, OTHER, flows, 0x4000 | 100);
    await until('all flows in the totals', () =>
      reader.rates.reduce((sum, m) => sum + m.total.flows, 0) >= total.flows ? true : undefined,
    );
    expect(reader.rates.reduce((sum, m) => sum + m.total.bytes, 0)).toBe(total.bytes);
    const largest = reader.rates.filter((m) => m.rows.length > 0).flatMap((m) => m.rows);
    const of3 = largest
      .filter(([source]) => source === '10.0.0.3')
      .reduce((sum, row) => sum + Number(row[1]), 0);
    expect(of3).toBe(24 * 3001 * 100);
  });

  test('a filter that cannot be read is answered with where and what would be right', async () => {
    const reader = new Reader(collector, `/ws/flows?filter=${encodeURIComponent('source in nowhere')}`);
    await until('the end of it', () => reader.closed);
    expect(reader.closed!.code).toBe(4400);
    expect(reader.messages).toEqual([
      { type: 'error', error: expect.stringMatching(/filter, character \d+/) },
    ]);
  });

  test('pages of other origins are refused, tools and own pages are not', async () => {
    const foreign = new Reader(collector, '/ws/flows', { Origin: 'http://evil.example' });
    await until('the refusal', () => foreign.refused);
    expect(foreign.refused).toBe(403);
    await new Reader(collector, '/ws/flows', { Origin: collector.apiUrl }).ready();
    const page = await fetch(`${collector.apiUrl}/exporters`, { headers: { Origin: 'http://evil.example' } });
    expect(page.status).toBe(403);
    expect((await fetch(`${collector.apiUrl}/ws/flows`)).status).toBe(426);
  });

  test('there are as many readers as the configuration allows', async () => {
    const open = async (): Promise<number> =>
      (await collector.metrics()).get('weir_live_subscriptions{kind="flows"}') ?? 0;
    await until('earlier readers gone', async () => ((await open()) === 0 ? true : undefined));
    for (let i = 0; i < 3; i++) await new Reader(collector, '/ws/flows').ready();
    const fourth = new Reader(collector, '/ws/flows');
    await until('the end of it', () => fourth.closed);
    expect(fourth.closed).toEqual({ code: 4429, reason: expect.stringContaining('live_subscriptions') });
  });

  test('who reads too slowly loses messages, and flows are stored all the same', async () => {
    const slow = await new Reader(collector, '/ws/flows?limit=1000').ready();
    slow.socket.pause();
    const before = await collector.number('SELECT count() FROM network_flows');
    const flows = Array.from({ length: 480 }, (_, i) => ({ source: `10.9.${i >>> 8}.${i & 255}` }));
    let sent = 0;
    await until(
      'lost messages',
      async () => {
        for (let i = 0; i < 20; i++) await send(collector, EDGE, flows);
        sent += 20 * flows.length;
        return ((await collector.metrics()).get('weir_live_messages_dropped_total') ?? 0) > 0
          ? true
          : undefined;
      },
      60_000,
    );
    await until('all flows stored', async () =>
      (await collector.number('SELECT count() FROM network_flows')) - before >= sent ? true : undefined,
    );
    expect(await collector.number("SELECT sum(value) FROM ledger WHERE measure = 'records_lost'")).toBe(0);
  }, 120_000);

  test('the collector’s own gauges are in the database', async () => {
    await until(
      'gauges',
      async () => ((await collector.number('SELECT count() FROM collector_metrics')) > 0 ? true : undefined),
      20_000,
    );
    const known = collectorMetrics.map(({ name }) => name);
    const there = await collector.query<{ metric: string; value: number }>(
      'SELECT metric, argMin(value, timestamp) AS value FROM collector_metrics GROUP BY metric',
    );
    expect(there.map(({ metric }) => metric).filter((name) => !known.includes(name))).toEqual([]);
    expect(there.find(({ metric }) => metric === 'memory_bytes')!.value).toBeGreaterThan(1e6);
  });

  test('interfaces have their speed, flows their networks, in the database', async () => {
    await until(
      'the interface in its table',
      async () =>
        (await collector.number('SELECT count() FROM interfaces FINAL WHERE speed = 10000000000')) === 1
          ? true
          : undefined,
      20_000,
    );
    expect(
      await collector.query('SELECT exporter_name, tenant_id, interface, name, speed FROM interfaces FINAL'),
    ).toEqual([{ exporter_name: 'edge', tenant_id: 'default', interface: 7, name: 'xe-0/0/1', speed: 10e9 }]);
    expect(
      await collector.query(
        "SELECT DISTINCT source_network, source_country, source_as FROM network_flows WHERE source_ip = toIPv6('10.1.2.3')",
      ),
    ).toEqual([{ source_network: 'ours', source_country: 'DE', source_as: 64_512 }]);
  });

  test('the collector ends cleanly and says so to its readers', async () => {
    const reader = await new Reader(collector, '/ws/flows').ready();
    expect(await collector.stop()).toBe(0);
    await until('the end of it', () => reader.closed);
    expect(reader.closed!.code).toBe(1001);
  });
});

describe('with tokens', () => {
  let collector: TestCollector;
  const ALL = 'a-token-for-everything';
  const ACME = 'a-token-for-acme-alone';
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
  beforeAll(async () => {
    collector = await TestCollector.start(workspace, {
      config: `
http:
  tokens:
    - { name: noc, token: ${ALL} }
    - { name: portal, token_sha256: ${createHash('sha256').update(ACME).digest('hex')}, tenant: acme }
clickhouse:
  users:
    - { name: noc, password: reads-all }
    - { name: acme, password: reads-its-own, tenant: acme }
tenants: { default: globex, map: [{ match: ${EDGE}, tenant: acme }] }
`,
    });
  });

  test('who has none is refused; health and metrics are open', async () => {
    const without = new Reader(collector, '/ws/flows');
    const wrong = new Reader(collector, '/ws/rates', bearer('a-token-that-is-none'));
    await until('refusals', () =>
      without.refused !== undefined && wrong.refused !== undefined ? true : undefined,
    );
    expect([without.refused, wrong.refused]).toEqual([401, 401]);
    expect((await fetch(`${collector.apiUrl}/exporters`)).status).toBe(401);
    for (const path of ['/health', '/metrics'])
      expect((await fetch(`${collector.apiUrl}${path}`)).status).toBe(200);
  });

  test('a tenant’s token shows that tenant’s flows and exporters alone, whatever the filter', async () => {
    const noc = await new Reader(collector, '/ws/flows?columns=tenant_id,source_ip', bearer(ALL)).ready();
    const filter = encodeURIComponent('tenant = globex or not tenant = globex');
    const acme = await new Reader(
      collector,
      `/ws/flows?columns=tenant_id,source_ip&filter=${filter}`,
      bearer(ACME),
    ).ready();
    const sums = await new Reader(collector, '/ws/rates?by=tenant_id&every=250', bearer(ACME)).ready();
    await send(collector, OTHER, [{ source: '10.0.0.66' }]);
    await send(collector, EDGE, [{ source: '10.0.0.1' }]);
    await until('flows at all readers', () =>
      noc.rows.length >= 2 && acme.rows.length >= 1 && sums.rates.some((m) => m.total.flows > 0)
        ? true
        : undefined,
    );
    expect(noc.rows.map(String).sort()).toEqual(['acme,10.0.0.1', 'globex,10.0.0.66']);
    expect(acme.rows).toEqual([['acme', '10.0.0.1']]);
    expect(sums.rates.flatMap((m) => m.rows)).toEqual([['acme', 100, 1, 1]]);

    const seen = async (token: string): Promise<string[]> => {
      const answer = await fetch(`${collector.apiUrl}/exporters`, { headers: bearer(token) });
      return ((await answer.json()) as { exporters: { address: string }[] }).exporters
        .map((e) => e.address)
        .sort();
    };
    await until('both exporters', async () => ((await seen(ALL)).length === 2 ? true : undefined));
    expect(await seen(ACME)).toEqual([EDGE]);
  });

  test('a tenant’s user of the embedded ClickHouse reads that tenant’s rows alone', async () => {
    const ask = async (user: string, password: string, sql: string): Promise<string> => {
      const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password };
      const url = `${collector.clickhouseUrl}/?database=weir`;
      return (await fetch(url, { method: 'POST', headers, body: sql })).text();
    };
    const tenants = 'SELECT arraySort(groupUniqArray(tenant_id)) FROM network_flows';
    await until('flows of both tenants stored', async () =>
      (await ask('noc', 'reads-all', tenants)) === "['acme','globex']\n" ? true : undefined,
    );
    expect(await ask('acme', 'reads-its-own', tenants)).toBe("['acme']\n");
    expect(await ask('acme', 'reads-its-own', 'SELECT count() FROM tenant_check')).toBe('0\n');
    expect(await ask('noc', 'reads-all', 'SELECT count() FROM tenant_check')).toBe('1\n');
    expect(await ask('acme', 'reads-all', 'SELECT 1')).toMatch(/^Code: 516\./);
  });
});
