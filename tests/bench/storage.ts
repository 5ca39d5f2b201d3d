/**
 * Bytes a row, column by column: our table against akvorado's, in the same engine, with the same flows in the order of their
 * arrival; and what inserting, merging and asking cost.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openEmbeddedEngine } from '../../collector/src/store/embedded/index.ts';
import type { Database } from '../../collector/src/store/clickhouse/database.ts';
import { LiveColumns } from '../../collector/src/store/schema/live-columns.ts';
import { flowsDdl } from '../../collector/src/store/schema/ddl.ts';
import { akvoradoColumns, akvoradoDdl, akvoradoInsert, oursOfAkvorado } from './support/akvorado.ts';
import { type Dataset, writeDataset } from './support/flows.ts';
import { printTable, printUsage, thousands } from './support/report.ts';
import { timed } from './support/usage.ts';

const START_MS = Date.UTC(2026, 2, 10, 9);
/** The simulated hour is long past: it must not expire. */
const RETENTION = {
  flowsDays: 3650,
  rollup1mDays: 3650,
  rollup1hDays: 3650,
  ledgerDays: 3650,
  windowsDays: 3650,
  anomaliesDays: 3650,
};
const quick = process.argv.includes('--quick');

const directory = await mkdtemp(join(tmpdir(), 'weir-bench-storage-'));
try {
  await scenario(
    'A small site: 10 exporters, 1,000 flows/s, one hour',
    quick ? 600_000 : 3_600_000,
    quick ? 10 : 60,
  );
  if (!quick) await scenario('A large site: 10 exporters, 10,000 flows/s, six minutes', 3_600_000, 6);
} finally {
  await rm(directory, { recursive: true, force: true });
}
printUsage();

async function scenario(title: string, rows: number, minutes: number): Promise<void> {
  console.log(`\n${title}\n`);
  const files = await mkdtemp(join(directory, 'files-'));
  const dataset = await writeDataset(files, {
    rows,
    minutes,
    exporters: 10,
    startMs: START_MS,
    rowsPerFile: 262_144,
  });
  const engine = await openEmbeddedEngine({
    dataDir: join(files, 'clickhouse'),
    database: 'weir',
    memoryLimitBytes: 4 * 2 ** 30,
    logger: pino({ level: 'error' }),
  });
  try {
    await compare(engine.database(), dataset);
    if (minutes >= 10) await askBoth(engine.database(), minutes);
  } finally {
    await engine.close();
    await rm(files, { recursive: true, force: true });
  }
}

