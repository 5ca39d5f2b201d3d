import { FlowBatch, addressWords, at, decodeNative } from '@weir/core';
import { type ClosedWindow, WINDOW_SECONDS } from '@weir/core/windows';
import { BiflowOrientation } from '../../../collector/src/detect/biflow-orientation.ts';
import { DetectionEngine, type EngineCounts } from '../../../collector/src/detect/engine.ts';
import type { DetectionSettings } from '../../../collector/src/detect/settings.ts';
import { type WindowCounts, WindowSet } from '../../../collector/src/detect/windows/index.ts';
import { profilesFrom } from '../../../collector/src/enrich/exporter-profiles.ts';
import { Receiver } from '../../../collector/src/receive/receiver.ts';
import type { WrittenRow } from '../score.ts';
import { type Datagram, datagramsOf } from './recording.ts';

/** A recorded exporter. */
export interface Recording {
  readonly file: string;
  /** The address that it is known by. */
  readonly address: string;
  /** Where datagrams do not say it. */
  readonly samplingRate?: number | undefined;
}

export interface DetectOptions {
  readonly recordings: readonly Recording[];
  readonly settings: DetectionSettings;
  /** Seconds since 1970: what came between is taken for what happened before, again and again. */
  readonly learnFrom: number;
  readonly learnUntil: number;
  readonly learnTimes: number;
  /** Where detection ends. */
  readonly to: number;
}

export interface Detected {
  readonly rows: readonly WrittenRow[];
  readonly flows: number;
  /** When the first record came that has the address as its source: seconds since 1970. */
  readonly firstRecord: (address: string) => number | undefined;
  readonly windows: WindowCounts;
  readonly engine: EngineCounts;
  /** What detectors threw: faults of ours. */
  readonly faults: readonly string[];
}

/** What the configuration has by itself, with the own networks given. */
export function settingsAtDefaults(ownNetworks: readonly string[]): DetectionSettings {
  return {
    enabled: true,
    ownNetworks,
    latenessSeconds: 20,
    capacities: {},
    detectors: {},
    tenants: {},
    exclude: [],
    silences: [],
    rules: [],
  } as unknown as DetectionSettings;
}

/** Flows of one second, as they came. */
interface Second {
  readonly second: number;
  readonly batch: FlowBatch;
}

/**
 * Datagrams through the collector's own receiver, windows and engine, driven by the times at which they came: each second what came is
 * counted, windows that ended are looked at early, windows that are complete are taken. What a detection thread does, but as fast
 * as it goes.
 */
export function detectRecordings(options: DetectOptions): Detected {
  const { recordings, settings, learnFrom, learnTimes, to } = options;
  const faults = new Set<string>();
  const engine = new DetectionEngine({
    settings,
    onFault: (detector, error) => faults.add(`${detector}: ${(error as Error).message}`),
  });
  const seconds = secondsOf(recordings);
  learnAgainAndAgain(engine, calmWindows(seconds, options), learnTimes);
  const windows = newWindows(settings);
  const rows: WrittenRow[] = [];
  const firstRecords = new Map<number, number>();
  let flows = 0;
  let next = 0;
  const first = Math.floor(learnFrom);
  while (next < seconds.length && seconds[next]!.second < first) next++;
  for (let now = first; now <= to; now++) {
    for (; next < seconds.length && seconds[next]!.second <= now; next++) {
      windows.observe(seconds[next]!.batch);
      flows += seconds[next]!.batch.rows;
      noteSources(seconds[next]!, firstRecords);
    }
    for (const window of windows.close(now))
      for (const row of engine.take(window)) rows.push({ at: now, row });
    for (const window of windows.peek(now))
      for (const row of engine.early(window)) rows.push({ at: now, row });
  }
  const firstRecord = (address: string): number | undefined => firstRecords.get(addressWords(address)[3]!);
  return {
    rows,
    flows,
    firstRecord,
    windows: windows.counts(),
    engine: engine.counts(),
    faults: [...faults],
  };
}

