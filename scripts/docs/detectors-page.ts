import type { Detector } from '../../collector/src/detect/detector.ts';
import { detectors } from '../../collector/src/detect/detectors/index.ts';

/** The reference page of detectors: what each finds, its parameters, what it reads. */
export function detectorsPage(): string {
  return [
    '# Detectors',
    '',
    'Generated from `collector/src/detect/detectors/` by `npm run docs`. Do not edit.',
    '',
    'A detector sees [windows](windows.md) of ten seconds and what is usual, and nothing else; the same windows give the same',
    'findings, live and in `weir backtest`. Its parameters are keys of `detection.detectors.<name>` in the configuration, for all',
    'or for a tenant (`detection.tenants.<tenant>.detectors.<name>`); `sensitivity: high` halves the defaults of those marked as',
    'thresholds, `low` doubles them. How good they are is in [detection quality](../detection-quality.md); why each works, and what it',
    'takes care not to fire on, stands at the head of its file.',
    '',
    '| Detector | Finds | Types | Before a window is closed |',
    '| --- | --- | --- | --- |',
    ...detectors.map(
      ({ name, title, types, early }) =>
        `| [\`${name}\`](#${name}) | ${cell(title)} | ${types.map((t) => `\`${t}\``).join(', ')} | ${early ? 'yes' : ''} |`,
    ),
    '',
    ...detectors.flatMap(section),
  ].join('\n');
}

function section(detector: Detector): string[] {
  const { name, doc, parameters, reads } = detector;
  return [
    `## ${name}`,
    '',
    doc,
    '',
    '| Parameter | Default | Unit | Meaning |',
    '| --- | --- | --- | --- |',
    ...Object.entries(parameters).map(
      ([key, { default: value, unit, doc: meaning, threshold }]) =>
        `| \`${key}\` | ${value} | ${cell(unit)} | ${cell(meaning)}${threshold === true ? ' (threshold)' : ''} |`,
    ),
    '',
    `Reads ${Object.entries(reads)
      .map(([kind, columns]) => `${kind}: ${columns.map((c) => `\`${c}\``).join(', ')}`)
      .join('; ')}.`,
    '',
  ];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
