import { describe, expect, it } from '@jest/globals';
import { FlowBatch, addressWords, at, fillText } from '@weir/core';
import { parseFilter } from '@weir/core/filter';
import type { LiveSubscription, TapFlows, TapMessage, TapRates } from './subscription.ts';
import { LiveTap } from './tap.ts';

interface Row {
  readonly source?: string;
  readonly port?: number;
  readonly bytes?: number;
  readonly tenant?: string;
  readonly rate?: number;
}

function batchOf(rows: readonly Row[]): FlowBatch {
  const batch = new FlowBatch(Math.max(64, rows.length));
  add(batch, rows);
  return batch;
}

function add(batch: FlowBatch, rows: readonly Row[]): void {
  for (const { source = '10.0.0.1', port = 443, bytes = 100, tenant = 'acme', rate = 0 } of rows) {
    const r = batch.rows;
    batch.u32(at.source_ip).set(addressWords(source), 4 * r);
    batch.u16(at.destination_port)[r] = port;
    batch.u32(at.bytes_in)[2 * r] = bytes;
    batch.u32(at.packets_in)[2 * r] = 1;
    if (rate > 0) batch.u32(at.sampling_rate)[r] = rate;
    fillText(batch, at.tenant_id, tenant, r, r + 1);
    batch.rows++;
  }
}

function subscription(change: Partial<LiveSubscription> & { readonly text?: string } = {}): LiveSubscription {
  const { text = '', ...rest } = change;
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(parsed.problems[0]!.message);
  return {
    id: 1,
    kind: 'flows',
    filter: parsed.filter,
    columns: ['source_ip', 'destination_port'],
    limit: 10,
    everyMs: 1000,
    tenant: undefined,
    ...rest,
  };
}

/** A tap whose clocks stand still unless told. */
function rig(...subscriptions: readonly LiveSubscription[]) {
  const messages: TapMessage[] = [];
  const clock = { now: 1_000_000, spent: 0 };
  const tap = new LiveTap(
    (message) => messages.push(message),
    () => clock.now,
    () => clock.spent,
  );
  for (const one of subscriptions) tap.add(one);
  const rows = (i: number): unknown => JSON.parse(messages[i]!.rows);
  return { tap, messages, clock, rows };
}

describe('following flows', () => {
  it('shows rows that match, the newest last', () => {
    const { tap, messages, rows } = rig(subscription({ text: 'port = 443' }));
    const batch = batchOf([{ source: '10.0.0.1' }, { port: 53 }, { source: '10.0.0.3' }]);
    tap.look(batch, 0, 3);
    expect(rows(0)).toEqual([
      ['10.0.0.1', 443],
      ['10.0.0.3', 443],
    ]);
    expect(messages[0]).toMatchObject({ kind: 'flows', id: 1, t: 1_000_000, shown: 2, matched: 2 });
  });

  it('says nothing where nothing matches, and looks at the rows asked for alone', () => {
    const { tap, messages } = rig(subscription({ text: 'port = 53' }));
    tap.look(batchOf([{ port: 53 }, { port: 443 }]), 1, 2);
    tap.look(batchOf([]), 0, 0);
    expect(messages).toEqual([]);
  });

  it('shows the newest of more rows than the limit, and how many matched', () => {
    const { tap, messages, rows } = rig(subscription({ limit: 2 }));
    tap.look(batchOf([1, 2, 3, 4].map((port) => ({ port }))), 0, 4);
    expect(rows(0)).toEqual([
      ['10.0.0.1', 3],
      ['10.0.0.1', 4],
    ]);
    expect(messages[0]).toMatchObject({ shown: 2, matched: 4 });
  });

  it('shows a tenant nothing of another, whatever the filter', () => {
    const { tap, rows, messages } = rig(
      subscription({ tenant: 'acme', text: 'tenant = globex or tenant = acme' }),
      subscription({ id: 2, tenant: 'nobody' }),
      subscription({ id: 3, tenant: 'acme', kind: 'rates', columns: ['source_ip'], everyMs: 0 }),
    );
    tap.look(
      batchOf([
        { tenant: 'globex', port: 1 },
        { tenant: 'acme', port: 2 },
      ]),
      0,
      2,
    );
    expect(messages.map((m) => m.id)).toEqual([1, 3]);
    expect(rows(0)).toEqual([['10.0.0.1', 2]]);
    expect(rows(1)).toEqual([['10.0.0.1', 100, 1, 1]]);
    expect((messages[1] as TapRates).total.flows).toBe(1);
  });

  it('stops when its time is over: the newest are looked at, the rest is estimated', () => {
    const { tap, messages, clock } = rig(subscription({ limit: 5 }));
    const many = Array.from({ length: 2048 }, () => ({}));
    const batch = batchOf(many);
    Object.defineProperty(clock, 'spent', { get: () => (ticks += 2) });
    let ticks = 0;
    tap.look(batch, 0, 2048);
    const { matched } = messages[0] as TapFlows;
    expect(matched).toBe(2048);
    const { rowsTested, rowsPassedOver } = tap.counts();
    expect(rowsTested + rowsPassedOver).toBe(2048);
    expect(rowsTested).toBeGreaterThanOrEqual(512);
    expect(rowsPassedOver).toBeGreaterThan(0);
  });
});

