import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Database } from '../clickhouse/database.ts';
import { openEmbeddedEngine } from './index.ts';
import type { TestEngine } from './testing/open-test-engine.ts';
import { openTestEngine } from './testing/open-test-engine.ts';
import { curl } from './testing/curl.ts';

let test_: TestEngine;
let database: Database;

beforeAll(async () => {
  test_ = await openTestEngine();
  database = test_.engine.database();
});
afterAll(() => test_.close());

describe('the embedded database', () => {
  test('binds parameters of every kind and gives rows', async () => {
    const rows = await database.query(
      `SELECT {text:String} AS text, {list:Array(String)} AS list, {none:Nullable(Int8)} AS none, {map:Map(String, UInt8)} AS map,
        {time:DateTime64(3, 'UTC')} AS time, {big:UInt64} AS big, currentDatabase() AS database`,
      {
        text: `it's a \\ "text"\n\twith \0 all`,
        list: ["it's", '\\'],
        none: null,
        map: { a: 1 },
        time: new Date('2024-05-06T07:08:09.123Z'),
        big: 2n ** 40n,
      },
    );
    expect(rows).toEqual([
      {
        text: `it's a \\ "text"\n\twith \0 all`,
        list: ["it's", '\\'],
        none: null,
        map: { a: 1 },
        time: '2024-05-06 07:08:09.123',
        big: 2 ** 40,
        database: 'dev',
      },
    ]);
  });

  test('keeps parameters of queries apart that run at once', async () => {
    const values = Array.from({ length: 40 }, (_, index) => index);
    const sums = await Promise.all(
      values.map(async (value) => {
        const [row] = await database.query<{ v: number }>('SELECT {v:UInt32} AS v', { v: value });
        return row?.v;
      }),
    );
    expect(sums).toEqual(values);
  });

  test('says with ClickHouse’s code what is wrong', async () => {
    await expect(database.query('SELECT * FROM nowhere')).rejects.toMatchObject({
      code: 60,
      codeName: 'UNKNOWN_TABLE',
      retryable: false,
      message: expect.not.stringContaining('DB::Exception'),
    });
    await expect(database.command('SELECT 1', { no_such_setting: 1 })).rejects.toMatchObject({ code: 115 });
    await expect(
      database.command('SELECT groupArray(number) FROM numbers(10000000) FORMAT Null', {
        max_memory_usage: 1e6,
      }),
    ).rejects.toMatchObject({ code: 241, retryable: true });
  });

  test('stores a Native file once under its token, in the table and in its views', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-test-'));
    const file = join(directory, "it's a block.native");
    await database.command(
      `CREATE TABLE blocks (a UInt32, \`odd name\` String) ENGINE = MergeTree ORDER BY a
        SETTINGS non_replicated_deduplication_window = 1000`,
    );
    await database.command(
      `CREATE MATERIALIZED VIEW sums ENGINE = SummingMergeTree ORDER BY k
        SETTINGS non_replicated_deduplication_window = 1000 AS SELECT 1 AS k, sum(a) AS total FROM blocks GROUP BY k`,
    );
    await database.command(
      `SELECT toUInt32(number) AS a, toString(number) AS \`odd name\` FROM numbers(1000) INTO OUTFILE '${file.replace("'", "\\'")}' FORMAT Native`,
    );
    const insert = { table: 'dev.blocks', columns: ['a', 'odd name'], file };
    await database.insertNativeFile({ ...insert, token: 'one' });
    await database.insertNativeFile({ ...insert, token: 'one' });
    await database.insertNativeFile({ ...insert, token: 'two' });
    expect(await database.query('SELECT count() AS n FROM blocks')).toEqual([{ n: 2000 }]);
    expect(await database.query('SELECT sum(total) AS n FROM sums')).toEqual([{ n: 999_000 }]);

    await writeFile(file, 'this is no Native block');
    await expect(database.insertNativeFile({ ...insert, token: 'three' })).rejects.toMatchObject({
      retryable: false,
    });
    await expect(database.insertNativeFile({ ...insert, file: '/*/x', token: 'four' })).rejects.toThrow(
      /absolute path/,
    );
    await rm(directory, { recursive: true });
  });

  test('lets no state of one call be seen by the next', async () => {
    await database.command('SET max_threads = 1');
    await database.command('CREATE TEMPORARY TABLE left_behind (a Int8)');
    await expect(database.query('SELECT * FROM left_behind')).rejects.toMatchObject({ code: 60 });
    const [row] = await database.query<{ t: number }>("SELECT getSetting('max_threads') AS t");
    expect(row).toEqual({ t: 2 });
  });
});

describe('a data directory', () => {
  const logger = pino({ level: 'silent' });

  test('is opened once in a process', async () => {
    const options = { database: 'dev', logger };
    await expect(openEmbeddedEngine({ ...options, dataDir: test_.dataDir })).rejects.toThrow(
      /already open in this process/,
    );
    const other = await mkdtemp(join(tmpdir(), 'weir-test-'));
    await expect(openEmbeddedEngine({ ...options, dataDir: other })).rejects.toThrow(/can have only one/);
    await rm(other, { recursive: true });
  });

  test('is refused to a second process, which is told who holds it', async () => {
    const program = join(import.meta.dirname, 'testing', 'second-process.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [program, test_.dataDir], {
      timeout: 20_000,
    });
    expect(stdout).toContain(`is held by process ${process.pid}`);
    expect(stdout).toContain('WEIR_DATA_DIR');
  }, 30_000);
});

describe('slow beside quick', () => {
  test('neither inserts nor other queries wait for slow ones', async () => {
    // In a process of its own, as the collector starts it: jest’s has used its thread pool before we are asked.
    const program = join(import.meta.dirname, 'testing', 'slow-beside-quick.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 40_000 });
    const seen = JSON.parse(stdout) as Record<
      'threads' | 'insertMs' | 'ownMs' | 'httpMs' | 'fileMs' | 'slow',
      number
    >;
    expect(seen.slow).toBe(3); // all of them were still running when the others had ended
    expect(seen.threads).toBeGreaterThanOrEqual(12);
    for (const ms of [seen.insertMs, seen.ownMs, seen.httpMs, seen.fileMs]) expect(ms).toBeLessThan(1500);
  }, 60_000);

  test('a query waits for its turn in a bounded queue', async () => {
    await test_.close();
    test_ = await openTestEngine({ readers: 1, maxWaiting: 1, maxWaitMs: 600 });
    database = test_.engine.database();
    const slow = `${test_.url}/?query=SELECT+sleep(1)+SETTINGS+max_execution_time=10`;
    const answers = await Promise.all([curl([slow]), curl([slow]), curl([slow])]);
    const refused = answers.filter(({ status }) => status === 503);
    // One runs, one waits too long, one finds the queue full.
    expect(refused).toHaveLength(2);
    expect(refused[0]?.text).toContain('Code: 202.');
    expect(test_.engine.stats()).toMatchObject({ running: 0, waiting: 0, readers: 1 });
  }, 30_000);

  test('data are there again after closing and opening', async () => {
    await database.command('CREATE TABLE kept (a Int32) ENGINE = MergeTree ORDER BY a');
    await database.command('INSERT INTO kept VALUES (1), (2)');
    const { dataDir } = test_;
    await test_.engine.close();
    test_ = await openTestEngine({ dataDir });
    expect(await test_.engine.database().query('SELECT sum(a) AS s FROM kept')).toEqual([{ s: 3 }]);
  });
});
