import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from './duration.ts';
import type { ExportProtocol } from './encoder.ts';
import { DEFAULTS, OptionError } from './options.ts';
import type { SimulationOptions } from './options.ts';
import { startSimulation } from './simulation.ts';
import type { Simulation } from './simulation.ts';
import type { Truth } from './truth.ts';

/** What commander makes of the command line, by the parsers below. */
interface ParsedOptions {
  readonly target: SimulationOptions['target'];
  readonly protocol: readonly ExportProtocol[];
  readonly exporters: number | undefined;
  readonly rate: number;
  readonly flows: number | undefined;
  readonly duration: number | undefined;
  readonly interval: number | undefined;
  readonly single: boolean | undefined;
  readonly seed: number;
  readonly sampling: readonly number[];
  readonly start: number | undefined;
  readonly speed: number;
  readonly diurnal: boolean | undefined;
  readonly truth: string | undefined;
  readonly truthFlows: string | undefined;
  readonly skew: number;
  readonly dropFraction: number;
  readonly replay: boolean | undefined;
  readonly ring: number;
  readonly payload: number;
  readonly templateRefresh: number;
  readonly ipv6: number;
  readonly biflow: boolean | undefined;
  readonly scan: boolean | undefined;
  readonly quiet: boolean | undefined;
}

const EXAMPLES = `
Examples:
  A steady demonstration to the collector on this machine, until Ctrl-C:
    weir simulate

  Ten thousand flows and no more, with a file that says exactly what was sent:
    weir simulate --flows 10000 --truth truth.json --truth-flows flows.ndjson

  One datagram of each exporter, to see whether anything arrives:
    weir simulate --single

  Six IPFIX exporters that sample 1 packet in 1000, one clock four minutes ahead, 3 % of datagrams lost:
    weir simulate --protocol ipfix --exporters 6 --sampling 1000 --skew 4m --drop-fraction 0.03

  A week of office life in three minutes:
    weir simulate --start 2026-11-16 --speed 3600 --diurnal --duration 168s

  A million flows a second for a minute, for benchmarks:
    weir simulate --replay --protocol v9 --exporters 4 --rate 1000000 --duration 60s

On Linux, exporters that send to 127.0.0.1 have addresses of their own: 127.0.0.2, 127.0.0.3, …
The same --seed gives the same flows; only their times differ.`;

