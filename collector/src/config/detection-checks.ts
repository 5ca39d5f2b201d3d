import { WINDOW_SECONDS } from '@weir/core/windows';
import { checkDetectionFilters } from '../detect/anomalies/index.ts';
import type { Parameter } from '../detect/detector.ts';
import { detectors as allDetectors } from '../detect/detectors/index.ts';
import { type RuleProblem, compileRule } from '../detect/rules/index.ts';
import type { Findings } from './checks.ts';
import type { DetectionSection } from './detection-schema.ts';
import { ruleOf } from './detection-settings.ts';
import { didYouMean } from './did-you-mean.ts';
import { type ConfigProblem, type Places, problem, unknownName, valueProblem } from './problem.ts';
import type { Path } from './tree.ts';

/** Findings of rules of the user's own are those of a detector of this name. */
const RULES = 'rules';
const OWN_KEYS = ['enabled', 'sensitivity', 'scope'] as const;

/** Checks what the schema alone does not know: names of detectors, their parameters, filters, rules. */
export function checkDetection(section: DetectionSection, places: Places, findings: Findings): void {
  checkDetectors(section.detectors, ['detection', 'detectors'], places, findings);
  for (const [tenant, { detectors }] of Object.entries(section.tenants))
    checkDetectors(detectors, ['detection', 'tenants', tenant, 'detectors'], places, findings);
  for (const key of ['exclude', 'silences'] as const)
    section[key].forEach((entry, i) => {
      const path = ['detection', key, i];
      checkFilter(entry.filter, key, [...path, 'filter'], places, findings);
      entry.detectors.forEach((name, d) =>
        checkDetectorName(name, [...path, 'detectors', d], places, findings),
      );
    });
  section.silences.forEach(({ until }, i) => {
    if (until < Date.now())
      findings.warnings.push(
        problem(
          places,
          ['detection', 'silences', i, 'until'],
          `is ${new Date(until).toISOString()}, which is over; the silence has no effect and can go.`,
        ),
      );
  });
  checkWindows(section, places, findings);
}

function checkDetectors(
  detectors: DetectionSection['detectors'],
  path: Path,
  places: Places,
  findings: Findings,
): void {
  for (const [name, entry] of Object.entries(detectors)) {
    const at = [...path, name];
    const detector = allDetectors.find((d) => d.name === name);
    if (detector === undefined && name !== RULES) {
      findings.problems.push(unknownName(places, at, 'detector', [...detectorNames()]));
      continue;
    }
    if (entry.scope !== undefined) checkFilter(entry.scope, 'silences', [...at, 'scope'], places, findings);
    const parameters = detector?.parameters ?? {};
    for (const [key, value] of Object.entries(entry)) {
      if ((OWN_KEYS as readonly string[]).includes(key)) continue;
      const parameter = Object.hasOwn(parameters, key) ? parameters[key] : undefined;
      if (parameter === undefined)
        findings.problems.push(
          unknownName(places, [...at, key], `parameter of ${name}`, [
            ...Object.keys(parameters),
            ...OWN_KEYS,
          ]),
        );
      else {
        const right = parameterProblem(parameter, value);
        if (right !== undefined) findings.problems.push(valueProblem(places, [...at, key], right));
      }
    }
  }
}

/** What would be right for a parameter; undefined where the value is. */
function parameterProblem(
  { default: usual, unit, least = 0, most = Infinity }: Parameter,
  value: unknown,
): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most)
    return undefined;
  const range = most === Infinity ? `of ${least} or more` : `from ${least} to ${most}`;
  return `it must be a number ${range} (${unit}), such as ${usual}`;
}

function* detectorNames(): Generator<string> {
  for (const { name } of allDetectors) yield name;
  yield RULES;
}

function checkDetectorName(name: string, path: Path, places: Places, { problems }: Findings): void {
  const names = [...detectorNames()];
  if (names.includes(name)) return;
  const near = didYouMean(name, names);
  problems.push(
    valueProblem(
      places,
      path,
      near === undefined
        ? `there is no such detector; there are ${names.join(', ')}`
        : `there is no such detector, perhaps ${near} is meant`,
    ),
  );
}

function checkFilter(
  text: string,
  as: 'exclude' | 'silences',
  path: Path,
  places: Places,
  { problems }: Findings,
): void {
  const entry = { filter: text, detectors: [], comment: '', until: 0 };
  const [first] = checkDetectionFilters({
    detectors: {},
    tenants: {},
    exclude: [],
    silences: [],
    [as]: [entry],
  });
  if (first === undefined) return;
  problems.push(problem(places, path, `is '${text}'. ${sentence(first.message)} ${first.advice}`.trimEnd()));
}

function checkWindows(section: DetectionSection, places: Places, { problems }: Findings): void {
  const whole = (ms: number, path: Path): void => {
    if (ms % (WINDOW_SECONDS * 1000) !== 0)
      problems.push(
        valueProblem(places, path, `it must be a multiple of ${WINDOW_SECONDS} s, the length of a window`),
      );
  };
  whole(section.lateness_secs, ['detection', 'lateness_secs']);
  section.rules.forEach((rule, i) => {
    const path = ['detection', 'rules', i];
    checkRule(rule, path, places, problems);
    if (section.rules.findIndex(({ name }) => name === rule.name) < i)
      problems.push(
        problem(places, [...path, 'name'], `is ${rule.name} for the second time; name each rule once.`),
      );
  });
}

const keysOfRules: Readonly<Record<RuleProblem['key'], string>> = {
  name: 'name',
  kind: 'kind',
  where: 'where',
  forSeconds: 'for_secs',
  overSeconds: 'over_secs',
};

function checkRule(
  rule: DetectionSection['rules'][number],
  path: Path,
  places: Places,
  problems: ConfigProblem[],
): void {
  const compiled = compileRule(ruleOf(rule));
  const first = compiled.ok ? undefined : compiled.problems[0];
  if (first === undefined) return;
  const key = keysOfRules[first.key];
  const is = first.key === 'where' ? `is '${rule.where}'. ` : 'is not right. ';
  problems.push(problem(places, [...path, key], `${is}${sentence(first.message)} ${first.advice}`.trimEnd()));
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