describe('rates', () => {
  const rates = (change: Partial<LiveSubscription> & { readonly text?: string } = {}): LiveSubscription =>
    subscription({ kind: 'rates', columns: ['source_ip'], ...change });

  it('sum by group, the largest by octets first, multiplied by the sampling rate', () => {
    const { tap, messages, clock, rows } = rig(rates());
    const batch = batchOf([
      { source: '10.0.0.1', bytes: 100 },
      { source: '10.0.0.2', bytes: 10, rate: 100 },
      { source: '10.0.0.1', bytes: 50 },
    ]);
    tap.look(batch, 0, 3);
    expect(messages).toEqual([]);
    clock.now += 1000;
    tap.look(batch, 3, 3);
    expect(rows(0)).toEqual([
      ['10.0.0.2', 1000, 100, 1],
      ['10.0.0.1', 150, 2, 2],
    ]);
    expect(messages[0]).toMatchObject({ seconds: 1, total: { bytes: 1150, packets: 102, flows: 3 } });
  });

  it('go on over a reset of the batch, where texts get other ids', () => {
    const { tap, clock, rows } = rig(rates({ columns: ['tenant_id', 'destination_port'] }));
    const batch = batchOf([{ tenant: 'acme' }, { tenant: 'globex' }]);
    tap.look(batch, 0, 2);
    tap.settle();
    batch.reset();
    add(batch, [
      { tenant: 'globex', bytes: 5 },
      { tenant: 'initech', bytes: 1 },
    ]);
    clock.now += 1000;
    tap.look(batch, 0, 2);
    expect(rows(0)).toEqual([
      ['globex', 443, 105, 2, 2],
      ['acme', 443, 100, 1, 1],
      ['initech', 443, 1, 1, 1],
    ]);
  });

  it('hold the largest groups and the whole total where there are more than are told apart', () => {
    const { tap, messages, clock, rows } = rig(
      rates({ columns: ['source_ip', 'destination_port'], limit: 1 }),
    );
    const batch = new FlowBatch(40_000);
    add(batch, [{ source: '10.9.9.9', bytes: 1_000_000 }]);
    add(
      batch,
      Array.from({ length: 39_999 }, (_, i) => ({ source: `10.0.${i >>> 8}.${i & 255}`, bytes: 1 })),
    );
    tap.look(batch, 0, 1);
    tap.look(batch, 1, 40_000);
    clock.now += 1000;
    tap.look(batch, 40_000, 40_000);
    expect(rows(0)).toEqual([['10.9.9.9', 443, 1_000_000, 1, 1]]);
    expect((messages[0] as TapRates).total).toEqual({ bytes: 1_039_999, packets: 40_000, flows: 40_000 });
  });

  it('come without groups too, and when nothing has come', () => {
    const { tap, messages, clock, rows } = rig(rates({ columns: [] }));
    tap.look(batchOf([{}, {}]), 0, 2);
    clock.now += 1000;
    tap.look(batchOf([]), 0, 0);
    expect(rows(0)).toEqual([[200, 2, 2]]);
    clock.now += 1000;
    tap.look(batchOf([]), 0, 0);
    expect(rows(1)).toEqual([]);
    expect((messages[1] as TapRates).total).toEqual({ bytes: 0, packets: 0, flows: 0 });
  });
});

it('a subscription that is removed is told nothing more', () => {
  const { tap, messages } = rig(subscription());
  expect(tap.active).toBe(true);
  tap.remove(1);
  expect(tap.active).toBe(false);
  tap.look(batchOf([{}]), 0, 1);
  expect(messages).toEqual([]);
});
