import { emitKeypressEvents } from 'node:readline';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/index.ts';
import { type ClickHouseTarget, targetOf } from './clickhouse-http.ts';
import { CommandFailure } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { painter } from './paint.ts';
import { configFor, withConfigOption } from './settings.ts';
import { type TopQuestion, askTop } from './top-query.ts';
import { topLines } from './top-screen.ts';
import { type TopOrder, type TopViewName, topOrders, topViewNames } from './top-views.ts';

const EXAMPLES = `
Rates are what passed: bytes and packets multiplied by the sampling rate. Sources, destinations and interfaces count the
direction that a flow was seen in; all others count the reverse direction of biflows too. The window ends with the latest flow
that has been stored, a few seconds ago.

On a terminal: ← → or Tab another view, b bits, p packets, f flows, q quit.

Examples:
  Who talks most, redrawn every two seconds:
    weir top

  What it is that fills the line, over the last five minutes:
    weir top --by application --window 5m

  Conversations of one exporter by packets, once, for a report:
    weir top --once --by pair --order packets --where "exporter_name = 'core-1.fra'"

  Who sends to one network:
    weir top --where "isIPAddressInRange(toString(destination_ip), '2001:db8::/32')"`;

interface TopOptions {
  readonly config?: string;
  readonly by: TopViewName;
  readonly order: TopOrder;
  readonly window: number;
  readonly rows?: number;
  readonly where?: string;
  readonly once?: boolean;
  readonly url?: string;
  readonly user?: string;
  readonly database?: string;
}

const REDRAW_MS = 2000;

/** `weir top`. */
export function topCommand(io: Io = processIo): Command {
  return withConfigOption(new Command('top'))
    .description('Show who and what talks most, live in the terminal.')
    .addOption(new Option('-b, --by <what>', 'what to compare').choices(topViewNames).default('source'))
    .addOption(new Option('--order <what>', 'the largest by').choices(topOrders).default('bits'))
    .addOption(
      new Option('-w, --window <time>', 'over the last so long: 30s, 5m')
        .argParser(parseWindow)
        .default(60, '60s'),
    )
    .option('-n, --rows <n>', 'rows (default: as many as fit, 20 with --once)', parseRows)
    .option('--where <sql>', 'only flows for which this condition holds')
    .option('--once', 'print once and end; so too where output is no terminal')
    .option('--url <url>', 'another ClickHouse, such as http://127.0.0.1:8123')
    .option('--user <name>', 'user; the password is taken from CLICKHOUSE_PASSWORD or the configuration')
    .option('-d, --database <name>', 'another database than the configured one')
    .addHelpText('after', EXAMPLES)
    .action(async (options: TopOptions) => {
      const target = targetOf(configFor(io, options.config).config, options);
      const question: TopQuestion = {
        view: options.by,
        order: options.order,
        seconds: options.window,
        rows: options.rows ?? 20,
        where: options.where,
      };
      if (options.once === true || io.stdout.isTTY !== true) {
        const width = io.stdout.isTTY === true ? (io.stdout.columns ?? 80) : 120;
        const answer = await askTop(target, question);
        io.stdout.write(`${topLines(question, answer, width, painter(io.stdout, io.env)).join('\n')}\n`);
      } else await new LiveTop(io, target, question, options.rows).run();
    });
}

const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_TO_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** The live screen: asks, draws, waits; keys change the question. Leaves the last picture behind when it ends. */
class LiveTop {
  private readonly io: Io;
  private readonly target: ClickHouseTarget;
  private readonly fixedRows: number | undefined;
  private question: TopQuestion;
  private picture: readonly string[] = [];
  private abort = new AbortController();
  private ended = false;
  private wake: (() => void) | undefined;

  constructor(io: Io, target: ClickHouseTarget, question: TopQuestion, fixedRows: number | undefined) {
    this.io = io;
    this.target = target;
    this.question = question;
    this.fixedRows = fixedRows;
  }

  async run(): Promise<void> {
    const { stdin, stdout } = this.io;
    const end = (): void => this.end();
    const redraw = (): void => this.wake?.();
    const onKey = (_: string | undefined, key: { name?: string; ctrl?: boolean; shift?: boolean }): void =>
      this.press(key);
    process.once('SIGINT', end).once('SIGTERM', end);
    stdout.on('resize', redraw);
    const raw = stdin === process.stdin && process.stdin.isTTY;
    if (raw) {
      emitKeypressEvents(process.stdin);
      process.stdin.setRawMode(true);
      process.stdin.on('keypress', onKey).resume();
    }
    stdout.write(ENTER_SCREEN);
    try {
      while (!this.ended) {
        await this.draw();
        await this.pause();
      }
    } finally {
      stdout.write(LEAVE_SCREEN);
      if (raw) {
        process.stdin.setRawMode(false);
        process.stdin.off('keypress', onKey).pause();
      }
      stdout.off('resize', redraw);
      process.off('SIGINT', end).off('SIGTERM', end);
    }
    stdout.write(`${this.picture.join('\n')}\n`);
  }

  private async draw(): Promise<void> {
    const { stdout, env } = this.io;
    const height = stdout.rows ?? 24;
    const width = stdout.columns ?? 80;
    const paint = painter(stdout, env);
    // Two headlines, a word on stale data, empty lines, titles, and the line of keys.
    const question = { ...this.question, rows: this.fixedRows ?? Math.max(1, height - 7) };
    this.abort = new AbortController();
    let lines: string[];
    try {
      const answer = await askTop(this.target, question, this.abort.signal);
      lines = topLines(question, answer, width, paint);
      this.picture = lines;
    } catch (error) {
      if (this.ended || this.abort.signal.aborted) return;
      if (!(error instanceof CommandFailure)) throw error;
      // Before the first picture the question itself is wrong; later the collector may just be restarting.
      if (this.picture.length === 0) throw error;
      lines = [...this.picture, '', paint('red', error.message)];
    }
    const keys = paint('dim', '← → view   b bits   p packets   f flows   q quit');
    const shown = [...lines.slice(0, height - 2), '', keys];
    stdout.write(HOME + shown.map((line) => line + CLEAR_TO_LINE_END).join('\r\n') + CLEAR_BELOW);
  }

  private press({ name, ctrl, shift }: { name?: string; ctrl?: boolean; shift?: boolean }): void {
    if (name === 'q' || name === 'escape' || (ctrl === true && (name === 'c' || name === 'd')))
      return this.end();
    const turn =
      name === 'right' || (name === 'tab' && shift !== true) ? 1 : name === 'left' || name === 'tab' ? -1 : 0;
    if (turn !== 0) {
      const at = topViewNames.indexOf(this.question.view);
      this.question = { ...this.question, view: topViewNames.at((at + turn) % topViewNames.length)! };
    } else {
      const order = topOrders.find((of) => of[0] === name);
      if (order === undefined) return;
      this.question = { ...this.question, order };
    }
    this.abort.abort();
    this.wake?.();
  }

  private end(): void {
    this.ended = true;
    this.abort.abort();
    this.wake?.();
  }

  private pause(): Promise<void> {
    if (this.ended || this.abort.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, REDRAW_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function parseWindow(text: string): number {
  const ms = parseDuration(text, 's');
  if (ms === undefined || ms < 1000 || ms > 86_400_000)
    throw new InvalidArgumentError('Give a time from 1s to 24h, such as 30s, 5m or 1h.');
  return Math.round(ms / 1000);
}

function parseRows(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, such as 20.');
  return Number(text);
}
