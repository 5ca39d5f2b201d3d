import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/index.ts';
import {
  type BacktestProgress,
  type BacktestRequest,
  type BacktestResult,
  ReplayProblem,
  type ReplaySource,
  backtest,
  checkRequest,
  replaySources,
} from '../detect/replay/index.ts';
import { NativeError } from '@weir/core';
import { spanText } from '../ledger/words.ts';
import { readsOf } from './backtest-reads.ts';
import { resultCsv, resultJson, resultLines } from './backtest-result.ts';
import { targetOf } from './clickhouse-http.ts';
import { CommandFailure } from './failure.ts';
import { type Io, processIo, write } from './io.ts';
import { painter } from './paint.ts';
import { configFor, withConfigOption } from './settings.ts';
import { parseTime } from './time-argument.ts';

const DAY = 86_400;
const FORMATS = ['table', 'json', 'csv'] as const;

const EXAMPLES = `
Runs the detectors over what is stored, with the configuration's settings but for what --set changes, and shows what they would have
found beside what was found live: same, new (the replay alone), missing (live alone). Reads only; the collector may run.

Times: now, now-7d, 2026-03-10, 2026-03-10T12:00 (this machine's time), 2026-03-10T12:00:00Z.

Examples:
  What would have been found last week, as things are set now:
    weir backtest --from now-7d

  A higher threshold for one detector, before it is put into the configuration:
    weir backtest --from now-7d --detector port_scan --set port_scan.ports=40

  What the exclusions keep quiet:
    weir backtest --from now-1d --no-exclusions

  After own networks were changed: windows are made anew of the flows:
    weir backtest --from now-6h --source flows

  For a program:
    weir backtest --from 2026-03-10 --to 2026-03-11 --format json > anomalies.json`;

interface BacktestOptions {
  readonly config?: string;
  readonly from: string;
  readonly to: string;
  readonly detector?: readonly string[];
  readonly set?: readonly string[];
  readonly source: ReplaySource;
  readonly warmUp?: number;
  readonly tenant?: string;
  readonly filter?: string;
  readonly format: (typeof FORMATS)[number];
  readonly compare: boolean;
  readonly exclusions: boolean;
  readonly url?: string;
  readonly user?: string;
  readonly database?: string;
}

/** `weir backtest`. */
export function backtestCommand(io: Io = processIo, now: () => number = Date.now): Command {
  return withConfigOption(new Command('backtest'))
    .description('Replay detection over what is stored: what would have been found, beside what was.')
    .requiredOption('--from <time>', 'where to begin: now-7d, 2026-03-10, 2026-03-10T12:00:00Z')
    .option('--to <time>', 'where to end', 'now')
    .option('--detector <name>', 'only this detector; may be repeated', gathered)
    .option('--set <name.parameter=value>', 'another value than the configured; may be repeated', gathered)
    .addOption(
      new Option(
        '--source <what>',
        'stored windows, or flows: windows made anew of them, for when windows changed',
      )
        .choices([...replaySources])
        .default('windows'),
    )
    .option(
      '--warm-up <time>',
      'how long before --from to learn what is usual: 7d, 0 (default: detection.warm_up_days, of what is stored)',
      parseWarmUp,
    )
    .option('--tenant <name>', 'only this tenant')
    .option('--filter <filter>', 'show only these anomalies, in the filter language: "host in 10.1.0.0/16"')
    .option('--no-exclusions', 'show what the configuration excludes, too')
    .option('--no-compare', 'do not look up what was found live')
    .addOption(
      new Option('-o, --format <format>', 'table for people, json or csv for programs')
        .choices([...FORMATS])
        .default('table'),
    )
    .option('--url <url>', 'another ClickHouse, such as http://127.0.0.1:8123')
    .option('--user <name>', 'user; the password is taken from CLICKHOUSE_PASSWORD or the configuration')
    .option('-d, --database <name>', 'another database than the configured one')
    .addHelpText('after', EXAMPLES)
    .action(async (options: BacktestOptions) => {
      const { config } = configFor(io, options.config);
      const target = targetOf(config, options);
      const settings = config.detection;
      const request: BacktestRequest = {
        database: target.database,
        from: timeOf('--from', options.from, now()),
        // Windows of the last seconds still take flows.
        to: Math.min(
          timeOf('--to', options.to, now()),
          Math.floor(now() / 1000) - settings.latenessSeconds - 20,
        ),
        settings,
        detectors: options.detector,
        set: options.set,
        source: options.source,
        warmUpSeconds: options.warmUp ?? settings.warmUpDays * DAY,
        tenant: options.tenant,
        filter: options.filter,
        exclusions: options.exclusions,
        compare: options.compare,
      };
      const began = performance.now();
      const result = await explained(() => {
        checkRequest(request);
        return run(io, backtest(readsOf(target), request));
      });
      await show(io, result, options.format, performance.now() - began);
    });
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ReplayProblem) throw new CommandFailure(error.sentence);
    if (error instanceof NativeError)
      throw new CommandFailure(
        `the answer cannot be read (${error.message}): is the database of another version?`,
      );
    throw error;
  }
}

async function run(
  io: Io,
  replay: AsyncGenerator<BacktestProgress, BacktestResult>,
): Promise<BacktestResult> {
  const bar = io.stderr.isTTY === true ? progressBar(io) : undefined;
  try {
    for (;;) {
      const next = await replay.next();
      if (next.done === true) return next.value;
      const { done, phase, window, anomalies } = next.value;
      bar?.update(Math.min(1, done), {
        doing: phase,
        at: new Date(window * 1000).toISOString().slice(0, 16).replace('T', ' '),
        anomalies: anomalies === 1 ? '1 anomaly' : `${anomalies} anomalies`,
      });
    }
  } finally {
    bar?.stop();
  }
}

function progressBar(io: Io): SingleBar {
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {doing} {at}  {anomalies}  {eta_formatted} left',
    barsize: 30,
    clearOnComplete: true,
    gracefulExit: false,
    etaBuffer: 50,
    stream: io.stderr as unknown as NodeJS.WriteStream,
  });
  bar.start(1, 0, { doing: 'reading', at: '', anomalies: '' });
  return bar;
}

async function show(
  io: Io,
  result: BacktestResult,
  format: (typeof FORMATS)[number],
  elapsedMs: number,
): Promise<void> {
  const width = io.stdout.isTTY === true ? Math.max(60, io.stdout.columns ?? 80) : 10_000;
  const lines =
    format === 'json'
      ? [resultJson(result)]
      : format === 'csv'
        ? resultCsv(result)
        : resultLines(result, width, painter(io.stdout, io.env));
  for (const line of lines) await write(io.stdout, `${line}\n`);
  const paint = painter(io.stderr, io.env);
  for (const note of result.notes) io.stderr.write(`${paint('yellow', 'note:')} ${note}\n`);
  if (format === 'table') io.stderr.write(`${paint('dim', `Replayed in ${spanText(elapsedMs)}.`)}\n`);
}

function timeOf(option: string, text: string, nowMs: number): number {
  try {
    return parseTime(text, nowMs);
  } catch (error) {
    throw new CommandFailure(`${option}: ${(error as Error).message}`);
  }
}

function parseWarmUp(text: string): number {
  const ms = text === '0' ? 0 : parseDuration(text, 'd');
  if (ms === undefined || !/^0$|[smhd]$/.test(text.trim()))
    throw new InvalidArgumentError('Give a time with its unit, such as 7d or 12h, or 0.');
  return Math.floor(ms / 1000);
}

function gathered(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