async function compare(database: Database, dataset: Dataset): Promise<void> {
  // Ours, as the collector makes it and fills it.
  await database.command(flowsDdl('weir', RETENTION));
  await new LiveColumns(database, 'weir').ensure(dataset.columns);
  await database.command('SYSTEM STOP MERGES weir.network_flows');
  let insertCpu = Infinity;
  for (const [n, file] of dataset.files.entries()) {
    const { cpu } = await timed(() =>
      database.insertNativeFile({ table: 'weir.network_flows', columns: [], file, token: String(n) }),
    );
    if (n < dataset.files.length - 1) insertCpu = Math.min(insertCpu, cpu / dataset.rowsOfFirstFile);
  }
  const fresh = await sizes(database, 'network_flows');
  const parts = dataset.files.length;
  await database.command('SYSTEM START MERGES weir.network_flows');
  const merge = await timed(() => database.command('OPTIMIZE TABLE weir.network_flows FINAL'));
  const ours = await sizes(database, 'network_flows');

  // Akvorado's, from the same flows as they arrived: ours are in our order by now, which would flatter it.
  await fillAkvorado(database, dataset);
  const theirs = await sizes(database, 'flows');

  const size = (s: Sizes, names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (s.columns.get(name) ?? 0), 0);
  const shared = [...new Set(akvoradoColumns.flatMap((c) => oursOfAkvorado(c)))];
  printTable(['akvorado', 'B/row', 'Weir', 'B/row'], sideBySide(ours, theirs));
  const overhead = (s: Sizes): number => s.total - size(s, [...s.columns.keys()]);
  console.log();
  printTable(
    ['bytes a row', 'akvorado', 'Weir', 'ratio'],
    (
      [
        ['columns that akvorado has', size(theirs, [...theirs.columns.keys()]), size(ours, shared)],
        [
          'all that each stores',
          size(theirs, [...theirs.columns.keys()]),
          size(ours, [...ours.columns.keys()]),
        ],
        ['skip indexes, marks, keys', overhead(theirs), overhead(ours)],
        ['in all, on disk', theirs.total, ours.total],
      ] as const
    ).map(([what, a, b]) => [what, a.toFixed(2), b.toFixed(2), (b / a).toFixed(3)]),
  );
  console.log(
    `\n${thousands(ours.rows)} rows; ours before any merge: ${fresh.total.toFixed(2)} B/row in ${parts} inserts.` +
      `\nInsert of ${thousands(dataset.rowsOfFirstFile)} rows with ${dataset.columns.length} columns: ` +
      `${(insertCpu * 1e6).toFixed(2)} CPU s a million rows; merging all ${parts} parts into one: ` +
      `${(merge.cpu / (ours.rows / 1e6)).toFixed(2)} CPU s a million rows.\n`,
  );
}

async function fillAkvorado(database: Database, dataset: Dataset): Promise<void> {
  await database.command(
    flowsDdl('weir', RETENTION)
      .replace('weir.network_flows', 'weir.arrived')
      .replace(/PRIMARY KEY[\s\S]*?\nTTL/, 'ORDER BY tuple()\nTTL'),
  );
  const names = dataset.columns;
  for (const name of names) {
    await database
      .command(`ALTER TABLE weir.arrived MODIFY COLUMN \`${name}\` REMOVE ALIAS`)
      .catch(() => undefined); // it had room from the beginning
  }
  await database.command(akvoradoDdl('weir.flows'), { allow_suspicious_low_cardinality_types: 1 });
  for (const [n, file] of dataset.files.entries()) {
    await database.command('TRUNCATE TABLE weir.arrived');
    await database.insertNativeFile({ table: 'weir.arrived', columns: [], file, token: `a${n}` });
    await database.command(akvoradoInsert('weir.flows', 'weir.arrived'), {
      max_threads: 1,
      max_insert_threads: 1,
      max_memory_usage: 0,
    });
  }
  await database.command('DROP TABLE weir.arrived SYNC');
  await database.command('OPTIMIZE TABLE weir.flows FINAL');
}

interface Sizes {
  readonly rows: number;
  /** Bytes a row: everything on disk. */
  readonly total: number;
  /** Bytes a row of each column's data. */
  readonly columns: ReadonlyMap<string, number>;
}

async function sizes(database: Database, table: string): Promise<Sizes> {
  const where = `active AND database = 'weir' AND table = '${table}'`;
  const [parts] = await database.query<{ rows: number; disk: number }>(
    `SELECT sum(rows) AS rows, sum(bytes_on_disk) AS disk FROM system.parts WHERE ${where}`,
  );
  const columns = await database.query<{ column: string; bytes: number }>(
    `SELECT column, sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns WHERE ${where} GROUP BY column`,
  );
  const { rows, disk } = parts!;
  return { rows, total: disk / rows, columns: new Map(columns.map((c) => [c.column, c.bytes / rows])) };
}

