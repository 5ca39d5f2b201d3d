import {
  type DataFrame,
  type DataQueryRequest,
  type DataQueryResponse,
  FieldType,
  type LiveChannelAddress,
  LiveChannelScope,
  LoadingState,
  StreamingFrameAction,
} from '@grafana/data';
import { getGrafanaLiveSrv } from '@grafana/runtime';
import type { Query } from '@weir/core/query';
import { metricByName } from '@weir/core/query';
import { type Observable, combineLatest, map, of, skip, startWith } from 'rxjs';
import type { WeirQuery } from '../query/weir-query.ts';
import { type LiveRequest, livePath } from './live-channel.ts';
import { livePlan } from './live-request.ts';
import { type LiveColumn, logLines } from './log-lines.ts';
import { newestRows, rateSeries } from './rate-series.ts';

/** Flows that a live tail keeps on the screen. */
const KEPT_FLOWS = 1000;

/**
 * The answer to a query that follows what comes: stored records first (`stored`, of flows), then with each message all that has come
 * since, the newest first.
 */
export function liveStream(
  uid: string,
  query: Query,
  request: DataQueryRequest<WeirQuery>,
  stored: Observable<DataQueryResponse> | undefined,
): Observable<DataQueryResponse> {
  const plan = livePlan(query);
  const key = `weir-live-${query.refId}`;
  if (plan.kind === 'none')
    return of({ data: [], key, state: LoadingState.Error, error: { message: plan.why, refId: query.refId } });
  const span = request.range.to.valueOf() - request.range.from.valueOf();
  const live = getGrafanaLiveSrv().getDataStream({
    addr: liveAddress(uid, plan.kind, plan.request),
    key,
    buffer:
      plan.kind === 'flows'
        ? { maxLength: KEPT_FLOWS, action: StreamingFrameAction.Append }
        : {
            maxLength: 3600 * Math.min(plan.request.limit, 20),
            maxDelta: span,
            action: StreamingFrameAction.Append,
          },
  });
  const shown = live.pipe(
    map((response) => ({
      ...response,
      data: (response.data as DataFrame[]).flatMap((frame) => framesFor(frame, query)),
    })),
  );
  if (stored === undefined) return shown;
  const none: DataQueryResponse = { data: [] };
  return combineLatest([stored.pipe(startWith(none)), shown.pipe(startWith(none))]).pipe(
    skip(1), // what both begin with is no answer: it would empty a panel at each refresh
    map(([before, now]) => ({
      data: [...(now.data as DataFrame[]), ...(before.data as DataFrame[])],
      key,
      state: (before.error ?? now.error) === undefined ? LoadingState.Streaming : LoadingState.Error,
      ...((before.errors ?? now.errors) === undefined ? {} : { errors: (before.errors ?? now.errors)! }),
      ...((before.error ?? now.error) === undefined ? {} : { error: (before.error ?? now.error)! }),
    })),
  );
}

/** Grafana up to 11 calls it `namespace`, later ones `stream`. */
function liveAddress(uid: string, kind: 'flows' | 'rates', data: LiveRequest): LiveChannelAddress {
  const both = {
    scope: LiveChannelScope.DataSource,
    namespace: uid,
    stream: uid,
    path: livePath(kind, data),
    data,
  };
  return both;
}

function framesFor(frame: DataFrame, query: Query): DataFrame[] {
  const columns: LiveColumn[] = frame.fields.map(({ name, type, values }) => ({ name, type, values }));
  if (query.kind === 'flows') return [logFrame(frame, columns, query)];
  if (query.kind === 'top') {
    const rows = newestRows(columns);
    const fields = frame.fields.map((field) => ({
      ...field,
      values: rows.map((row) => field.values[row] as unknown),
    }));
    return [{ ...frame, refId: query.refId, fields, length: rows.length }];
  }
  const unit = metricByName(query.metric)?.unit ?? 'short';
  return rateSeries(columns, query.metric).map(({ labels, times, values }) => ({
    refId: query.refId,
    ...(frame.meta === undefined ? {} : { meta: frame.meta }),
    length: times.length,
    fields: [
      { name: 'time', type: FieldType.time, config: {}, values: times },
      {
        name: query.metric,
        type: FieldType.number,
        labels: { ...labels },
        config: {
          unit,
          displayNameFromDS: Object.values(labels).join(', ') || (metricByName(query.metric)?.label ?? ''),
        },
        values,
      },
    ],
  }));
}

function logFrame(frame: DataFrame, columns: readonly LiveColumn[], query: Query): DataFrame {
  const { times, bodies, severities, ids, labels } = logLines(columns);
  const config = { custom: { hidden: true } };
  return {
    name: 'live',
    refId: query.refId,
    length: times.length,
    meta: {
      ...frame.meta,
      type: 'log-lines' as NonNullable<DataFrame['meta']>['type'] & string,
      typeVersion: [0, 0],
      preferredVisualisationType: 'logs',
    },
    fields: [
      { name: 'timestamp', type: FieldType.time, config: {}, values: times },
      { name: 'body', type: FieldType.string, config, values: bodies },
      ...(severities.length === 0
        ? []
        : [{ name: 'severity', type: FieldType.string, config, values: severities }]),
      { name: 'id', type: FieldType.string, config, values: ids },
      { name: 'labels', type: FieldType.other, config, values: labels },
      ...frame.fields.filter((field) => field.type !== FieldType.time),
    ],
  };
}