/** `weir simulate`. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'Send the flows of simulated routers (NetFlow v5, v9, IPFIX) with realistic traffic to a collector.',
    )
    .addOption(
      new Option('--target <host:port>', 'collector to send to')
        .argParser(parseTarget)
        .default(DEFAULTS.target, '127.0.0.1:2055'),
    )
    .addOption(
      new Option(
        '--protocol <list>',
        'v5, v9, ipfix, several with commas, or mix; exporters take them in turn',
      )
        .argParser(parseProtocols)
        .default(DEFAULTS.protocols, 'mix'),
    )
    .addOption(
      new Option('--version-mix <list>', 'the same as --protocol').argParser(parseProtocols).hideHelp(),
    )
    .option(
      '--exporters <n>',
      'number of exporters (default: one for each protocol)',
      wholeNumber('a number such as 3'),
    )
    .option(
      '--rate <flows/s>',
      'flows a second, all exporters together',
      positiveNumber('flows a second, such as 2000'),
      DEFAULTS.rate,
    )
    .option('--flows <n>', 'stop after so many flows', wholeNumber('a number such as 10000'))
    .option('--duration <time>', 'stop after so long: 30, 30s, 5m, 2h', positiveDuration)
    .option(
      '--interval <ms>',
      'time between sends, in milliseconds (default: by the rate)',
      positiveNumber('milliseconds, such as 20'),
    )
    .option('--single', 'send templates and one datagram of flows from each exporter, then end')
    .option('--seed <n>', 'another seed gives other hosts and other flows', integer, DEFAULTS.seed)
    .addOption(
      new Option(
        '--sampling <rates>',
        'exporters look at 1 packet in so many; several with commas are taken in turn',
      )
        .argParser(parseRates)
        .default(DEFAULTS.samplingRates, '1'),
    )
    .option(
      '--start <time>',
      'simulated time at the beginning, such as 2026-11-16T08:00Z (default: now)',
      parseTime,
    )
    .option(
      '--speed <factor>',
      'simulated seconds in a second',
      positiveNumber('a factor such as 60'),
      DEFAULTS.speed,
    )
    .option('--diurnal', 'rates follow day and week at each site; --rate is the mean of a week')
    .option(
      '--skew <time>',
      'how far the last exporter’s clock is ahead; with a minus sign, behind: --skew=-90s',
      anyDuration,
      DEFAULTS.skewMs,
    )
    .option(
      '--drop-fraction <share>',
      'lose this share of flow datagrams on purpose, from 0 to 1',
      fraction,
      DEFAULTS.dropFraction,
    )
    .option(
      '--ipv6 <share>',
      'share of conversations over IPv6, from 0 to 1 (none in v5)',
      fraction,
      DEFAULTS.ipv6Share,
    )
    .option('--biflow', 'IPFIX exporters report both directions in one record (RFC 5103)')
    .option('--scan', 'now and then a host outside scans the ports of a server: something to detect')
    .option('--truth <file>', 'at the end, write what was sent to this file (JSON)')
    .option('--truth-flows <file>', 'write every flow that was sent to this file (NDJSON); for small runs')
    .option('--replay', 'encode a ring of datagrams once and send it again and again: for benchmarks')
    .option(
      '--ring <datagrams>',
      'datagrams in that ring',
      wholeNumber('a number such as 4096'),
      DEFAULTS.ringDatagrams,
    )
    .option(
      '--payload <bytes>',
      'largest UDP payload',
      wholeNumber('bytes, such as 1400'),
      DEFAULTS.maxPayload,
    )
    .option(
      '--template-refresh <n>',
      'send templates again after so many datagrams',
      wholeNumber('a number such as 500'),
      DEFAULTS.templateRefresh,
    )
    .option('--quiet', 'say nothing but errors')
    .addHelpText('after', EXAMPLES)
    .action(async (parsed: ParsedOptions & { versionMix?: readonly ExportProtocol[] }, command: Command) => {
      await simulate(parsed, command);
    });
}

async function simulate(
  parsed: ParsedOptions & { versionMix?: readonly ExportProtocol[] },
  command: Command,
): Promise<void> {
  const display = new Display(parsed.quiet === true);
  const protocols = parsed.versionMix ?? parsed.protocol;
  const options: SimulationOptions = {
    target: parsed.target,
    protocols,
    exporters: parsed.exporters ?? protocols.length,
    rate: parsed.rate,
    flows: parsed.flows ?? null,
    durationMs: parsed.duration ?? null,
    intervalMs: parsed.interval ?? null,
    single: parsed.single === true,
    seed: parsed.seed,
    samplingRates: parsed.sampling,
    startMs: parsed.start ?? null,
    speed: parsed.speed,
    diurnal: parsed.diurnal === true,
    skewMs: parsed.skew,
    dropFraction: parsed.dropFraction,
    mode: parsed.replay === true ? 'replay' : 'live',
    ringDatagrams: parsed.ring,
    maxPayload: parsed.payload,
    templateRefresh: parsed.templateRefresh,
    ipv6Share: parsed.ipv6,
    biflow: parsed.biflow === true,
    scan: parsed.scan === true,
    truthFile: parsed.truth ?? null,
    truthFlowsFile: parsed.truthFlows ?? null,
    onNotice: (text) => display.line(text),
  };
  let simulation: Simulation;
  try {
    simulation = startSimulation(options);
  } catch (error) {
    if (error instanceof OptionError) command.error(`error: ${error.message}`);
    throw error;
  }
  const stop = (): void => simulation.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  display.begin(simulation, options);
  try {
    const truth = await simulation.done;
    display.end(truth, options);
  } catch (error) {
    display.abandon();
    command.error(`error: ${explain(error, options)}`);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

function explain(error: unknown, options: SimulationOptions): string {
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes('ENOTFOUND') || text.includes('EAI_AGAIN')) {
    return `--target ${options.target.host} has no address (${text}); give a name that resolves, or an address.`;
  }
  if (options.truthFile !== null && text.includes(options.truthFile))
    return `--truth cannot be written: ${text}`;
  if (options.truthFlowsFile !== null && text.includes(options.truthFlowsFile)) {
    return `--truth-flows cannot be written: ${text}`;
  }
  return text;
}

/** Shows how far it is: a bar on a terminal, else a line every ten seconds; all to standard error but the result. */
class Display {
  private readonly quiet: boolean;
  private bar: SingleBar | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(quiet: boolean) {
    this.quiet = quiet;
  }

  line(text: string): void {
    if (this.quiet) return;
    // A bar is drawn anew below the line.
    process.stderr.write(this.bar === null ? `${text}\n` : `\r\u001b[K${text}\n`);
  }

  begin(simulation: Simulation, options: SimulationOptions): void {
    if (this.quiet) return;
    const { host, port } = options.target;
    const exporters = options.exporters === 1 ? '1 exporter' : `${options.exporters} exporters`;
    this.line(
      `Sending ${count(options.rate)} flows/s of ${exporters} (${options.protocols.join(', ')}) to ${host}:${port}` +
        (options.flows === null && options.durationMs === null && !options.single
          ? '. Ctrl-C ends it.'
          : '.'),
    );
    if (process.stderr.isTTY) this.beginBar(simulation, options);
    else this.beginLines(simulation);
  }

