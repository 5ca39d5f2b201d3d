import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { detectors } from '../../../collector/src/detect/detectors/index.ts';
import { part, seconds, table, typesTable, writePart } from '../report.ts';
import type { Label } from '../labels.ts';
import { type Score, median, score } from '../score.ts';
import { type Detected, detectRecordings, settingsAtDefaults } from './detect-recording.ts';
import { type LabExporter, timeoutsInWords } from './exporters.ts';
import { OWN_NETWORK } from './office.ts';
import { missing } from './programs.ts';
import { fileOfRecording } from './recording.ts';
import { type LabRun, readLabRun, runLab } from './run-lab.ts';
import { meterTcp } from './tcp-meter.ts';

const DATA = join(import.meta.dirname, '../../../data/quality-lab');
const LEARN_MINUTES = 5;
const CALM_MINUTES = 5;
/** Baselines want most of an hour; a lab that took so long would not be run. */
const LEARNT_MINUTES = 60;
const USAGE =
  'npm run quality -- lab [--lab-data DIR] [--score-only] [--quick] [--learn-minutes N] [--calm-minutes N] [--whole-capture] [--no-report]';

/** The attacks on a line, which only an exporter that measures TCP can tell. */
const LINE = ['delay', 'loss'];
const METER = 'tshark-ipfix-tcp';

interface Marked {
  readonly exporter: Pick<LabExporter, 'name' | 'samplingRate'>;
  readonly detected: Detected;
  readonly score: Score;
}

/** The lab: runs it or takes what an earlier run has left, scores each exporter's view of it, and writes the page's part. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, problem } = parsed(args);
  if (values === undefined) {
    console.error(`${problem ?? ''}\n${USAGE}`.trim());
    return 2;
  }
  const folder = values['lab-data'] ?? DATA;
  if (values['score-only'] !== true) {
    const why = missing();
    if (why !== undefined) {
      console.error(`The lab cannot run here: ${why}.`);
      return 1;
    }
    mkdirSync(folder, { recursive: true });
    rmSync(fileOfRecording(folder, METER), { force: true });
    await runLab({
      folder,
      learnMinutes: Number(values['learn-minutes'] ?? (values.quick === true ? 2 : LEARN_MINUTES)),
      calmMinutes: Number(values['calm-minutes'] ?? (values.quick === true ? 1 : CALM_MINUTES)),
      ...(values.quick === true ? { only: ({ quick }) => quick === true } : {}),
      ...(values['whole-capture'] === true ? { wholeCapture: true } : {}),
      say: (line) => console.log(line),
    });
  }
  const lab = readLabRun(folder);
  const meter = fileOfRecording(folder, METER);
  if (!existsSync(meter)) await meterTcp(join(folder, 'lab.pcap'), meter);
  const marked = lab.exporters.map((exporter) => said(mark(folder, lab, exporter)));
  const measured = said(mark(folder, onTheLine(lab), { name: METER, samplingRate: 1 }));
  writeFileSync(join(folder, 'scores.json'), JSON.stringify([...marked, measured].map(forJson), null, 1));
  console.log(`All rows and marks: ${join(folder, 'scores.json')}`);
  if (values['no-report'] !== true && values.quick !== true)
    writePart('lab', markdown(lab, marked, measured));
  return 0;
}

function said(marked: Marked): Marked {
  const { exporter, score: s, detected } = marked;
  console.log(
    `${exporter.name}: ${detected.flows} flows, recall ${part(s.recall)}, precision ${part(s.precision)}, ${s.falseAlarms.length} false`,
  );
  for (const fault of detected.faults) console.error(`  fault: ${fault}`);
  return marked;
}

function parsed(args: readonly string[]): {
  values?: {
    'lab-data'?: string | undefined;
    'score-only'?: boolean | undefined;
    quick?: boolean | undefined;
    'learn-minutes'?: string | undefined;
    'calm-minutes'?: string | undefined;
    'whole-capture'?: boolean | undefined;
    'no-report'?: boolean | undefined;
  };
  problem?: string;
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'lab-data': { type: 'string' },
        'score-only': { type: 'boolean' },
        quick: { type: 'boolean' },
        'learn-minutes': { type: 'string' },
        'calm-minutes': { type: 'string' },
        'whole-capture': { type: 'boolean' },
        'no-report': { type: 'boolean' },
      },
    });
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** The same run, as far as an exporter can see it that measures the branch's line and nothing else. */
function onTheLine(lab: LabRun): LabRun {
  return {
    ...lab,
    labels: lab.labels
      .filter(({ id, kind }) => LINE.includes(id) || kind === 'benign')
      .map((label) => ({ ...label, required: LINE.includes(label.id) })),
  };
}

