import { detectors } from '../../../collector/src/detect/detectors/index.ts';
import { part, table, typesTable, writePart } from '../report.ts';
import type { Score } from '../score.ts';

export interface Simulated {
  readonly days: number;
  readonly learn: number;
  readonly seed: number;
  readonly samplingRate: number;
  readonly biflow: boolean;
}

/** The simulated part of docs/detection-quality.md. */
export function writeSimulated(score: Score, options: Simulated, records: number): void {
  const detectorOf = (type: string): string =>
    detectors.find((d) => d.types.some((t) => t === type))?.name ?? 'rules';
  const missed = score.labels.filter((l) => l.label.required && !l.found);
  const below = score.labels.filter((l) => !l.label.required);
  writePart(
    'simulated',
    [
      `## Simulated: ${options.days} days of an office`,
      '',
      `An office of ${score.ownHosts} hosts and its Internet, by the hour of day and week: ${options.days} days, of which the first`,
      `${options.learn} are learnt from and not scored; in the others attacks follow one another, about one every`,
      `${Math.round(score.observedSeconds / 60 / Math.max(1, score.labels.length))} minutes, each round with new hosts. ${(records / 1e6).toFixed(0)} million records,`,
      `${options.biflow ? 'one for both directions' : 'one for each direction'}, ${options.samplingRate === 1 ? 'unsampled' : `sampled 1:${options.samplingRate}`}; all detectors at their defaults, no exclusions.`,
      'What is benign and looks otherwise is in it all the time: a crawler, guests behind one address, resolvers, backups over night and to the',
      'cloud, a monitoring server, a configuration run over all servers, updates, cameras, phones, video calls, uploads to a drive,',
      'keepalives, single knocks from the Internet.',
      '',
      `**Recall ${part(score.recall)}, precision ${part(score.precision)}, ${part(score.falsePerDay)} false alarms a day.**`,
      '',
      typesTable(score, detectorOf),
      '',
      missed.length === 0 ? 'Nothing was missed.' : 'Missed:',
      '',
      ...missed.map(({ label }) => `- ${label.id}: ${label.description}`),
      '',
      `Below the defaults on purpose, and not counted: ${below.filter((l) => l.found).length} of ${below.length} were found all the same.`,
      '',
      'False alarms:',
      '',
      score.falseAlarms.length === 0
        ? 'None.'
        : table(
            ['When', 'Type', 'Severity', 'Title'],
            score.falseAlarms
              .slice(0, 60)
              .map(({ at, row }) => [
                new Date(at * 1000).toISOString().slice(0, 16),
                row.type,
                row.severity,
                row.title,
              ]),
          ),
      '',
      `Repeat: \`npm run quality -- simulated --days ${options.days} --learn ${options.learn} --seed ${options.seed}\`.`,
    ].join('\n'),
  );
}
