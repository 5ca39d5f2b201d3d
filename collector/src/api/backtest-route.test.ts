import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { anomalyRow } from '../detect/replay/testing/anomaly-row.ts';
import { openStored, storeAnomalies, storeWindows } from '../detect/replay/testing/stored.ts';
import type { DetectionSettings } from '../detect/settings.ts';
import { WindowSet } from '../detect/windows/index.ts';
import { NOON, batchOf } from '../detect/windows/testing/flows.ts';
import type { TestEngine } from '../store/embedded/testing/open-test-engine.ts';
import type { BacktestSource } from './backtest-route.ts';
import { type Api, type ApiOptions, createApi } from './server.ts';
import { healthySources } from './testing/sources.ts';

const detection: DetectionSettings & { readonly warmUpDays: number } = {
  enabled: true,
  ownNetworks: ['10.0.0.0/8'],
  latenessSeconds: 20,
  capacities: {},
  detectors: {},
  tenants: {},
  exclude: [],
  silences: [],
  rules: [],
  warmUpDays: 1,
};

let opened: TestEngine;
let api: Api | undefined;

beforeAll(async () => {
  opened = await openStored();
  const windows = new WindowSet({ internalPrefixes: ['10.0.0.0/8'], latenessSeconds: 0 });
  const flow = {
    timestamp: NOON,
    source_ip: '10.0.0.1',
    destination_ip: '198.51.100.7',
    bytes_in: 1000,
    packets_in: 2,
  };
  windows.observe(
    batchOf([
      { ...flow, tenant_id: 'north' },
      { ...flow, tenant_id: 'south' },
    ]),
  );
  await storeWindows(opened, windows.closeAll());
  const anomaly = { opened: NOON + 5, closed: NOON + 95 };
  await storeAnomalies(opened, [
    anomalyRow({ ...anomaly, tenant_id: 'north', id: '6a1d2c3e-0000-4000-8000-00000000000a' }),
    anomalyRow({
      ...anomaly,
      tenant_id: 'south',
      source_ip: '10.0.0.2',
      id: '6a1d2c3e-0000-4000-8000-00000000000b',
    }),
  ]);
}, 60_000);

afterEach(async () => {
  await api?.close();
  api = undefined;
});
afterAll(() => opened.close(), 60_000);

function serve(options: ApiOptions = {}, source: Partial<BacktestSource> = {}): Api {
  api = createApi(healthySources(), {
    now: () => (NOON + 3600) * 1000,
    backtest: { reads: opened.engine.database(), database: 'dev', detection: () => detection, ...source },
    ...options,
  });
  return api;
}

const ASKED = { from: NOON, to: NOON + 600, detectors: ['port_scan'] };

async function post(of: Api, body: object, headers: Record<string, string> = {}) {
  return of.server.inject({ method: 'POST', url: '/backtest', payload: body, headers });
}