function mark(folder: string, lab: LabRun, exporter: Marked['exporter']): Marked {
  const detected = detectRecordings({
    recordings: [
      {
        file: fileOfRecording(folder, exporter.name),
        address: '10.77.0.1',
        // Neither program says in NetFlow v5 or pmacctd's IPFIX what it samples; operators configure it then.
        samplingRate: exporter.samplingRate > 1 ? exporter.samplingRate : undefined,
      },
      { file: fileOfRecording(folder, lab.secondExporter), address: '10.77.8.1' },
    ],
    settings: settingsAtDefaults([OWN_NETWORK]),
    learnFrom: lab.calmFrom,
    learnUntil: lab.learnUntil,
    learnTimes: timesLearnt(lab),
    to: lab.to,
  });
  return { exporter, detected, score: score(detected.rows, lab) };
}

function timesLearnt(lab: LabRun): number {
  return Math.ceil(LEARNT_MINUTES / ((lab.learnUntil - lab.calmFrom) / 60));
}

function forJson({ exporter, detected, score: s }: Marked): object {
  return {
    exporter: exporter.name,
    flows: detected.flows,
    engine: detected.engine,
    faults: detected.faults,
    score: s,
    rows: detected.rows,
  };
}

const detectorOf = (type: string): string =>
  detectors.find((d) => (d.types as readonly string[]).includes(type))?.name ?? '–';