/** Akvorado's columns with ours beside them, the largest first; then what only we store. */
function sideBySide(ours: Sizes, theirs: Sizes): string[][] {
  const left = new Set(ours.columns.keys());
  const rows: [number, string[]][] = [];
  for (const column of akvoradoColumns) {
    const same = oursOfAkvorado(column);
    for (const name of same) left.delete(name);
    const a = theirs.columns.get(column.name) ?? 0;
    const b = same.reduce((sum, name) => sum + (ours.columns.get(name) ?? 0), 0);
    rows.push([a, [column.name, a.toFixed(3), same.join(', '), same.length === 0 ? '' : b.toFixed(3)]]);
  }
  for (const name of left) {
    const b = ours.columns.get(name)!;
    rows.push([b - 1000, ['', '', name, b.toFixed(3)]]);
  }
  const shown = rows
    .filter(([, [, a, , b]]) => Number(a) >= 0.01 || Number(b) >= 0.01)
    .sort(([a], [b]) => b - a);
  return shown.map(([, row]) => row);
}

async function askBoth(database: Database, minutes: number): Promise<void> {
  const span = minutes / 2;
  const end = START_MS / 1000 + (minutes * 0.6 + 0.5) * 60;
  const [host] = await database.query<{ host: string }>(
    `SELECT toString(source_ip) AS host FROM weir.network_flows WHERE source_ip BETWEEN toIPv6('::ffff:10.0.0.0') AND
     toIPv6('::ffff:10.255.0.0') GROUP BY source_ip ORDER BY count() DESC, host LIMIT 1 OFFSET 40`,
  );
  const range = (column: string, minutes: number): string =>
    `${column} >= toDateTime(${end - minutes * 60}) AND ${column} < toDateTime(${end})`;
  const exporter = `toIPv6('192.0.2.13')`;
  const address = `toIPv6('${host!.host}')`;
  const questions: [string, string, string][] = [
    ['5 minutes, all exporters', range('TimeReceived', 5), range('timestamp', 5)],
    [
      `${span} minutes, one exporter`,
      `${range('TimeReceived', span)} AND ExporterAddress = ${exporter}`,
      `${range('timestamp', span)} AND collector_ip = ${exporter}`,
    ],
    [
      `${span} minutes, one exporter, one input`,
      `${range('TimeReceived', span)} AND ExporterAddress = ${exporter} AND InIfName = 'TenGigE0/0/0/0'`,
      `${range('timestamp', span)} AND collector_ip = ${exporter} AND input_interface = 1`,
    ],
    [
      'one host, all the time',
      `SrcAddr = ${address} OR DstAddr = ${address}`,
      `source_ip = ${address} OR destination_ip = ${address}`,
    ],
  ];
  const rows: string[][] = [];
  for (const [what, theirs, ours] of questions) {
    const a = await ask(database, 'weir.flows', 'sum(Bytes)', theirs);
    const b = await ask(database, 'weir.network_flows', 'sum(bytes_in)', ours);
    if (a.answer !== b.answer) throw new Error(`${what}: ${a.answer} and ${b.answer}`);
    rows.push([what, thousands(a.read), a.cpuMs.toFixed(0), thousands(b.read), b.cpuMs.toFixed(0)]);
  }
  printTable(['query', 'akvorado: rows read', 'CPU ms', 'Weir: rows read', 'CPU ms'], rows);
}

async function ask(
  database: Database,
  table: string,
  sum: string,
  where: string,
): Promise<{ read: number; cpuMs: number; answer: string }> {
  const estimate = await database.query<{ rows: number }>(
    `EXPLAIN ESTIMATE SELECT ${sum} FROM ${table} WHERE ${where}`,
  );
  let cpuMs = Infinity;
  let answer = '';
  for (let n = 0; n < 5; n++) {
    const { cpu } = await timed(async () => {
      const rows = await database.query<{ s: string }>(
        `SELECT concat(toString(${sum}), ' ', toString(count())) AS s FROM ${table} WHERE ${where}`,
      );
      answer = rows[0]!.s;
    });
    cpuMs = Math.min(cpuMs, cpu * 1000);
  }
  return { read: estimate.reduce((s, r) => s + Number(r.rows), 0), cpuMs, answer };
}
