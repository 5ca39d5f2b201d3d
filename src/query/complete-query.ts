import {
  type Query,
  type QueryKind,
  defaultsOf,
  normalizeQuery,
  queryKinds,
  saveQuery,
} from '@weir/core/query';
import type { WeirQuery } from './weir-query.ts';

/**
 * A saved query, complete. The backend refuses what makes no sense and says so; here, what is being edited or has variables in it is
 * shown as it is.
 */
export function completeQuery(saved: WeirQuery): Query {
  const normal = normalizeQuery(saved);
  if (normal.ok) return withWritten(normal.query, saved);
  const kind = queryKinds.find((k) => k === saved.kind) ?? 'timeseries';
  return { ...defaultsOf(kind), ...known(saved, kind), kind, refId: saved.refId };
}

/** What normalizing fills in where a list is empty is no choice of the user's: an editor shows an empty list as one. */
function withWritten(query: Query, saved: WeirQuery): Query {
  return saved.dimensions?.length === 0 ? { ...query, dimensions: [] } : query;
}

function known(saved: WeirQuery, kind: QueryKind): Partial<Query> {
  const defaults = defaultsOf(kind) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(saved).filter(([key, value]) => {
      const usual = defaults[key];
      // Texts stand for numbers and words where variables do.
      return key in defaults && value !== null && Array.isArray(usual) === Array.isArray(value);
    }),
  );
}

/** The query with changes, as it is saved: without what is by default of its kind, with what Grafana added. */
export function changed(saved: WeirQuery, changes: Partial<Query>): WeirQuery {
  const before = completeQuery(saved);
  const kind = changes.kind ?? before.kind;
  // A limit or fields that were only the old kind's defaults are not carried into the new one.
  const kept = kind === before.kind ? before : { ...before, ...carried(before, kind) };
  const { adHoc: _, ...rest } = saveQuery({ ...kept, ...changes });
  const grafana = Object.fromEntries(
    grafanaKeys.flatMap((key) => (saved[key] === undefined ? [] : [[key, saved[key]]])),
  );
  // An emptied list is said, as not saying it means the default.
  const { dimensions } = { ...kept, ...changes };
  const emptied = dimensions.length === 0 && defaultsOf(kind).dimensions.length > 0 ? { dimensions } : {};
  return { ...grafana, ...rest, ...emptied, refId: saved.refId } as WeirQuery;
}

const grafanaKeys = ['datasource', 'hide', 'key', 'queryType'] as const;

function carried(before: Query, kind: QueryKind): Partial<Query> {
  const was = defaultsOf(before.kind);
  const is = defaultsOf(kind);
  const needed = kind === 'conversations' ? 2 : kind === 'top' ? 1 : 0;
  return {
    ...(before.limit === was.limit ? { limit: is.limit } : {}),
    ...(before.dimensions.length < needed || same(before.dimensions, was.dimensions)
      ? { dimensions: is.dimensions }
      : {}),
    ...(kind === 'timeseries' || kind === 'flows' || kind === 'top' ? {} : { live: false }),
  };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