  end(truth: Truth, options: SimulationOptions): void {
    this.abandon();
    if (this.quiet) return;
    const { sent, refused, withheld, sums } = truth;
    const parts = [
      `Sent ${count(sent.flows)} flows in ${count(sent.datagrams)} datagrams in ${truth.elapsedSeconds.toFixed(1)} s` +
        ` (${count(truth.flowsPerSecond)} flows/s, ${truth.cpuSeconds.toFixed(2)} s of CPU):` +
        ` ${count(sums.bytes)} bytes, ${count(sums.packets)} packets` +
        (sums.scaledBytes === sums.bytes ? '.' : `, ${count(sums.scaledBytes)} bytes times sampling rate.`),
    ];
    if (withheld.datagrams > 0)
      parts.push(`Lost on purpose: ${count(withheld.datagrams)} datagrams, ${count(withheld.flows)} flows.`);
    if (refused.datagrams > 0) {
      const codes = Object.entries(truth.refusals).map(([code, n]) => `${code} ${count(n)}`);
      parts.push(
        `Refused by the kernel: ${count(refused.datagrams)} datagrams, ${count(refused.flows)} flows (${codes.join(', ')}).`,
      );
    }
    if (options.truthFile !== null) parts.push(`The truth is in ${options.truthFile}.`);
    process.stdout.write(parts.join('\n') + '\n');
  }

  abandon(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.bar?.stop();
    this.bar = null;
  }

  private beginBar(simulation: Simulation, options: SimulationOptions): void {
    const total = options.flows ?? options.durationMs ?? 0;
    const bar = new SingleBar({
      format:
        (total > 0 ? '{bar} {percentage} %  ' : '') + '{sent} flows  {rate} flows/s  {seconds} s  {trouble}',
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      stream: process.stderr,
    });
    this.bar = bar;
    bar.start(Math.max(total, 1), 0, { sent: '0', rate: '0', seconds: '0', trouble: '' });
    this.every(500, simulation, (rate) => {
      const { flows, refused, elapsedMs } = simulation.progress();
      const position = options.flows !== null ? flows : options.durationMs !== null ? elapsedMs : 0;
      bar.update(Math.min(position, Math.max(total, 1)), {
        sent: count(flows),
        rate: count(rate),
        seconds: Math.round(elapsedMs / 1000),
        trouble: refused > 0 ? `${count(refused)} datagrams refused` : '',
      });
    });
  }

  private beginLines(simulation: Simulation): void {
    this.every(10_000, simulation, (rate) => {
      const { flows, refused, elapsedMs } = simulation.progress();
      this.line(
        `${Math.round(elapsedMs / 1000)} s: ${count(flows)} flows, ${count(rate)} flows/s` +
          (refused > 0 ? `, ${count(refused)} datagrams refused` : ''),
      );
    });
  }

  /** Calls `show` with the rate since the last call. */
  private every(ms: number, simulation: Simulation, show: (rate: number) => void): void {
    let before = simulation.progress();
    this.timer = setInterval(() => {
      const now = simulation.progress();
      show(((now.flows - before.flows) / Math.max(1, now.elapsedMs - before.elapsedMs)) * 1000);
      before = now;
    }, ms);
    this.timer.unref();
  }
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function parseTarget(text: string): SimulationOptions['target'] {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new InvalidArgumentError(
      'Give host:port, such as 127.0.0.1:2055, collector.example:2055 or [::1]:2055.',
    );
  }
  return { host: (match[1] ?? match[2])!, port };
}

function parseProtocols(text: string): readonly ExportProtocol[] {
  if (text === 'mix') return DEFAULTS.protocols;
  return text.split(',').map((name): ExportProtocol => {
    switch (name.trim().toLowerCase()) {
      case 'v5':
      case '5':
      case 'netflow5':
        return 'v5';
      case 'v9':
      case '9':
      case 'netflow9':
        return 'v9';
      case 'ipfix':
      case '10':
        return 'ipfix';
      default:
        throw new InvalidArgumentError(
          `“${name}” is none of v5, v9, ipfix, mix; several are joined by commas: v9,ipfix.`,
        );
    }
  });
}

function parseRates(text: string): readonly number[] {
  return text
    .split(',')
    .map((part) => wholeNumber('1 for all packets, 1000 for 1 in 1000, or several with commas')(part));
}

function wholeNumber(right: string): (text: string) => number {
  return (text) => {
    if (!/^\d+$/.test(text.trim()) || Number(text) < 1)
      throw new InvalidArgumentError(`It must be a whole number of 1 or more: ${right}.`);
    return Number(text);
  };
}

function integer(text: string): number {
  if (!/^-?\d+$/.test(text.trim())) throw new InvalidArgumentError('It must be a whole number, such as 42.');
  return Number(text);
}

function positiveNumber(right: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value > 0 && Number.isFinite(value))) {
      throw new InvalidArgumentError(`It must be a number greater than 0: ${right}.`);
    }
    return value;
  };
}

function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError('It must be a fraction from 0 to 1, such as 0.03 for 3 %.');
  }
  return value;
}

function anyDuration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined)
    throw new InvalidArgumentError('Give seconds, or a number with ms, s, m, h or d: 90, 1500ms, 4m.');
  return value;
}

function positiveDuration(text: string): number {
  const value = anyDuration(text);
  if (value <= 0) throw new InvalidArgumentError('It must be longer than nothing, such as 30s.');
  return value;
}

function parseTime(text: string): number {
  const value = Date.parse(text);
  if (Number.isNaN(value))
    throw new InvalidArgumentError('Give an ISO 8601 time such as 2026-11-16 or 2026-11-16T08:00:00Z.');
  return value;
}
