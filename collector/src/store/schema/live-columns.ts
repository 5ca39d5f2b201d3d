import { columnByName } from '@weir/core';
import type { Database } from '../clickhouse/database.ts';

/**
 * Gives columns room in `network_flows` when data for them comes: until then they are aliases of their default, so that the
 * seventy columns that a site's exporters never send cost it nothing. A change of metadata only, whatever the table's size.
 */
export class LiveColumns {
  private readonly database: Database;
  private readonly name: string;
  private present: Set<string> | undefined;

  constructor(database: Database, name: string) {
    this.database = database;
    this.name = name;
  }

  /** Makes sure that blocks with these columns can be inserted. */
  async ensure(columns: readonly string[]): Promise<void> {
    this.present ??= await this.read();
    const missing = columns.filter((c) => !this.present!.has(c));
    if (missing.length === 0) return;
    // Another collector may have been quicker.
    this.present = await this.read();
    for (const name of missing) {
      if (this.present.has(name)) continue;
      const column = columnByName(name);
      if (column === undefined) continue; // a block of another version: the engine will say what it thinks of it
      const table = `${this.name}.network_flows`;
      await this.database.command(`ALTER TABLE ${table} MODIFY COLUMN \`${name}\` REMOVE ALIAS`);
      if (column.codec !== undefined)
        await this.database.command(`ALTER TABLE ${table} MODIFY COLUMN \`${name}\` CODEC(${column.codec})`);
      this.present.add(name);
    }
  }

  private async read(): Promise<Set<string>> {
    const rows = await this.database.query<{ name: string }>(
      "SELECT name FROM system.columns WHERE database = {database:String} AND table = 'network_flows' AND default_kind != 'ALIAS'",
      { database: this.name },
    );
    return new Set(rows.map((r) => r.name));
  }
}
