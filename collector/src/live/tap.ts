import { type FlowBatch, at } from '@weir/core';
import { filterPredicate } from '@weir/core/filter/predicate';
import { type Cell, cellOf } from './cells.ts';
import { countsOf } from './counts.ts';
import { RateTable } from './rate-table.ts';
import type { LiveSubscription, TapCounts, TapMessage } from './subscription.ts';

/** The most that one look may take of the receiving thread's time, for all subscriptions together. */
const BUDGET_MS = 5;
/** Rows tested between two looks at the clock. */
const CHUNK = 512;

type RowTest = (row: number) => boolean;

interface Subscriber {
  readonly subscription: LiveSubscription;
  readonly cells: readonly Cell[];
  readonly predicate: (batch: FlowBatch) => RowTest;
  readonly rates: RateTable | undefined;
  sinceMs: number;
  // Since the latest message of rates
  tested: number;
  passedOver: number;
}

/**
 * Shows live readers what comes in, from the batch that is being filled: rows that have come since the latest look are tested, the
 * newest first. Bounded in time: what there was no time for is estimated from the rest and said to be skipped.
 */
export class LiveTap {
  private readonly subscribers = new Map<number, Subscriber>();
  private readonly emit: (message: TapMessage) => void;
  private readonly now: () => number;
  private readonly clock: () => number;
  private first = 0;
  private rowsTested = 0;
  private rowsPassedOver = 0;

  constructor(
    emit: (message: TapMessage) => void,
    now: () => number = Date.now,
    clock: () => number = () => performance.now(),
  ) {
    this.emit = emit;
    this.now = now;
    this.clock = clock;
  }

  get active(): boolean {
    return this.subscribers.size > 0;
  }

  counts(): TapCounts {
    return { rowsTested: this.rowsTested, rowsPassedOver: this.rowsPassedOver };
  }

  /** @throws Error for a column that there is not, which the asking side has checked */
  add(subscription: LiveSubscription): void {
    const cells = subscription.columns.map((name) => {
      const cell = cellOf(name);
      if (cell === undefined) throw new Error(`there is no column ${name}`);
      return cell;
    });
    this.subscribers.set(subscription.id, {
      subscription,
      cells,
      predicate: filterPredicate(subscription.filter),
      rates: subscription.kind === 'rates' ? new RateTable(cells) : undefined,
      sinceMs: this.now(),
      tested: 0,
      passedOver: 0,
    });
  }

  remove(id: number): void {
    this.subscribers.delete(id);
  }

  /** Looks at the rows `[from, to)`, all of them complete. */
  look(batch: FlowBatch, from: number, to: number): void {
    const began = this.clock();
    const all = [...this.subscribers.values()];
    if (to > from)
      for (let i = 0; i < all.length; i++) {
        // Whoever comes first this time comes last the next; what one leaves of its share is the others'.
        const subscriber = all[(this.first + i) % all.length]!;
        const left = BUDGET_MS - (this.clock() - began);
        this.lookFor(subscriber, batch, from, to, this.clock() + left / (all.length - i));
      }
    this.first = all.length === 0 ? 0 : (this.first + 1) % all.length;
    for (const subscriber of all) this.sendRates(subscriber);
  }

  /** To be called before the batch is reset. */
  settle(): void {
    for (const { rates } of this.subscribers.values()) rates?.settle();
  }

  private lookFor(
    subscriber: Subscriber,
    batch: FlowBatch,
    from: number,
    to: number,
    deadline: number,
  ): void {
    const { subscription, rates } = subscriber;
    const matches = withinTenant(batch, subscription.tenant, subscriber.predicate(batch));
    const counts = rates === undefined ? undefined : countsOf(batch);
    rates?.bind(batch);
    const rows: number[] = [];
    let matched = 0;
    let row = to - 1;
    while (row >= from) {
      const stop = Math.max(from, row - CHUNK + 1);
      for (; row >= stop; row--) {
        if (!matches(row)) continue;
        matched++;
        if (counts !== undefined) rates!.add(row, counts.bytes(row), counts.packets(row));
        else if (rows.length < subscription.limit) rows.push(row);
      }
      if (row >= from && this.clock() >= deadline) break;
    }
    const tested = to - 1 - row;
    const passedOver = row - from + 1;
    this.rowsTested += tested;
    this.rowsPassedOver += passedOver;
    subscriber.tested += tested;
    subscriber.passedOver += passedOver;
    if (rates === undefined && matched > 0)
      this.emit({
        kind: 'flows',
        id: subscription.id,
        t: this.now(),
        rows: JSON.stringify(shown(subscriber.cells, batch, rows.reverse())),
        shown: rows.length,
        matched: matched + Math.round((matched / tested) * passedOver),
      });
  }

  private sendRates(subscriber: Subscriber): void {
    const { subscription, rates } = subscriber;
    const now = this.now();
    if (rates === undefined || now - subscriber.sinceMs < subscription.everyMs) return;
    const { tested, passedOver } = subscriber;
    const { rows, total } = rates.take(subscription.limit, tested === 0 ? 1 : (tested + passedOver) / tested);
    this.emit({
      kind: 'rates',
      id: subscription.id,
      t: now,
      seconds: (now - subscriber.sinceMs) / 1000,
      rows: JSON.stringify(rows),
      shown: rows.length,
      total,
    });
    subscriber.sinceMs = now;
    subscriber.tested = 0;
    subscriber.passedOver = 0;
  }
}

/** Rows as values, in the order of the cells. */
function shown(cells: readonly Cell[], batch: FlowBatch, rows: readonly number[]): (string | number)[][] {
  const scratch = new Uint32Array(8);
  const bound = cells.map((cell) => cell.bind(batch));
  return rows.map((row) =>
    bound.map((cell) => {
      cell.put(row, scratch, 0);
      return cell.show(scratch, 0);
    }),
  );
}

/** A row of another tenant matches nothing, whatever the filter says. */
function withinTenant(batch: FlowBatch, tenant: string | undefined, matches: RowTest): RowTest {
  if (tenant === undefined) return matches;
  if (!batch.has(at.tenant_id)) return tenant === '' ? matches : () => false;
  const ids = batch.u32(at.tenant_id);
  const dictionary = batch.dictionary(at.tenant_id);
  let wanted = tenant === '' ? 0 : -1;
  for (let id = 1; id < dictionary.size && wanted < 0; id++) if (dictionary.text(id) === tenant) wanted = id;
  return wanted < 0 ? () => false : (row) => ids[row] === wanted && matches(row);
}
