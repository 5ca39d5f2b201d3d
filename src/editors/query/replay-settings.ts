import type { DetectorAnswer } from '@weir/core/query';

/** `port_scan.ports=40, port_scan.hosts = 30` as a list of settings. */
export function settingsIn(text: string): readonly string[] {
  return text
    .replace(/\s*=\s*/g, '=')
    .split(/[\s,;]+/)
    .filter((setting) => setting !== '');
}

const MOST_DETECTORS = 3;

/** The parameters of the detectors that were chosen, with their defaults; of none where there are too many to name. */
export function parameterHelp(known: readonly DetectorAnswer[], chosen: readonly string[]): string {
  const shown = known.filter(({ name }) => chosen.includes(name));
  if (shown.length === 0 || shown.length > MOST_DETECTORS)
    return 'Choose detectors to see their parameters here.';
  const parameters = shown.flatMap(({ name, parameters: of }) =>
    Object.entries(of).map(
      ([parameter, { default: usual, unit }]) => `${name}.${parameter} (${usual} ${unit})`,
    ),
  );
  return `There are ${parameters.join(', ')}; and sensitivity: low, medium, high.`;
}
