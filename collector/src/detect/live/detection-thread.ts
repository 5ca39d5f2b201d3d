import { parentPort, workerData } from 'node:worker_threads';
import { getHeapStatistics } from 'node:v8';
import { WINDOW_SECONDS } from '@weir/core/windows';
import { readOpenAnomalies } from '../anomalies/index.ts';
import { DetectionEngine } from '../engine.ts';
import { AskedDatabase } from './asked-database.ts';
import { catchUp } from './catch-up.ts';
import { LiveDetection } from './live-detection.ts';
import type {
  DetectionCounts,
  DetectionThreadSettings,
  FromDetection,
  FromFeed,
  ToDetection,
  ToFeed,
} from './messages.ts';
import { readDetectionState, writeDetectionState } from './state-file.ts';

/* The detection thread: a LiveDetection, its clock, its memory on disk, and messages to and from the rest. */

/** So long after a whole second, when the flows of the second before are decoded. */
const AFTER_MS = 100;
const SAVE_MS = 5 * 60_000;
const CATCH_UP_MS = 5 * 60_000;
/** How long the receiving thread's last blocks are waited for at the end. */
const LAST_BLOCKS_MS = 2_000;

const port = parentPort!;
const settings = workerData as DetectionThreadSettings;
const { feed } = settings;
const told = new Set<string>();
const abort = new AbortController();
let catchingUp = true;
let windowsLearnt = 0;
let savedMs: number | null = null;
let savedBytes = 0;
let savedWindow = NaN;
let savedAtMs = Date.now();
let turnTimer: NodeJS.Timeout;
/** The second that was looked at last. */
let latestSecond = 0;

let names: ReadonlyMap<string, string> = new Map();

const engine = new DetectionEngine({
  settings: settings.detection,
  anomalies: { exporterName: (_, address) => names.get(address) ?? '' },
  onFault: fault,
});
const live = new LiveDetection({
  settings: settings.detection,
  collector: settings.collector,
  engine,
  onWindow: (block, rows) => {
    // The block lies in larger memory, of which nobody else has use.
    post({ kind: 'window', block, rows }, [block.buffer]);
  },
  onAnomalies: (rows) => post({ kind: 'anomalies', rows }),
  onFault: (error) => fault('the decoder of blocks', error),
});
const reads = new AskedDatabase((id, question) => post({ kind: 'ask', id, question }));

/** Said once for each detector, counted always. */
function fault(who: string, error: unknown): void {
  if (told.has(who)) return;
  told.add(who);
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log(
    'error',
    `Detection: ${who} has failed, which is a fault of Weir's: please report it. The others go on. ${what}`,
  );
}

function log(level: 'info' | 'warn' | 'error', message: string): void {
  post({ kind: 'log', level, message });
}

function post(message: FromDetection, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, [...transfer]);
}

feed.on('message', (message: ToFeed) => {
  if (message.kind === 'sealed') {
    live.turn();
    post({ kind: 'counts', counts: counts() });
    return;
  }
  const { block } = message;
  live.observe(block);
  const bytes = block.length;
  feed.postMessage({ kind: 'taken', bytes, memory: block.buffer } satisfies FromFeed, [block.buffer]);
});

/** A little after each whole second. When a window has ended, what is on its way is asked for first. */
function tick(): void {
  const second = Math.floor(Date.now() / 1000);
  if (second !== latestSecond) {
    const ended = Math.floor(second / WINDOW_SECONDS) > Math.floor(latestSecond / WINDOW_SECONDS);
    const half = second % WINDOW_SECONDS === WINDOW_SECONDS / 2;
    latestSecond = second;
    if (ended || half) feed.postMessage({ kind: 'seal' } satisfies FromFeed);
    else post({ kind: 'counts', counts: counts() });
    if (Date.now() - savedAtMs > SAVE_MS) save();
  }
  turnTimer = setTimeout(tick, 1000 - (Date.now() % 1000) + AFTER_MS);
}

function save(): void {
  savedAtMs = Date.now();
  if (catchingUp || engine.latestWindow === savedWindow) return;
  try {
    savedBytes = writeDetectionState(settings.stateFile, engine.save());
    savedMs = Date.now();
    savedWindow = engine.latestWindow;
  } catch (error) {
    log('warn', `Detection: what was learnt cannot be saved to ${settings.stateFile}: ${String(error)}`);
  }
}

function counts(): DetectionCounts {
  const cpu = process.threadCpuUsage();
  const heap = getHeapStatistics();
  const counted = live.counts();
  return {
    ...counted,
    catchingUp,
    windowsLearnt,
    savedMs,
    savedBytes,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    heapBytes: Math.max(0, heap.used_heap_size + heap.external_memory - counted.windowBytes),
  };
}

function load(): void {
  const { state, problem } = readDetectionState(settings.stateFile);
  if (problem !== undefined) log('warn', `Detection: ${problem}.`);
  if (state === undefined) return;
  try {
    engine.load(state);
  } catch (error) {
    log(
      'warn',
      `Detection: ${settings.stateFile}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function begin(): Promise<void> {
  load();
  try {
    engine.resume(await readOpenAnomalies(reads, settings.database));
  } catch (error) {
    log(
      'warn',
      `Detection: anomalies from before could not be read, and may be written anew: ${String(error)}`,
    );
  }
  try {
    await catchUp({
      reads,
      database: settings.database,
      engine,
      warmUpDays: settings.warmUpDays,
      now: Math.floor(Date.now() / 1000 / WINDOW_SECONDS) * WINDOW_SECONDS,
      mostMs: CATCH_UP_MS,
      log: (message) => log('info', message),
      signal: abort.signal,
      onLearnt: () => windowsLearnt++,
    });
  } catch (error) {
    if (!abort.signal.aborted)
      log('warn', `Detection: stored windows could not be learnt from: ${String(error)}`);
  }
  if (abort.signal.aborted) return;
  catchingUp = false;
  live.go();
}

async function stop(): Promise<void> {
  clearTimeout(turnTimer);
  abort.abort();
  await Promise.race([
    new Promise((resolve) => feed.once('close', resolve)),
    new Promise((resolve) => setTimeout(resolve, LAST_BLOCKS_MS).unref()),
  ]);
  live.finish();
  save();
  post({ kind: 'counts', counts: counts() });
  post({ kind: 'stopped' });
  feed.close();
  port.close();
}

port.on('message', (message: ToDetection) => {
  switch (message.kind) {
    case 'reconfigure':
      engine.reconfigure(message.detection);
      return;
    case 'names':
      names = message.names;
      return;
    case 'answer':
      reads.answered(message.id, message.answer);
      return;
    case 'stop':
      void stop();
  }
});

tick();
void begin();
