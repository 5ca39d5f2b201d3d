import type { Database } from '../clickhouse/database.ts';
import { type RollupName, rollupNames, rollups } from '../schema/ddl.ts';
import type { StoreLog } from '../store.ts';
import { rollupInsert, staleSlots } from './rollup-sql.ts';

export interface RollerOptions {
  readonly database: string;
  /** Addresses kept a slot. */
  readonly top: number;
  /** A slot is made so long after its end: flows of its last second have been stored by then. */
  readonly graceMs: number;
  /** How far back late data is looked for. */
  readonly lookBackMs: number;
  readonly everyMs: number;
  readonly log: StoreLog;
  readonly now?: () => number;
}

/**
 * Keeps the rollups true to the flows: slots that have closed are made, slots that late data has reached are made anew. What
 * to do is read off the tables each time (the count of flows stored against the count rolled up), so that a crash, a second
 * collector or a replayed spool needs no memory of its own.
 */
export class Roller {
  private readonly database: Database;
  private readonly options: RollerOptions;
  private readonly now: () => number;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;
  slotsMade = 0;

  constructor(database: Database, options: RollerOptions) {
    this.database = database;
    this.options = options;
    this.now = options.now ?? Date.now;
  }

  start(): void {
    this.timer = setInterval(() => {
      this.running = this.running.then(() => this.run());
    }, this.options.everyMs);
  }

  /** One round over all rollups. Trouble is logged; the next round tries again. */
  async run(): Promise<void> {
    try {
      for (const name of rollupNames) await this.roll(name);
    } catch (error) {
      if (!this.stopped)
        this.options.log.warn(`Rollups: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private async roll(name: RollupName): Promise<void> {
    const { seconds } = rollups[name];
    const closed = Math.floor((this.now() - this.options.graceMs) / 1000 / seconds) * seconds;
    const from = Math.floor((this.now() - this.options.lookBackMs) / 1000 / seconds) * seconds;
    const { database } = this.options;
    const stale = await this.database.query<{ slot: number | string; rolled: number | string }>(
      staleSlots(database, name),
      { from, to: closed },
    );
    for (const { slot, rolled } of stale) {
      if (this.stopped) return;
      const begin = Number(slot);
      if (Number(rolled) > 0)
        await this.database.command(
          `DELETE FROM ${database}.${name} WHERE timestamp >= toDateTime(${begin}) AND timestamp < toDateTime(${begin + seconds})`,
        );
      await this.database.command(
        rollupInsert(database, name, this.options.top)
          .replaceAll('{from:UInt32}', String(begin))
          .replaceAll('{to:UInt32}', String(begin + seconds)),
        // The same slot made anew is other data: the engine must not take it for a repetition.
        { insert_deduplicate: 0 },
      );
      this.slotsMade++;
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }
}
