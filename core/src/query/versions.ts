import { QUERY_VERSION } from './model.ts';

type Saved = Readonly<Record<string, unknown>>;

/** Brings a saved query from one version to the next. */
type Step = (saved: Saved) => Saved;

/**
 * From version N to N + 1, in order. A query without a version is of version 0: written by hand or provisioned, where kinds and
 * metrics go by names that people try first.
 */
const steps: readonly Step[] = [nameAsTheModelDoes];

const kinds: Readonly<Record<string, string>> = {
  time_series: 'timeseries',
  table: 'top',
  logs: 'flows',
  records: 'flows',
  sankey: 'conversations',
  graph: 'topology',
};

const keys: Readonly<Record<string, string>> = {
  queryKind: 'kind',
  groupBy: 'dimensions',
  rawSql: 'sql',
  adhoc: 'adHoc',
  adhocFilters: 'adHoc',
};

const metricNames: Readonly<Record<string, string>> = {
  bps: 'bits_per_second',
  pps: 'packets_per_second',
  fps: 'flows_per_second',
};

function nameAsTheModelDoes(saved: Saved): Saved {
  const out: Record<string, unknown> = {};
  // Later keys win: a key of the model's own over its older name.
  for (const [key, value] of Object.entries(saved)) if (Object.hasOwn(keys, key)) out[keys[key]!] = value;
  for (const [key, value] of Object.entries(saved))
    if (!Object.hasOwn(keys, key) && value !== undefined) out[key] = value;
  if (typeof out['kind'] === 'string') out['kind'] = own(kinds, out['kind']);
  if (typeof out['metric'] === 'string') out['metric'] = own(metricNames, out['metric']);
  if (typeof out['dimensions'] === 'string')
    out['dimensions'] = out['dimensions'] === '' ? [] : out['dimensions'].split(/\s*,\s*/);
  return out;
}

function own(names: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(names, name) ? names[name]! : name;
}

/** The saved query as the present version would have saved it; a text where its version is none that is known. */
export function upToDate(saved: Saved): Saved | string {
  const version = saved['version'] ?? 0;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 0)
    return `A version is a whole number, ${QUERY_VERSION} today.`;
  if (version > QUERY_VERSION)
    return `The query is of version ${version}, this program knows ${QUERY_VERSION}: update the plugin.`;
  let out = saved;
  for (const step of steps.slice(version)) out = step(out);
  return { ...out, version: QUERY_VERSION };
}