/** The lab speaks IPv4: the last word tells an address. */
function noteSources({ second, batch }: Second, first: Map<number, number>): void {
  const source = batch.u32(at.source_ip);
  for (let r = 0; r < batch.rows; r++)
    if (!first.has(source[4 * r + 3]!)) first.set(source[4 * r + 3]!, second);
}

function newWindows(settings: DetectionSettings): WindowSet {
  return new WindowSet({
    internalPrefixes: settings.ownNetworks,
    latenessSeconds: settings.latenessSeconds,
    capacities: settings.capacities,
    seed: 1,
  });
}

/** The whole windows of the time to learn from. */
function calmWindows(
  seconds: readonly Second[],
  { settings, learnFrom, learnUntil }: DetectOptions,
): ClosedWindow[] {
  const windows = newWindows(settings);
  const closed: ClosedWindow[] = [];
  for (const { second, batch } of seconds) {
    if (
      second < learnFrom - WINDOW_SECONDS ||
      second > learnUntil + settings.latenessSeconds + WINDOW_SECONDS
    )
      continue;
    closed.push(...windows.close(second));
    windows.observe(batch);
  }
  return [...closed, ...windows.closeAll()].filter(
    ({ start }) => start >= learnFrom && start + WINDOW_SECONDS <= learnUntil,
  );
}

/** The same windows as if they had been before, so many times, the latest ending where they themselves begin. */
function learnAgainAndAgain(engine: DetectionEngine, windows: readonly ClosedWindow[], times: number): void {
  if (windows.length === 0) return;
  const length = windows.at(-1)!.start - windows[0]!.start + WINDOW_SECONDS;
  for (let time = times; time > 0; time--)
    for (const window of windows) engine.learn(earlier(window, time * length));
}

function earlier({ start, kinds }: ClosedWindow, seconds: number): ClosedWindow {
  const moved = Object.entries(kinds).map(([kind, rows]) => [
    kind,
    {
      ...rows,
      numbers: {
        ...rows.numbers,
        first_ms: rows.numbers.first_ms.map((ms) => ms - seconds * 1000),
        last_ms: rows.numbers.last_ms.map((ms) => ms - seconds * 1000),
      },
    },
  ]);
  return { start: start - seconds, kinds: Object.fromEntries(moved) as ClosedWindow['kinds'] };
}

function secondsOf(recordings: readonly Recording[]): Second[] {
  const all = recordings
    .flatMap(({ file, address }) => [...datagramsOf(file)].map((datagram) => ({ address, datagram })))
    .sort((a, b) => a.datagram.receivedMs - b.datagram.receivedMs);
  const blocks = new Map<number, Uint8Array[]>();
  let nowMs = 0;
  const receiver = new Receiver({
    listen: [],
    receiveBuffer: 0,
    sealMs: 1_000,
    profileOf: profilesFrom({
      exporters: recordings.map(({ address, samplingRate }) => ({ address, samplingRate })),
      tenants: { default: 'lab', map: [] },
    }),
    onSealed: ({ block, rows }) => {
      if (rows > 0) {
        const second = Math.floor(nowMs / 1000);
        blocks.set(second, [...(blocks.get(second) ?? []), block.slice()]);
      }
      return 'held';
    },
    onState: () => undefined,
    now: () => nowMs,
  });
  const receive = (address: string, { receivedMs, bytes }: Datagram): void => {
    if (Math.floor(receivedMs / 1000) !== Math.floor(nowMs / 1000)) receiver.seal();
    nowMs = receivedMs;
    receiver.receive(bytes, address, 40_000);
  };
  for (const { address, datagram } of all) receive(address, datagram);
  receiver.seal();
  if (receiver.lastFault !== undefined) throw receiver.lastFault;
  const biflows = new BiflowOrientation();
  return [...blocks].map(([second, parts]) => {
    const rows = parts.reduce((sum, part) => sum + rowsOf(part), 0);
    const batch = new FlowBatch(Math.max(1, rows));
    for (const part of parts) decodeNative(part, batch);
    biflows.orient(batch);
    return { second, batch };
  });
}

/** The number of rows is a block's second number; both are of seven bits a byte. */
function rowsOf(block: Uint8Array): number {
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = block[offset++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  varint();
  return varint();
}
