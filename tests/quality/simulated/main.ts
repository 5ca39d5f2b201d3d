import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { AnomalyRow } from '@weir/core/anomalies';
import { Random } from '../../../collector/src/simulate/random.ts';
import { DetectionEngine } from '../../../collector/src/detect/engine.ts';
import type { DetectionSettings } from '../../../collector/src/detect/settings.ts';
import { WindowSet } from '../../../collector/src/detect/windows/index.ts';
import { type Labelled, type Label } from '../labels.ts';
import { type WrittenRow, score } from '../score.ts';
import { writeSimulated } from './report-simulated.ts';
import { type Attack, attacksOf } from './attacks.ts';
import { Background } from './background.ts';
import { FlowRing } from './flow-ring.ts';
import { OFFICE_NETWORK, buildOffice } from './office.ts';

const TICK_MS = 10_000;
const DAY_MS = 86_400_000;
const LATENESS = 20;
/** A Monday. */
const START_MS = Date.UTC(2026, 2, 2);
const BREAK_MS = 25 * 60_000;

const settings: DetectionSettings = {
  enabled: true,
  ownNetworks: [OFFICE_NETWORK],
  latenessSeconds: LATENESS,
  capacities: {},
  detectors: {},
  tenants: {},
  exclude: [],
  silences: [],
  rules: [],
};

const usage = `options of the simulated part:
  --days N        days in all (14)
  --learn N       days of those at the beginning without attacks, not scored (7)
  --seed N        of everything that is by chance (1)
  --sampling N    one packet in so many is seen (1)
  --biflow        one record for both directions of a conversation
  --out FILE      all rows, labels and the score as JSON
  --no-report     do not write docs/detection-quality.md`;

interface Options {
  readonly days: number;
  readonly learn: number;
  readonly seed: number;
  readonly samplingRate: number;
  readonly biflow: boolean;
}

/** Two weeks of an office by the clock of its flows: learn one, attack it in the other, score. */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      days: { type: 'string', default: '14' },
      learn: { type: 'string', default: '7' },
      seed: { type: 'string', default: '1' },
      sampling: { type: 'string', default: '1' },
      biflow: { type: 'boolean', default: false },
      out: { type: 'string' },
      'no-report': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const options: Options = {
    days: Number(values.days),
    learn: Number(values.learn),
    seed: Number(values.seed),
    samplingRate: Number(values.sampling),
    biflow: values.biflow,
  };
  const began = performance.now();
  const { rows, labelled, records, faults } = simulate(options);
  const result = score(rows, labelled);
  console.log(
    `${records} records in ${((performance.now() - began) / 1000).toFixed(0)} s; recall ${result.recall.toFixed(3)}, ` +
      `precision ${result.precision.toFixed(3)}, ${result.falsePerDay.toFixed(2)} false alarms a day`,
  );
  if (values.out !== undefined)
    writeFileSync(values.out, JSON.stringify({ options, result, rows, labelled }, null, 1));
  if (!values['no-report']) writeSimulated(result, options, records);
  for (const [detector, times] of Object.entries(faults)) console.error(`${detector} failed ${times} times`);
  return Object.keys(faults).length === 0 ? 0 : 1;
}

interface Simulated {
  readonly rows: readonly WrittenRow[];
  readonly labelled: Labelled;
  readonly records: number;
  readonly faults: Readonly<Record<string, number>>;
}

function simulate({ days, learn, seed, samplingRate, biflow }: Options): Simulated {
  const random = new Random(seed, 1);
  const office = buildOffice(seed);
  const ring = new FlowRing({ samplingRate, biflow }, random, '10.20.0.1', START_MS);
  const background = new Background(office, random, ring, START_MS);
  const windows = new WindowSet({ internalPrefixes: [OFFICE_NETWORK], seed: 1, latenessSeconds: LATENESS });
  const reported = new Set<string>();
  const engine = new DetectionEngine({
    settings,
    onFault: (detector, error) => {
      if (!reported.has(detector)) console.error(detector, error);
      reported.add(detector);
    },
  });
  const endMs = START_MS + days * DAY_MS;
  const scoredMs = START_MS + learn * DAY_MS;
  const written: WrittenRow[] = [];
  const labels: Label[] = [];
  const attackRandom = new Random(seed, 2);
  let waiting: Attack[] = [];
  const running: { readonly attack: Attack; readonly fromMs: number }[] = [];
  let nextMs = scoredMs + BREAK_MS;
  const begin = (atMs: number): void => {
    if (waiting.length === 0)
      waiting = shuffled(attacksOf({ office, random: attackRandom, ring, background }), attackRandom);
    const attack = waiting.pop()!;
    if (atMs + attack.durationMs > endMs - TICK_MS * 60) return;
    running.push({ attack, fromMs: atMs });
    const { id, description, expected, also, hosts, crossesAfter, required, durationMs } = attack;
    labels.push({
      id: `${id} #${labels.length + 1}`,
      kind: 'attack',
      description,
      expected,
      also,
      hosts,
      from: atMs / 1000,
      to: (atMs + durationMs) / 1000,
      crossesAfter,
      required,
    });
    // What lasts for hours goes on beside the next ones.
    nextMs =
      atMs +
      Math.min(attack.durationMs, 12 * 60_000) +
      Math.round((BREAK_MS * (1 + attackRandom.unit())) / TICK_MS) * TICK_MS;
  };
  const write = (rows: readonly AnomalyRow[], at: number): void => {
    for (const row of rows) written.push({ at, row });
  };
  for (let t = START_MS; t < endMs; t += TICK_MS) {
    if (t >= nextMs) begin(t);
    background.tick(t);
    for (let i = running.length - 1; i >= 0; i--) {
      const { attack, fromMs } = running[i]!;
      if (t - fromMs >= attack.durationMs) running.splice(i, 1);
      else attack.tick(t, t - fromMs);
    }
    ring.take(t + TICK_MS, (batch) => windows.observe(batch));
    const now = (t + TICK_MS) / 1000 + 1;
    for (const window of windows.close(now)) write(engine.take(window), now);
    // What is seen early is seen later too: it matters for how long an attack took to be seen.
    if (running.length > 0) for (const window of windows.peek(now)) write(engine.early(window), now);
    if ((t - START_MS) % (DAY_MS / 4) === DAY_MS / 4 - TICK_MS) {
      const types = Object.entries(
        Object.groupBy(new Map(written.map(({ row }) => [row.id, row])).values(), (r) => r.type),
      );
      console.log(
        `day ${((t + TICK_MS - START_MS) / DAY_MS).toFixed(2)}: ${ring.records} records, ${labels.length} attacks; anomalies so far:`,
        types.map(([type, rows]) => `${type} ${rows!.length}`).join(', '),
      );
    }
  }
  for (const window of windows.closeAll()) write(engine.take(window), endMs / 1000);
  if (ring.refused > 0) throw new Error(`${ring.refused} flows found no room in the simulation`);
  return {
    rows: written,
    labelled: { labels, from: scoredMs / 1000, to: endMs / 1000, ownHosts: office.all.length },
    records: ring.records,
    faults: engine.counts().faults,
  };
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  const out = [...all];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
