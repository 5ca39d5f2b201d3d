import { anomalyStates, anomalyTypes, severities } from '../anomalies.ts';
import { fieldByName } from '../fields/fields.ts';
import { nearest } from '../filter/did-you-mean.ts';
import { isColumn } from './flow-columns.ts';
import { metricByName, metrics } from './metrics.ts';
import {
  type AdHocFilter,
  DEFAULT_WARM_UP_HOURS,
  MOST_WARM_UP_HOURS,
  type Query,
  type QueryKind,
  type Replay,
  anomalyViews,
  defaultQuery,
  exporterViews,
  lastBuckets,
  queryKinds,
  rankings,
  resolutions,
  sqlFormats,
  topologyNodes,
} from './model.ts';
import type { QueryProblem } from './problem.ts';
import { upToDate } from './versions.ts';

export type NormalizedQuery =
  | { readonly ok: true; readonly query: Query }
  | { readonly ok: false; readonly problems: readonly QueryProblem[] };

const orders = ['newest', 'bytes', 'packets', 'duration'] as const;
const operators = ['=', '!=', '=~', '!~', '<', '>', '=|', '!=|'] as const;

const MAX_TEXT = 10_000;
const MAX_LIST = 100;
const MAX_SETTING = 256;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** More would make keys that nobody reads, and groups without end. */
const MAX_DIMENSIONS = 8;
const MAX_LIMIT = 100_000;

/** What a kind takes where the query does not say. */
export function defaultsOf(kind: QueryKind): Omit<Query, 'refId'> {
  const defaults = { ...defaultQuery, kind };
  if (kind === 'top') return { ...defaults, dimensions: ['source_ip'] };
  if (kind === 'conversations') return { ...defaults, dimensions: ['source_ip', 'destination_ip'] };
  if (kind === 'flows' || kind === 'anomalies') return { ...defaults, limit: 100 };
  if (kind === 'topology') return { ...defaults, limit: 50 };
  return defaults;
}

/**
 * A saved query, of any version and with any keys of Grafana's, as the model says; or all that is wrong with it. Names of fields
 * become the fields' own, texts are kept as they are.
 */
