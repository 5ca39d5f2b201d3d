import { conditionsOf, filterField, parseFilter, tokens } from '@weir/core/filter';
import type { DetectionSettings, DetectorsSettings } from '../settings.ts';
import { askableFields, asksForName, isAskable } from './finding-match.ts';

/** What is wrong with a filter in the configuration of detection, where, and what would be right. */
export interface FilterProblem {
  /** As in the configuration: `exclude[0].filter`, `detectors.port_scan.scope`, `tenants.acme.port_scan.scope`. */
  readonly path: string;
  /** Where in the filter: offsets in UTF-16 units, `to` not included. */
  readonly from: number;
  readonly to: number;
  readonly message: string;
  readonly advice: string;
}

/** Looks at every exclusion, silence and scope: whether it can be read, and asks for what anomalies have. */
export function checkDetectionFilters(
  settings: Pick<DetectionSettings, 'detectors' | 'tenants' | 'exclude' | 'silences'>,
): FilterProblem[] {
  return [
    ...settings.exclude.flatMap(({ filter }, i) =>
      filter.trim() === '' ? [excludesAll(`exclude[${i}].filter`)] : check(`exclude[${i}].filter`, filter),
    ),
    ...settings.silences.flatMap(({ filter }, i) => check(`silences[${i}].filter`, filter)),
    ...scopes('detectors', settings.detectors),
    ...Object.entries(settings.tenants).flatMap(([tenant, detectors]) =>
      scopes(`tenants.${tenant}`, detectors),
    ),
  ];
}

function scopes(path: string, detectors: DetectorsSettings): FilterProblem[] {
  return Object.entries(detectors).flatMap(([name, { scope }]) =>
    scope === undefined ? [] : check(`${path}.${name}.scope`, scope),
  );
}

function excludesAll(path: string): FilterProblem {
  return {
    path,
    from: 0,
    to: 0,
    message: 'The filter is empty: it would exclude every anomaly.',
    advice: 'Say which: source = 10.0.0.9. To switch a detector off, set its enabled to false.',
  };
}

function check(path: string, text: string): FilterProblem[] {
  const parsed = parseFilter(text);
  if (!parsed.ok)
    return parsed.problems.map(({ from, to, message, advice }) => ({ path, from, to, message, advice }));
  const named = tokens(text).filter(({ kind }) => kind === 'field');
  const conditions = conditionsOf(parsed.filter);
  return named.flatMap(({ from, to }, i) => {
    const field = filterField(text.slice(from, to));
    if (field === undefined) return [];
    if (!isAskable(field.name))
      return [
        {
          path,
          from,
          to,
          message: `Anomalies have no ${field.name}.`,
          advice: `They can be asked for ${askableFields.join(', ')}.`,
        },
      ];
    // Fields stand in the text in the order of the conditions
    const condition = conditions[i];
    if (field.type === 'interface' && condition?.field === field.name && asksForName(condition.test))
      return [
        {
          path,
          from,
          to,
          message: 'Anomalies know interfaces by index, not by name.',
          advice: `Write the index, and whose it is: exporter = edge-1 and ${field.name} = 12.`,
        },
      ];
    return [];
  });
}