describe('POST /backtest', () => {
  test('answers with what would have been found, beside what was', async () => {
    const answer = await post(serve(), ASKED);
    expect(answer.statusCode).toBe(200);
    const body = answer.json<{ anomalies: { status: string; source_ip: string }[] }>();
    expect(body).toMatchObject({
      from: NOON,
      to: NOON + 600,
      windows: 60,
      windows_learnt: 0,
      compared: true,
    });
    expect(body.anomalies.map(({ status, source_ip }) => [status, source_ip])).toEqual([
      ['missing', '10.0.0.1'],
      ['missing', '10.0.0.2'],
    ]);
  });

  test('tells how far it is in lines of JSON, to who asks for them', async () => {
    const answer = await post(
      serve(),
      { ...ASKED, filter: 'source = 10.0.0.2' },
      { accept: 'application/x-ndjson' },
    );
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    const lines = answer.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines.at(-1)).toMatchObject({ result: { anomalies: [{ source_ip: '10.0.0.2' }] } });
    for (const line of lines.slice(0, -1))
      expect(line).toMatchObject({ progress: { phase: expect.any(String) } });
  });

  test.each([
    [{ from: NOON }, /^to: .*It must be \{"from"/],
    [{ ...ASKED, sett: [] }, /sett/],
    [{ from: NOON, to: NOON }, /the end must be later\.$/],
    [{ from: 0, to: NOON }, /longer than 62 days/],
    [{ ...ASKED, detectors: ['port_scam'] }, /^There is no detector port_scam; did you mean port_scan\?$/],
    [{ ...ASKED, set: ['port_scan.prots=3'] }, /did you mean ports\?/],
    [{ ...ASKED, filter: 'bytes > 3' }, /Anomalies have no bytes/],
    [{ ...ASKED, source: 'packets' }, /source/],
  ])('%j is refused with what would be right', async (body, message) => {
    const answer = await post(serve(), body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json<{ error: string }>().error).toMatch(message);
  });

  test('asks for a token where there are some, and keeps to its tenant', async () => {
    const tokenSha256 = createHash('sha256').update('t0ken').digest('hex');
    const of = serve({ tokens: [{ name: 'north', tokenSha256, tenant: 'north' }] });
    const authorization = 'Bearer t0ken';
    expect((await post(of, ASKED)).statusCode).toBe(401);
    expect((await post(of, { ...ASKED, tenant: 'south' }, { authorization })).statusCode).toBe(403);
    const own = (await post(of, ASKED, { authorization })).json<{ anomalies: { tenant_id: string }[] }>();
    expect(own.anomalies.map((row) => row.tenant_id)).toEqual(['north']);
  });

  test('refuses pages of other origins', async () => {
    expect((await post(serve(), ASKED, { origin: 'http://elsewhere.example' })).statusCode).toBe(403);
  });

  test('runs two at once and no more; who leaves ends theirs', async () => {
    const waiting: (() => void)[] = [];
    let asked = 0;
    const slow = {
      query: <Row>(sql: string, parameters?: Readonly<Record<string, unknown>>): Promise<Row[]> => {
        asked++;
        return new Promise<void>((resolve) => waiting.push(resolve)).then(() =>
          opened.engine.database().query<Row>(sql, parameters),
        );
      },
      queryNative: (sql: string, parameters?: Readonly<Record<string, unknown>>) =>
        opened.engine.database().queryNative(sql, parameters),
    };
    const of = serve({}, { reads: slow });
    const port = await of.listen({ host: '127.0.0.1', port: 0 });
    const ask = (signal?: AbortSignal): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/backtest`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(ASKED),
        ...(signal && { signal }),
      });
    const leaving = new AbortController();
    const left = ask(leaving.signal).catch((error: Error) => error.name);
    const stays = ask();
    await until(() => asked === 2);
    const third = await ask();
    expect(third.status).toBe(429);
    expect(await third.json()).toMatchObject({ error: expect.stringContaining('2 replays run already') });
    leaving.abort();
    expect(await left).toBe('AbortError');
    let fourth: Response | undefined;
    let answered = false;
    void until(async () => {
      if (answered) return true;
      // Whatever is asked of ClickHouse is answered from now on.
      for (const resolve of waiting.splice(0)) resolve();
      return false;
    });
    do fourth = await ask();
    while (fourth.status === 429);
    expect(fourth.status).toBe(200);
    expect((await stays).status).toBe(200);
    answered = true;
  }, 60_000);

  test('says what ClickHouse said where it cannot be asked', async () => {
    const answer = await post(serve({}, { database: 'none' }), ASKED);
    expect(answer.statusCode).toBe(502);
    expect(answer.json<{ error: string }>().error).toMatch(/Database .*none.* does not exist/);
  });

  test('is not there without detection', async () => {
    api = createApi(healthySources());
    expect((await post(api, ASKED)).statusCode).toBe(404);
  });
});

test('GET /detectors names what is looked for, with parameters', async () => {
  const { detectors } = (await serve().server.inject('/detectors')).json<{
    detectors: { name: string; parameters: Record<string, { default: number; unit: string }> }[];
  }>();
  expect(detectors.find(({ name }) => name === 'port_scan')?.parameters['ports']).toMatchObject({
    unit: 'ports/min',
  });
});

async function until(true_: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await true_())) await new Promise((resolve) => setTimeout(resolve, 10));
}