export function normalizeQuery(saved: unknown): NormalizedQuery {
  const problems: QueryProblem[] = [];
  const wrong = (path: string, message: string): void => void problems.push({ path, message });
  if (typeof saved !== 'object' || saved === null || Array.isArray(saved))
    return { ok: false, problems: [{ path: '', message: 'A query is an object, with a “kind” at least.' }] };
  const given = upToDate(saved as Record<string, unknown>);
  if (typeof given === 'string') return { ok: false, problems: [{ path: 'version', message: given }] };

  const value = (key: string): unknown =>
    Object.hasOwn(given, key) && given[key] !== null ? given[key] : undefined;

  function oneOf<const T extends string>(key: string, allowed: readonly T[], fallback: T): T {
    const v = value(key);
    if (v === undefined) return fallback;
    if (typeof v === 'string' && (allowed as readonly string[]).includes(v)) return v as T;
    wrong(key, `${shown(v)} is none of ${allowed.join(', ')}.${didYouMean(v, allowed)}`);
    return fallback;
  }
  function flag(key: string, fallback: boolean): boolean {
    const v = value(key);
    if (v === undefined || typeof v === 'boolean') return v ?? fallback;
    wrong(key, `${shown(v)} is neither true nor false.`);
    return fallback;
  }
  function whole(key: string, fallback: number, least: number, most: number): number {
    const v = value(key);
    if (v === undefined) return fallback;
    // Variables come as text
    const n = typeof v === 'string' && /^\d{1,9}$/.test(v.trim()) ? Number(v) : v;
    if (typeof n === 'number' && Number.isInteger(n) && n >= least && n <= most) return n;
    wrong(key, `${shown(v)} is no whole number from ${least} to ${most}.`);
    return fallback;
  }
  function text(key: string, fallback: string): string {
    const v = value(key);
    if (v === undefined) return fallback;
    if (typeof v === 'string' && v.length <= MAX_TEXT) return v.toWellFormed();
    wrong(key, typeof v === 'string' ? `Longer than ${MAX_TEXT} characters.` : `${shown(v)} is no text.`);
    return fallback;
  }
  function texts(key: string, fallback: readonly string[]): readonly string[] {
    const v = value(key);
    if (v === undefined) return fallback;
    if (!Array.isArray(v) || v.some((item) => typeof item !== 'string')) {
      wrong(key, `${shown(v)} is no list of texts.`);
      return fallback;
    }
    if (v.length <= MAX_LIST) return (v as string[]).map((item) => item.toWellFormed());
    wrong(key, `More than ${MAX_LIST} entries.`);
    return fallback;
  }
  function someOf(key: string, allowed: readonly string[]): readonly string[] {
    const list = texts(key, []);
    for (const item of list)
      if (!allowed.includes(item))
        wrong(key, `${shown(item)} is none of ${allowed.join(', ')}.${didYouMean(item, allowed)}`);
    return list;
  }

  /** An empty one, of a variable that holds nothing, asks for none in particular. */
  function idsOf(key: string): readonly string[] {
    const list = texts(key, [])
      .map((id) => id.trim().toLowerCase())
      .filter((id) => id !== '');
    for (const id of list)
      if (!UUID.test(id)) wrong(key, `${shown(id)} is no id: 8f3c5f4e-9b1d-5c0a-a6f2-7d1e52c4b893 is one.`);
    return list;
  }

  function replayOf(key: string): Replay | null {
    const v = value(key);
    if (v === undefined) return null;
    const {
      detectors = [],
      set = [],
      warmUpHours: given = DEFAULT_WARM_UP_HOURS,
    } = v as Record<string, unknown>;
    // Variables come as text
    const warmUpHours = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    if (
      typeof v === 'object' &&
      !Array.isArray(v) &&
      areTexts(detectors) &&
      areTexts(set) &&
      isWarmUp(warmUpHours)
    )
      return {
        detectors: [...new Set(detectors.map(trimmed))],
        set: set.map(trimmed).filter((s) => s !== ''),
        warmUpHours,
      };
    wrong(
      key,
      `${shown(v)} is no {detectors, set, warmUpHours}, two lists of at most ${MAX_LIST} texts and a number from 0 to ${MOST_WARM_UP_HOURS}: {"detectors": ["port_scan"], "set": ["port_scan.ports=40"]}.`,
    );
    return null;
  }

  const kind = oneOf('kind', queryKinds, 'timeseries');
  const defaults = defaultsOf(kind);
  const metricName = text('metric', defaults.metric);
  const metric = metricByName(metricName);
  if (metric === undefined) {
    const names = metrics.map((m) => m.name);
    wrong('metric', `There is no metric ${shown(metricName)}.${didYouMean(metricName, names)}`);
  }

  let dimensions = texts('dimensions', defaults.dimensions).flatMap((name) => {
    const field = fieldByName(name);
    if (field === undefined) {
      wrong('dimensions', `There is no field ${shown(name)}. The list of fields is in the query editor.`);
      return [];
    }
    if (!field.groups)
      wrong(
        'dimensions',
        `${field.name} is a measure: it cannot be grouped by. Filter by it, or choose a metric.`,
      );
    return [field.name];
  });
  dimensions = [...new Set(dimensions)];
  if (dimensions.length > MAX_DIMENSIONS)
    wrong('dimensions', `At most ${MAX_DIMENSIONS} fields can be grouped by.`);
  if (kind === 'top' && dimensions.length === 0) dimensions = [...defaults.dimensions];
  if (kind === 'conversations' && dimensions.length < 2) {
    if (dimensions.length === 0) dimensions = [...defaults.dimensions];
    else wrong('dimensions', 'Conversations need two stages or more: source_ip and destination_ip, say.');
  }
  const columns = texts('columns', defaults.columns).map((name) => {
    const field = fieldByName(name);
    if (field === undefined && !isColumn(name)) {
      wrong('columns', `There is no field or column ${shown(name)}.`);
    }
    return field?.name ?? name;
  });

  const query: Query = {
    refId: text('refId', 'A'),
    version: defaults.version,
    kind,
    filter: text('filter', defaults.filter),
    adHoc: adHoc(value('adHoc'), wrong),
    metric: metric?.name ?? defaults.metric,
    dimensions,
    limit: whole('limit', defaults.limit, 1, MAX_LIMIT),
    rankBy: oneOf('rankBy', rankings, defaults.rankBy),
    other: flag('other', defaults.other),
    bidirectional: flag('bidirectional', defaults.bidirectional),
    previousPeriod: flag('previousPeriod', defaults.previousPeriod),
    spread: flag('spread', defaults.spread),
    correctSampling: flag('correctSampling', defaults.correctSampling),
    lastBucket: oneOf('lastBucket', lastBuckets, defaults.lastBucket),
    resolution: oneOf('resolution', resolutions, defaults.resolution),
    prefix4: whole('prefix4', defaults.prefix4, 0, 32),
    prefix6: whole('prefix6', defaults.prefix6, 0, 128),
    minInterval: whole('minInterval', defaults.minInterval, 0, 31_536_000),
    legend: text('legend', defaults.legend),
    columns: [...new Set(columns)],
    order: oneOf('order', orders, defaults.order),
    live: flag('live', defaults.live),
    node: oneOf('node', topologyNodes, defaults.node),
    exporterView: oneOf('exporterView', exporterViews, defaults.exporterView),
    ledgerMeasure: text('ledgerMeasure', defaults.ledgerMeasure),
    severities: someOf('severities', severities),
    anomalyTypes: someOf('anomalyTypes', anomalyTypes),
    states: someOf('states', anomalyStates),
    anomalyIds: idsOf('anomalyIds'),
    stories: idsOf('stories'),
    anomalyView: oneOf('anomalyView', anomalyViews, defaults.anomalyView),
    replay: replayOf('replay'),
    sql: text('sql', defaults.sql),
    format: oneOf('format', sqlFormats, defaults.format),
  };
  return problems.length === 0 ? { ok: true, query } : { ok: false, problems };
}

