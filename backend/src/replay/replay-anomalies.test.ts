import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSourceSettings } from '@weir/core/query';
import type { Frame } from '@weir/plugin-sdk';
import { type DataSource, closeDataSource } from '../instances/data-source.ts';
import { ask, testDataSource } from '../testing/ask.ts';
import { type TestCollector, openTestCollector } from '../testing/collector.ts';
import { HOUR, NOW_MS, storeKnownFlows } from '../testing/known-flows.ts';
import { READER, type TestStore, openTestStore } from '../testing/store.ts';

let store: TestStore;
let collector: TestCollector;
const opened: DataSource[] = [];

beforeAll(async () => {
  store = await openTestStore();
  await storeKnownFlows(store);
  collector = await openTestCollector(store, NOW_MS);
}, 60_000);

afterAll(async () => {
  for (const dataSource of opened) closeDataSource(dataSource);
  await collector.close();
  await store.close();
}, 60_000);

function dataSource(settings: Partial<DataSourceSettings>, token?: string): DataSource {
  const made = testDataSource(
    { url: store.url, user: READER.name, ...settings },
    { password: READER.password, ...(token === undefined ? {} : { collectorToken: token }) },
  );
  opened.push(made);
  return made;
}

/** A collector that answers as told, and what it was asked. */
async function standIn(
  status: number,
  body: unknown,
): Promise<{
  url: string;
  seen: { path: string; authorization: string | undefined; body: unknown }[];
  close: () => Promise<void>;
}> {
  const seen: { path: string; authorization: string | undefined; body: unknown }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((sent) => {
      const { url = '', headers } = request;
      seen.push({
        path: url,
        authorization: headers.authorization,
        body: sent === '' ? undefined : JSON.parse(sent),
      });
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => new Promise((done) => server.close(() => done())),
  };
}

const REPLAY = { detectors: [], set: [] };
const column = (frame: Frame | undefined, name: string): unknown[] => [
  ...((frame?.fields.find((field) => field.name === name)?.values ?? []) as Iterable<unknown>),
];
const names = (frame: Frame | undefined): string[] => frame?.fields.map((field) => field.name) ?? [];

describe('a replay asked of the real collector', () => {
  it('has the columns and rows of stored anomalies, and what became of them', async () => {
    const source = dataSource({ collectorUrl: collector.url });
    const [stored] = await ask(source, { kind: 'anomalies' });
    const [replayed] = await ask(source, { kind: 'anomalies', replay: REPLAY });
    expect(names(replayed)).toEqual(['replay', ...names(stored)]);
    expect(column(stored, 'id').length).toBeGreaterThan(0);
    // No windows are stored of it: whatever was found then is missing.
    expect(new Set(column(replayed, 'replay'))).toEqual(new Set(['missing']));
    for (const field of stored!.fields)
      expect({
        ...replayed!.fields.find((f) => f.name === field.name),
        values: column(replayed, field.name),
      }).toEqual({ ...field, values: column(stored, field.name) });
    expect(replayed?.meta?.notices?.map(({ text: said }) => said).join('\n')).toMatch(
      /Replay of .* missing\.\nNo windows are stored/,
    );
    expect(replayed?.meta?.executedQueryString).toContain('POST /backtest');
  });

  it('keeps to the filter, the lists and the limit', async () => {
    const source = dataSource({ collectorUrl: collector.url });
    const ids = async (model: object): Promise<unknown[]> =>
      column((await ask(source, { kind: 'anomalies', ...model }))[0], 'id');
    for (const model of [
      { filter: 'host in 10.0.0.0/8' },
      { filter: 'not host in 10.0.0.0/8' },
      { severities: ['critical'] },
      { states: ['closed'] },
      { limit: 1 },
      { adHoc: [{ key: 'bytes', operator: '>', value: '5' }] },
    ])
      expect(await ids({ ...model, replay: REPLAY })).toEqual(await ids(model));
  });

  it('says what is wrong as the collector says it', async () => {
    const source = dataSource({ collectorUrl: collector.url });
    const replay = { detectors: ['port_scam'], set: [] };
    await expect(ask(source, { kind: 'anomalies', replay })).rejects.toMatchObject({
      status: 400,
      message: 'There is no detector port_scam; did you mean port_scan?',
    });
  });

  it('makes annotations too', async () => {
    const source = dataSource({ collectorUrl: collector.url });
    const [frame] = await ask(source, { kind: 'anomalies', replay: REPLAY }, { refId: 'Anno' });
    expect(names(frame)).toEqual(['time', 'timeEnd', 'title', 'text', 'tags', 'id']);
  });
});

describe('a replay', () => {
  it('is asked with the range, what is set, the tenant and the token', async () => {
    const fake = await standIn(200, { windows: 9, from: 5, learnt_from: 5, notes: [], anomalies: [] });
    const source = dataSource({ collectorUrl: `${fake.url}/` }, 't0ken');
    const replay = { detectors: ['port_scan'], set: [' port_scan.ports=40 '] };
    await ask(source, { kind: 'anomalies', replay, filter: 'port = 22' });
    expect(fake.seen).toEqual([
      {
        path: '/backtest',
        authorization: 'Bearer t0ken',
        body: {
          from: HOUR.fromMs / 1000,
          to: HOUR.toMs / 1000,
          warm_up_seconds: 86_400,
          detectors: ['port_scan'],
          set: ['port_scan.ports=40'],
          filter: expect.stringContaining('22'),
        },
      },
    ]);
    await fake.close();
  });

  it.each([
    [401, { error: 'It is none.' }, 403, /refuses the token: It is none\. Check the collector token/],
    [404, { error: 'There is no POST /backtest.' }, 502, /runs no replays/],
    [429, { error: '2 replays run already.' }, 429, /2 replays run already/],
    [500, '<html>', 502, /HTTP status 500, and no JSON/],
    [200, '<html>', 502, /HTTP status 200, and no JSON/],
    [200, {}, 502, /none of a replay/],
  ])('is refused in words where the collector answers %d %j', async (status, body, shown, message) => {
    const fake = await standIn(status, body);
    const asked = ask(dataSource({ collectorUrl: fake.url }), { kind: 'anomalies', replay: REPLAY });
    await expect(asked).rejects.toMatchObject({ status: shown, message: expect.stringMatching(message) });
    await fake.close();
  });

  it('needs a collector, and is nothing for rules or counts', async () => {
    const model = { kind: 'anomalies', replay: REPLAY };
    await expect(ask(dataSource({}), model)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('set the collector URL'),
    });
    const with_ = dataSource({ collectorUrl: 'http://127.0.0.1:9' });
    for (const anomalyView of ['count', 'timeline', 'stories', 'evidence'])
      await expect(ask(with_, { ...model, anomalyView })).rejects.toMatchObject({ status: 400 });
    await expect(ask(with_, model)).rejects.toMatchObject({
      status: 502,
      message: expect.stringContaining('cannot be reached'),
    });
    await expect(
      ask(with_, { ...model, anomalyView: 'count' }, { headers: { FromAlert: 'true' } }),
    ).rejects.toMatchObject({ status: 400, message: expect.stringContaining('alert rule') });
  });
});
