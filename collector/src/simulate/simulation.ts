import { writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { diurnalFactor } from './diurnal.ts';
import { SimulatedExporter } from './exporter.ts';
import type { Emission } from './exporter.ts';
import { ExporterLedger } from './exporter-ledger.ts';
import { buildNetwork } from './network.ts';
import { checkOptions, DEFAULTS } from './options.ts';
import type { SimulationOptions } from './options.ts';
import { ReplayRing } from './replay-ring.ts';
import { Tally } from './tally.ts';
import { wholeTruth } from './truth.ts';
import type { RunningExporter, Truth } from './truth.ts';
import { TruthFlowsFile } from './truth-flows.ts';
import { loopbackSource, resolveTarget, UdpSender } from './udp-sender.ts';

/** How far a simulation is. */
export interface SimulationProgress {
  readonly flows: number;
  readonly datagrams: number;
  /** datagrams that the kernel did not take */
  readonly refused: number;
  readonly elapsedMs: number;
}

/** A running simulation. */
export interface Simulation {
  /** the truth, when it has ended by itself or by {@link stop}; rejects where it could not begin */
  readonly done: Promise<Truth>;
  /** ends it: what was begun is sent, the truth is written */
  stop(): void;
  progress(): SimulationProgress;
}

/** Flow records wait at most so long for their datagram to become full. */
const FLUSH_MS = 1000;
/** Templates are sent again at least so often, in real time. */
const REFRESH_MS = 30_000;
/** Flows that one exporter makes at once; the loop comes back for more. */
const LARGEST_BATCH = 4096;
/** Who cannot keep up for longer than this does not try to catch up. */
const LONGEST_DEBT_MS = 250;
/** With more exporters than this, the tops by address are kept for all together only: they take megabytes each. */
const TOPS_FOR = 16;

/** An exporter under way. */
interface Lane extends RunningExporter {
  readonly ring: ReplayRing | null;
  /** flow records that it may still send */
  remaining: number;
  /** flow records that are due */
  owed: number;
  lastFlushMs: number;
  lastAnnouncementMs: number;
}

/**
 * Starts simulated exporters. Options that are not given have the values of {@link DEFAULTS}; throws an `OptionError` at
 * once for those that make no sense. Works in a worker thread as well.
 */
export function startSimulation(given: Partial<SimulationOptions> = {}): Simulation {
  const options: SimulationOptions = { ...DEFAULTS, ...given };
  checkOptions(options);
  const run = new Run(options);
  return { done: run.run(), stop: () => run.stop(), progress: () => run.progress() };
}

class Run {
  private readonly options: SimulationOptions;
  private readonly intervalMs: number;
  private lanes: Lane[] = [];
  private stopping = false;
  private wake: (() => void) | null = null;
  private flows = 0;
  private datagrams = 0;
  private refused = 0;
  private startedAt = 0;
  private endedAt = 0;
  /** true (simulated) time at `startedAt` */
  private startMs = 0;
  private flowsFile: TruthFlowsFile | null = null;
  private readonly notices = new Set<string>();

  constructor(options: SimulationOptions) {
    this.options = options;
    this.intervalMs = options.intervalMs ?? (options.rate >= 100_000 ? 1 : options.rate >= 10_000 ? 5 : 20);
  }

  stop(): void {
    this.stopping = true;
    this.wake?.();
  }

  progress(): SimulationProgress {
    const until = this.endedAt > 0 ? this.endedAt : performance.now();
    return {
      flows: this.flows,
      datagrams: this.datagrams,
      refused: this.refused,
      elapsedMs: this.startedAt > 0 ? until - this.startedAt : 0,
    };
  }

  async run(): Promise<Truth> {
    const { options } = this;
    const target = await resolveTarget(options.target.host, options.target.port);
    const network = buildNetwork(options.seed);
    const total = new Tally(network, true);
    this.startMs = options.startMs ?? Date.now();
    try {
      if (options.truthFlowsFile !== null)
        this.flowsFile = await TruthFlowsFile.create(options.truthFlowsFile);
      for (let n = 0; n < options.exporters; n++)
        this.lanes.push(await this.openLane(n, network, total, target));
      const startedAt = new Date();
      const cpuBefore = cpuMicroseconds();
      this.startedAt = performance.now();
      await this.loop();
      // Callbacks of the last datagrams come before the next turn of the event loop, or when the kernel has taken them.
      await Promise.all(this.lanes.map((lane) => lane.sender.close()));
      const cpuSeconds = (cpuMicroseconds() - cpuBefore) / 1e6;
      for (const lane of this.lanes) lane.ring?.book(lane.ledger);
      await this.flowsFile?.close();
      const head = {
        seed: options.seed,
        mode: options.mode,
        target: { address: target.address, port: target.port },
        startedAt: startedAt.toISOString(),
        endedAt: new Date().toISOString(),
        elapsedSeconds: (this.endedAt - this.startedAt) / 1000,
        cpuSeconds,
      };
      const truth = wholeTruth(head, this.lanes, total);
      if (options.truthFile !== null)
        await writeFile(options.truthFile, JSON.stringify(truth, null, 2) + '\n');
      return truth;
    } catch (error) {
      await Promise.all(this.lanes.map((lane) => lane.sender.close().catch(() => undefined)));
      throw error;
    }
  }

  private async openLane(
    n: number,
    network: ReturnType<typeof buildNetwork>,
    total: Tally,
    target: Awaited<ReturnType<typeof resolveTarget>>,
  ): Promise<Lane> {
    const { options } = this;
    const exporter = new SimulatedExporter({
      network,
      seed: options.seed,
      number: n,
      protocol: options.protocols[n % options.protocols.length]!,
      domain: n + 1,
      samplingRate: options.samplingRates[n % options.samplingRates.length]!,
      maxPayload: options.maxPayload,
      templateRefresh: options.templateRefresh,
      skewMs: n === options.exporters - 1 ? options.skewMs : 0,
      dropFraction: options.dropFraction,
      ipv6Share: options.ipv6Share,
      biflow: options.biflow,
      scan: options.scan && n === 0,
      traceTimes: options.mode === 'replay',
      startMs: this.startMs,
    });
    const sender = await UdpSender.open(target, loopbackSource(target, n));
    const share =
      options.flows === null ? Number.POSITIVE_INFINITY : Math.floor(options.flows / options.exporters);
    const odd = options.flows === null ? 0 : options.flows % options.exporters;
    return {
      exporter,
      sender,
      ledger: new ExporterLedger(exporter, total, options.exporters <= TOPS_FOR),
      ring:
        options.mode === 'replay'
          ? new ReplayRing(
              exporter,
              sender,
              Math.max(1, Math.floor(options.ringDatagrams / options.exporters)),
              this.startMs,
            )
          : null,
      remaining: options.single ? exporter.encoder.typicalFlows : share + (n < odd ? 1 : 0),
      owed: 0,
      lastFlushMs: 0,
      lastAnnouncementMs: Number.NEGATIVE_INFINITY,
    };
  }

  private async loop(): Promise<void> {
    const { options, intervalMs } = this;
    let before = this.startedAt;
    for (;;) {
      const now = performance.now();
      const elapsed = now - this.startedAt;
      const over = this.stopping || (options.durationMs !== null && elapsed >= options.durationMs);
      const sinceMs = Math.min(now - before, LONGEST_DEBT_MS);
      before = now;
      for (const lane of this.lanes) this.advance(lane, elapsed, sinceMs, over);
      if (over || this.lanes.every((lane) => lane.remaining === 0)) break;
      if (this.lanes.some(isBehind)) await setImmediate();
      else await this.sleep(intervalMs);
    }
    this.endedAt = performance.now();
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Lets one exporter send what has become due in the last `sinceMs`. */
  private advance(lane: Lane, elapsedMs: number, sinceMs: number, over: boolean): void {
    const { options } = this;
    const { exporter, sender } = lane;
    if (lane.remaining === 0) return;
    const trueMs = this.startMs + elapsedMs * options.speed;
    if (options.single) lane.owed = lane.remaining;
    else {
      const factor = options.diurnal ? diurnalFactor(trueMs, exporter.site.utcOffsetHours) : 1;
      const perMs = ((options.rate / options.exporters) * factor) / 1000;
      lane.owed = Math.min(
        lane.owed + perMs * sinceMs,
        lane.remaining,
        perMs * LONGEST_DEBT_MS + 2 * LARGEST_BATCH,
      );
    }
    if (sender.blocked(performance.now())) return;
    if (elapsedMs - lane.lastAnnouncementMs >= REFRESH_MS) {
      lane.lastAnnouncementMs = elapsedMs;
      exporter.announce(trueMs, (emission) => this.send(lane, emission));
    }
    if (lane.ring === null) this.invent(lane, trueMs, elapsedMs, over);
    else this.replay(lane, lane.ring, trueMs);
  }

  private invent(lane: Lane, trueMs: number, elapsedMs: number, over: boolean): void {
    const { typicalFlows } = lane.exporter.encoder;
    const count = Math.min(Math.floor(lane.owed), LARGEST_BATCH);
    const flush = over || count === lane.remaining || elapsedMs - lane.lastFlushMs >= FLUSH_MS;
    if (!flush && count < typicalFlows) return;
    if (flush) lane.lastFlushMs = elapsedMs;
    lane.owed -= count;
    lane.remaining -= count;
    lane.exporter.produce(count, trueMs, (emission) => this.send(lane, emission), flush);
  }

  private replay(lane: Lane, ring: ReplayRing, trueMs: number): void {
    let sent = 0;
    while (lane.owed > 0 && sent < LARGEST_BATCH) {
      const flows = ring.send(trueMs);
      lane.owed -= flows;
      lane.remaining = Math.max(0, lane.remaining - flows);
      sent += flows;
      this.datagrams++;
      if (lane.exporter.announcementDue())
        lane.exporter.announce(trueMs, (emission) => this.send(lane, emission));
      if (lane.remaining === 0) break;
    }
    this.flows += sent;
    const refused = lane.sender.refusedDatagrams;
    if (refused > 0) this.tellRefusal(lane);
  }

  /** Sends one datagram and books it when the kernel has said yes or no. */
  private send(lane: Lane, emission: Emission): void {
    const { sender, ledger, exporter } = lane;
    if (emission.withheld) {
      ledger.book(emission, 'withheld');
      return;
    }
    // The columns behind the emission stay as they are until the callback: the exporter's next turn waits for it.
    sender.send(emission.datagram.payload, (error) => {
      if (error === null) {
        sender.accepted();
        ledger.book(emission, 'sent');
        this.flowsFile?.write(exporter, sender.address, emission);
        this.flows += emission.datagram.flows;
        this.datagrams++;
      } else {
        sender.refused(error);
        ledger.book(emission, 'refused');
        this.tellRefusal(lane);
      }
    });
  }

  private tellRefusal(lane: Lane): void {
    const { host, port } = this.options.target;
    this.refused = this.lanes.reduce((sum, { sender }) => sum + sender.refusedDatagrams, 0);
    if (lane.sender.refusals.has('ECONNREFUSED')) {
      this.notice(
        `Nothing listens at ${host}:${port}; start \`weir collect\`, or name another --target. Sending on.`,
      );
    }
    for (const code of lane.sender.refusals.keys()) {
      if (code !== 'ECONNREFUSED')
        this.notice(
          `The kernel refused datagrams (${code}); they are counted as refused. Sending on, more slowly.`,
        );
    }
  }

  private notice(text: string): void {
    if (this.notices.has(text)) return;
    this.notices.add(text);
    this.options.onNotice(text);
  }
}

/** Whether an exporter still owes a whole batch, and the kernel is not what it waits for. */
function isBehind({ owed, sender }: Lane): boolean {
  return owed >= LARGEST_BATCH && !sender.blocked(performance.now());
}

/** CPU time, user and system: of this thread where Node can tell. */
function cpuMicroseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