/** What is worth saving of a query: what differs from its kind's defaults, with what says which query and of which version it is. */
export function saveQuery(query: Query): Record<string, unknown> {
  const { refId, version, kind, ...rest } = query;
  const defaults = defaultsOf(kind) as Readonly<Record<string, unknown>>;
  const out: Record<string, unknown> = { refId, version, kind };
  for (const [key, v] of Object.entries(rest))
    if (JSON.stringify(v) !== JSON.stringify(defaults[key])) out[key] = v;
  return out;
}

function isWarmUp(hours: unknown): hours is number {
  return typeof hours === 'number' && hours >= 0 && hours <= MOST_WARM_UP_HOURS;
}

function areTexts(list: unknown): list is string[] {
  return (
    Array.isArray(list) &&
    list.length <= MAX_LIST &&
    list.every((item) => typeof item === 'string' && item.length <= MAX_SETTING)
  );
}

function trimmed(text: string): string {
  return text.trim().toWellFormed();
}

function adHoc(given: unknown, wrong: (path: string, message: string) => void): AdHocFilter[] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.length > MAX_LIST) {
    wrong('adHoc', `A list of {key, operator, value} would be right, of ${MAX_LIST} at most.`);
    return [];
  }
  return given.flatMap((entry: unknown, i): AdHocFilter[] => {
    const path = `adHoc[${i}]`;
    const { key, operator, value, values } = (entry ?? {}) as Record<string, unknown>;
    if (typeof key !== 'string' || (typeof value !== 'string' && value !== undefined)) {
      wrong(path, 'An ad hoc filter is {key, operator, value}, all texts.');
      return [];
    }
    const known = operators.find((o) => o === operator);
    if (known === undefined) {
      wrong(path, `${shown(operator)} is none of the operators ${operators.join(' ')}.`);
      return [];
    }
    if (values !== undefined && (!Array.isArray(values) || values.some((v) => typeof v !== 'string'))) {
      wrong(path, '“values” is a list of texts.');
      return [];
    }
    const base = { key: key.toWellFormed(), operator: known, value: (value ?? '').toWellFormed() };
    return [
      values === undefined ? base : { ...base, values: (values as string[]).map((v) => v.toWellFormed()) },
    ];
  });
}

function didYouMean(given: unknown, names: readonly string[]): string {
  const near = typeof given === 'string' ? nearest(given, names) : undefined;
  return near === undefined ? '' : ` Did you mean ${near}?`;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value);
  return `“${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;
}
