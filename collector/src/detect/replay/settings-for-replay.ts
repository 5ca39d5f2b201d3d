import { didYouMean } from '../../config/did-you-mean.ts';
import type { Detector, Parameter } from '../detector.ts';
import { detectors as allDetectors } from '../detectors/index.ts';
import {
  type DetectionSettings,
  type DetectorSettings,
  type DetectorsSettings,
  type Sensitivity,
  sensitivities,
} from '../settings.ts';

/** Rules of the user's own run as a detector of this name. */
export const RULES = 'rules';
const SENSITIVITY = 'sensitivity';

/** What is wrong with what a replay was asked for, and what would be right. */
export class ReplayProblem extends Error {
  override readonly name = 'ReplayProblem';

  /** As a sentence of its own. */
  get sentence(): string {
    const { message } = this;
    return message.charAt(0).toUpperCase() + message.slice(1) + (/[.?]$/.test(message) ? '' : '.');
  }
}

/** One change of the configuration, for this replay: `port_scan.ports=40`, `port_scan.sensitivity=high`. */
export interface Change {
  readonly detector: string;
  readonly parameter: string;
  readonly value: number | Sensitivity;
}

/** Names that `detectors` may hold. */
export function detectorNames(): string[] {
  return [...allDetectors.map(({ name }) => name), RULES];
}

/** @throws ReplayProblem for a name that no detector has */
export function checkDetectorName(name: string): string {
  if (detectorNames().includes(name)) return name;
  throw new ReplayProblem(`there is no detector ${name}${nearest(name, detectorNames())}`);
}

/** @throws ReplayProblem where it is not `name.parameter=value` of a detector that there is, with a value that it may have */
export function parseChange(text: string): Change {
  const match = /^\s*([^.=\s]+)\.([^.=\s]+)\s*=\s*(\S+)\s*$/.exec(text);
  if (match === null)
    throw new ReplayProblem(
      `'${text}' is no setting: give detector.parameter=value${exampleOf(allDetectors[0])}`,
    );
  const [, name, parameter, value] = match as unknown as [string, string, string, string];
  const detector = allDetectors.find((d) => d.name === checkDetectorName(name));
  if (detector === undefined)
    throw new ReplayProblem(`'${text}': rules are changed in the configuration, under detection.rules`);
  if (parameter === SENSITIVITY) {
    const sensitivity = sensitivities.find((s) => s === value);
    if (sensitivity !== undefined) return { detector: name, parameter, value: sensitivity };
    throw new ReplayProblem(`'${text}': a sensitivity is ${sensitivities.join(', ')}`);
  }
  const known = Object.hasOwn(detector.parameters, parameter) ? detector.parameters[parameter] : undefined;
  if (known === undefined)
    throw new ReplayProblem(
      `there is no parameter ${parameter} of ${name}${nearest(parameter, [...Object.keys(detector.parameters), SENSITIVITY])}`,
    );
  return { detector: name, parameter, value: valueOf(text, value, known) };
}

function valueOf(
  text: string,
  value: string,
  { least = 0, most = Infinity, unit, default: usual }: Parameter,
): number {
  const number = Number(value);
  if (Number.isFinite(number) && number >= least && number <= most) return number;
  const range = most === Infinity ? `of ${least} or more` : `from ${least} to ${most}`;
  throw new ReplayProblem(`'${text}': it must be a number ${range} (${unit}); the default is ${usual}`);
}

function nearest(word: string, names: readonly string[]): string {
  const near = didYouMean(word, names);
  return near === undefined ? `; there are ${names.join(', ')}` : `; did you mean ${near}?`;
}

function exampleOf(detector: Detector | undefined): string {
  const [parameter, usual] = Object.entries(detector?.parameters ?? {})[0] ?? [];
  return parameter === undefined ? '' : `, such as ${detector!.name}.${parameter}=${usual!.default}`;
}

export interface ReplayChanges {
  readonly detectors?: readonly string[] | undefined;
  readonly changes?: readonly Change[] | undefined;
  /** Whether what the configuration excludes is left out here too. */
  readonly exclusions: boolean;
}

/**
 * The configuration's settings as they hold in a replay: changes over all else, of tenants too; detectors that are asked for by name run
 * though they are disabled. Silences are left out: they are about who is told, and of today.
 */
export function settingsForReplay(
  settings: DetectionSettings,
  { detectors, changes = [], exclusions }: ReplayChanges,
): DetectionSettings {
  const own: Record<string, DetectorSettings> = {};
  for (const name of detectors ?? []) own[name] = { enabled: true };
  for (const { detector, parameter, value } of changes) {
    const before = own[detector] ?? {};
    own[detector] =
      typeof value === 'string'
        ? { ...before, sensitivity: value }
        : { ...before, parameters: { ...before.parameters, [parameter]: value } };
  }
  return {
    ...settings,
    silences: [],
    exclude: exclusions ? settings.exclude : [],
    detectors: changed(settings.detectors, own, Object.keys(own)),
    tenants: Object.fromEntries(
      Object.entries(settings.tenants).map(([tenant, of]) => [
        tenant,
        changed(
          of,
          own,
          Object.keys(own).filter((name) => of[name] !== undefined),
        ),
      ]),
    ),
  };
}

function changed(
  settings: DetectorsSettings,
  own: DetectorsSettings,
  names: readonly string[],
): DetectorsSettings {
  return {
    ...settings,
    ...Object.fromEntries(
      names.map((name) => [
        name,
        {
          ...settings[name],
          ...own[name],
          parameters: { ...settings[name]?.parameters, ...own[name]?.parameters },
        },
      ]),
    ),
  };
}
