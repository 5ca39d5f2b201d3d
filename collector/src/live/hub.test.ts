import { describe, expect, it } from '@jest/globals';
import { LIVE_BAD_REQUEST, LIVE_TOO_MANY, LiveHub } from './hub.ts';
import { readLiveRequest } from './request.ts';
import type { LiveSubscription } from './subscription.ts';

function rig(limit = 64) {
  const subscribed: LiveSubscription[] = [];
  const ended: number[] = [];
  const hub = new LiveHub(
    { subscribe: (s) => subscribed.push(s), unsubscribe: (id) => ended.push(id) },
    { limit, version: '1.2.3' },
  );
  return { hub, subscribed, ended };
}

function socket() {
  return {
    bufferedAmount: 0,
    sent: [] as unknown[],
    closed: undefined as { code: number; reason: string } | undefined,
    send(text: string) {
      this.sent.push(JSON.parse(text));
    },
    close(code: number, reason: string) {
      this.closed = { code, reason };
    },
  };
}

const ask = (kind: 'flows' | 'rates', text = '') => readLiveRequest(kind, new URLSearchParams(text));

describe('a request', () => {
  it('has defaults', () => {
    expect(ask('flows')).toMatchObject({ ok: true, subscription: { kind: 'flows', limit: 200 } });
    expect(ask('rates', 'by=exporter,protocol')).toMatchObject({
      ok: true,
      columns: ['exporter', 'protocol', 'bytes', 'packets', 'flows'],
      subscription: { columns: ['exporter', 'protocol'], limit: 20, everyMs: 1000 },
    });
  });

  it.each([
    ['flows', 'filter=port+%3D%3D%3D', /filter, character \d+/],
    ['flows', 'columns=nonsense', /no column nonsense/],
    ['flows', 'columns=host', /either end.*source_ip or destination_ip/],
    ['flows', 'limit=0', /limit is "0".*from 1 to 1000/],
    ['flows', 'by=exporter', /takes filter, columns, limit/],
    ['rates', 'by=a,b,c,d,e', /4 at most/],
    ['rates', 'by=bytes', /cannot be grouped by/],
    ['rates', 'every=10', /every is "10".*from 250/],
  ] as const)('%s?%s is told what would be right', (kind, text, said) => {
    const request = ask(kind, text);
    expect(request.ok ? '' : request.error).toMatch(said);
  });
});

describe('a reader', () => {
  it('is told the schema first, then its messages', () => {
    const { hub, subscribed, ended } = rig();
    const reader = socket();
    const end = hub.open(reader, ask('flows', 'columns=source_ip'), 'acme');
    expect(subscribed[0]).toMatchObject({ id: 1, tenant: 'acme', columns: ['source_ip'] });
    hub.deliver({ kind: 'flows', id: 1, t: 5, rows: '[["10.0.0.1"]]', shown: 1, matched: 3 });
    expect(reader.sent).toEqual([
      { type: 'schema', columns: ['source_ip'], version: '1.2.3' },
      { type: 'flows', t: 5, rows: [['10.0.0.1']], matched: 3, skipped: 2 },
    ]);
    end();
    end();
    expect(ended).toEqual([1]);
    hub.deliver({ kind: 'flows', id: 1, t: 6, rows: '[]', shown: 0, matched: 1 });
    expect(reader.sent).toHaveLength(2);
  });

  it('who is slow loses messages, and is told how many flows that were', () => {
    const { hub } = rig();
    const reader = socket();
    hub.open(reader, ask('flows'), undefined);
    reader.bufferedAmount = 2 ** 20;
    hub.deliver({ kind: 'flows', id: 1, t: 5, rows: '[[1],[2]]', shown: 2, matched: 7 });
    reader.bufferedAmount = 0;
    hub.deliver({ kind: 'flows', id: 1, t: 6, rows: '[[3]]', shown: 1, matched: 1 });
    expect(reader.sent[1]).toMatchObject({ t: 6, matched: 8, skipped: 7 });
    expect(hub.counts()).toMatchObject({ messagesDropped: 1, rowsSkipped: 7, rowsSent: 1 });
  });

  it('whose request is wrong is told so and let go; so is one too many', () => {
    const { hub, subscribed } = rig(1);
    const wrong = socket();
    hub.open(wrong, ask('flows', 'limit=0'), undefined)();
    expect(wrong.sent).toEqual([{ type: 'error', error: expect.stringContaining('limit is "0"') }]);
    expect(wrong.closed?.code).toBe(LIVE_BAD_REQUEST);
    hub.open(socket(), ask('flows'), undefined);
    const second = socket();
    hub.open(second, ask('flows'), undefined);
    expect(second.closed?.code).toBe(LIVE_TOO_MANY);
    expect(subscribed).toHaveLength(1);
    expect(hub.counts()).toMatchObject({ refused: 2, subscriptions: { flows: 1, rates: 0 } });
  });

  it('is told that the collector stops', () => {
    const { hub, ended } = rig();
    const reader = socket();
    hub.open(reader, ask('rates'), undefined);
    hub.close();
    expect(reader.closed?.code).toBe(1001);
    expect(ended).toEqual([1]);
  });
});
