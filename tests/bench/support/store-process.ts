/**
 * The embedded engine in a process of its own: fills a data directory, or serves one by HTTP until it is told to end or who started it is gone. What it is to do
 * comes as JSON in its first argument, what it has done goes to standard output, a line of JSON each.
 */
import '../../../collector/src/store/embedded/thread-pool.ts';
import { pino } from 'pino';
import { openEmbeddedEngine } from '../../../collector/src/store/embedded/index.ts';
import { type Filling, fillStore } from './filled-store.ts';

export interface StoreTask {
  readonly dataDir: string;
  readonly memoryLimitBytes: number;
  /** Fill and end; else serve. */
  readonly fill?: Filling;
}

const task = JSON.parse(process.argv[2]!) as StoreTask;
const engine = await openEmbeddedEngine({
  dataDir: task.dataDir,
  database: 'weir',
  memoryLimitBytes: task.memoryLimitBytes,
  logger: pino({ level: 'silent' }),
});
// Its standard input is a pipe that nobody writes to: it ends with the process at the other end.
process.stdin.resume().once('end', () => process.exit(1));
const tell = (line: object): void => console.log(JSON.stringify(line));

if (task.fill === undefined) {
  const { host, port } = await engine.serveHttp({ port: 0 });
  tell({ url: `http://${host}:${port}` });
  await new Promise((resolve) => process.once('SIGTERM', resolve));
  await engine.close();
} else {
  const times = await fillStore(engine.database(), task.fill, (text) => console.error(text));
  await engine.close();
  tell({ times });
}
process.exit(0);
