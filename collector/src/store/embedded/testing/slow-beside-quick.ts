import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openTestEngine } from './open-test-engine.ts';
import { threadPoolSize } from '../thread-pool.ts';

/**
 * Keeps three of four readers busy with slow queries, then measures, in milliseconds, an insert, the collector's own query,
 * another client's query and the reading of a file.
 */
const { engine, url, dataDir, close } = await openTestEngine({ readers: 4 });
const database = engine.database();
const file = join(dataDir, 'block.native');
await database.command(
  'CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 10',
);
await database.command(`SELECT number AS a FROM numbers(1000) INTO OUTFILE '${file}' FORMAT Native`);

const slowQuery = `${url}/?query=${encodeURIComponent('SELECT sleepEachRow(0.5) FROM numbers(12) SETTINGS max_block_size = 1')}`;
const slow = [1, 2, 3].map(() => fetch(slowQuery).then((response) => response.text()));
while (engine.stats().running < 3) await new Promise((done) => setTimeout(done, 10));
await new Promise((done) => setTimeout(done, 200));

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await run();
  return performance.now() - start;
};
const [insertMs, ownMs, httpMs, fileMs] = await Promise.all([
  timed(() => database.insertNativeFile({ table: 't', columns: ['a'], file, token: 'x' })),
  timed(() => database.query('SELECT 1')),
  timed(() => fetch(`${url}/?query=SELECT+1`).then((response) => response.text())),
  timed(() => readFile(file)),
]);
const result = {
  threads: await threadPoolSize(),
  insertMs,
  ownMs,
  httpMs,
  fileMs,
  slow: engine.stats().running,
};
await Promise.all(slow);
await close();
process.stdout.write(JSON.stringify(result));