function markdown(lab: LabRun, marked: readonly Marked[], measured: Marked): string {
  const plain = marked.filter(({ exporter }) => exporter.samplingRate === 1);
  const main = plain[0]!;
  const minutes = (from: number, to: number): string => ((to - from) / 60).toFixed(0);
  return `
## The lab: real programs

An office of ${lab.ownHosts} hosts, its servers, a second router and an internet, in network namespaces on one machine. One router takes in
each packet once; ${lab.exporters.length} exporters listen there at the same time: softflowd and pmacctd, unsampled and sampled 1:10,
1:100, 1:1000 (${timeoutsInWords}). What they sent was recorded, and then went through the collector's own receiver, windows and engine,
driven by the times at which it came, all detectors at their defaults. ${programs(lab)}.

- ${minutes(lab.calmFrom, lab.learnUntil)} minutes of background alone are learnt from: they are played ${timesLearnt(lab)} times as if they had been before,
  for baselines want most of an hour. So there is nothing of days in what is usual here: traffic drops and lateral movement, which are
  told after a day of learning, and what else learns for so long, are not asked for.
- ${minutes(lab.learnUntil, lab.attacksFrom)} minutes of background alone, ${minutes(lab.attacksFrom, lab.attacksTo)} minutes of attacks over it, then calm, then the exporter is killed: ${minutes(lab.from, lab.to)} minutes are scored.
- In the background are people at desks, a NAT gateway with 25 people behind it, a resolver, a crawler, a peer-to-peer program, calls, a
  monitoring server, backups, a public web server, speed tests, updates for all, administrators: all benign.
- An anomaly is true where a label expects or allows its type, it names one of the label's hosts, and it was first said while the label lasted (and up to
  90 s later: exporters report late); all others are false. Time to detect holds the exporter's: up to ${15 + 5} s after a
  flow's end, up to 60 s while one lasts.
- In ${minutes(lab.from, lab.to)} minutes one false alarm is ${(86_400 / (lab.to - lab.from)).toFixed(0)} a day: the numbers of false alarms
  a day are to be had of the simulation below.
- The branch's line was made bad by ${lab.impairedBy}. Flows of softflowd and pmacctd carry neither round-trip times nor
  retransmissions: high latency and packet loss cannot be seen in them. They are asked for of a meter of the lab's own, which puts
  tshark's analysis of the line's packets into IPFIX.
- Not exercised here: connections longer than 1,500 s.

### By exporter and sampling

${table(
  ['Exporter', 'Sampling', 'Flows', 'Recall', 'Precision', 'Found', 'False'],
  marked.map(({ exporter, detected, score: s }) => {
    const required = s.labels.filter((l) => l.label.required);
    return [
      exporter.name,
      exporter.samplingRate === 1 ? 'none' : `1:${exporter.samplingRate}`,
      detected.flows.toLocaleString('en-US'),
      part(s.recall),
      part(s.precision),
      `${required.filter((l) => l.found).length} / ${required.length}`,
      String(s.falseAlarms.length),
    ];
  }),
)}

### By type, ${main.exporter.name}

${typesTable(main.score, detectorOf)}

### By type, ${measured.exporter.name}, the branch's line alone

${typesTable(measured.score, detectorOf)}

### By attack

Seconds from the attack's beginning to the first row that says so; – where none does. Those in brackets are below the defaults on purpose.
The third column is what of the time is ours: from the first record of the attacker's that ${main.exporter.name} sent to the row${ours(main)}.

${table(
  [
    'Attack',
    'Expected',
    'Ours',
    ...marked.map(({ exporter }) => exporter.name.replace('netflow', 'v').replace('-unsampled', '')),
  ],
  main.score.labels.map(({ label }) => [
    label.required ? label.id : `(${label.id})`,
    label.expected[0]!,
    seconds(afterFirstRecord(main, label) ?? NaN),
    ...marked.map(({ score: s }) => {
      const own = s.labels.find((l) => l.label.id === label.id)!;
      return own.found ? seconds(own.secondsToDetect!) : '–';
    }),
  ]),
)}

### False alarms, unsampled

${
  plain.every(({ score: s }) => s.falseAlarms.length === 0)
    ? 'None.'
    : table(
        ['Exporter', 'Type', 'What it said', 'Of'],
        plain.flatMap(({ exporter, score: s }) =>
          s.falseAlarms.map(({ row, near }) => [exporter.name, row.type, row.title, near.join(', ')]),
        ),
      )
}

### What was done

${table(
  ['Attack', 'What', 'Seconds'],
  main.score.labels.map(({ label }) => [label.id, label.description, seconds(label.to - label.from)]),
)}

To repeat: \`npm run quality -- lab\` (as root; half an hour), \`npm run quality -- lab --score-only\` to score the last recording again.
`;
}

/** Seconds from an attacker's first record to the first row; undefined where the attack was not found, or has no address of its own. */
function afterFirstRecord({ detected, score: s }: Marked, { id, from, hosts }: Label): number | undefined {
  const found = s.labels.find((l) => l.label.id === id)?.secondsToDetect;
  const first = hosts.length === 1 ? detected.firstRecord(hosts[0]!.split('/')[0]!) : undefined;
  return found === undefined || first === undefined || first < from - 1 ? undefined : from + found - first;
}

function ours(of: Marked): string {
  const all = of.score.labels
    .filter(({ label }) => label.required)
    .map(({ label }) => afterFirstRecord(of, label))
    .filter((s) => s !== undefined);
  return all.length === 0 ? '' : ` (median ${seconds(median(all))}, at most ${seconds(Math.max(...all))})`;
}

function programs(lab: LabRun): string {
  return `Linux ${lab.programs.kernel.split('.').slice(0, 2).join('.')}; ${Object.entries(lab.programs)
    .filter(([name]) => name !== 'kernel')
    .map(([name, said]) => `${name} ${/\d+\.[\w.-]+/.exec(said)?.[0] ?? ''}`.trim())
    .join(', ')}`;
}
