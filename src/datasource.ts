import type {
  AdHocVariableFilter,
  CoreApp,
  DataQueryRequest,
  DataQueryResponse,
  DataSourceGetTagKeysOptions,
  DataSourceGetTagValuesOptions,
  DataSourceInstanceSettings,
  DataSourceWithQueryModificationSupport,
  DataSourceWithSupplementaryQueriesSupport,
  DataSourceWithToggleableQueryFiltersSupport,
  LegacyMetricFindQueryOptions,
  MetricFindValue,
  QueryFixAction,
  ScopedVars,
  SupplementaryQueryOptions,
  TimeRange,
  ToggleFilterAction,
} from '@grafana/data';
import { SupplementaryQueryType } from '@grafana/data';
import { DataSourceWithBackend } from '@grafana/runtime';
import type { DataSourceSettings } from '@weir/core/query';
import { type Observable, merge } from 'rxjs';
import { annotationSupport } from './annotations/annotation-support.ts';
import {
  modifyQuery,
  queryHasFilter,
  supportedModifications,
  toggleQueryFilter,
} from './explore/filter-toggles.ts';
import { sampleQuery, volumeQuery } from './explore/flow-volume.ts';
import { importedQueries } from './explore/import-queries.ts';
import { liveStream } from './live/live-stream.ts';
import { tagKeys, tagValues } from './variables/ad-hoc-tags.ts';
import { defaultsFor } from './query/app-defaults.ts';
import { completeQuery } from './query/complete-query.ts';
import { displayText } from './query/display-text.ts';
import { isRunnable } from './query/runnable.ts';
import { type WeirOptions, type WeirQuery, completeSettings } from './query/weir-query.ts';
import { Resources } from './resources/resources.ts';
import { interpolateQuery } from './variables/interpolate-query.ts';
import { templateSource } from './variables/template-source.ts';
import { completeVariableQuery } from './variables/variable-query.ts';
import { VariableSupport } from './variables/variable-support.ts';
import { variableValues } from './variables/variable-values.ts';

/** The data source as Grafana's browser half sees it. What it can do is in the modules beside it; queries are answered by the backend. */
export class WeirDataSource
  extends DataSourceWithBackend<WeirQuery, WeirOptions>
  implements
    DataSourceWithSupplementaryQueriesSupport<WeirQuery>,
    DataSourceWithToggleableQueryFiltersSupport<WeirQuery>,
    DataSourceWithQueryModificationSupport<WeirQuery>
{
  readonly settings: DataSourceSettings;
  readonly resources: Resources;

  constructor(instanceSettings: DataSourceInstanceSettings<WeirOptions>) {
    super(instanceSettings);
    this.settings = completeSettings(instanceSettings.jsonData);
    this.resources = new Resources({
      getResource: (path, params) => this.getResource(path, params),
      postResource: (path, data) => this.postResource(path, data),
    });
    this.annotations = annotationSupport;
    this.variables = new VariableSupport(this);
  }

  override getDefaultQuery(app: CoreApp): Partial<WeirQuery> {
    return defaultsFor(app);
  }

  override getQueryDisplayText(query: WeirQuery): string {
    return displayText(completeQuery(query));
  }

  override filterQuery(query: WeirQuery): boolean {
    return query.hide !== true && isRunnable(completeQuery(query));
  }

  override applyTemplateVariables(
    query: WeirQuery,
    scopedVars: ScopedVars,
    filters?: AdHocVariableFilter[],
  ): WeirQuery {
    return interpolateQuery(query, templateSource(scopedVars), filters);
  }

  override query(request: DataQueryRequest<WeirQuery>): Observable<DataQueryResponse> {
    // Explore's live button makes all lists of flows live; a query says it of itself by `live`. With no collector to follow, stored
    // flows are the answer, and the editor has a hint that says so.
    const canFollow = this.settings.collectorUrl !== '';
    const isLive = (query: WeirQuery): boolean =>
      canFollow && (query.live === true || (request.liveStreaming === true && query.kind === 'flows'));
    const followed = request.targets.filter(isLive);
    if (followed.length === 0) return super.query(request);
    const answers = followed.map((target) => {
      const query = completeQuery(this.applyTemplateVariables(target, request.scopedVars, request.filters));
      const stored =
        query.kind === 'flows'
          ? super.query({ ...request, targets: [{ ...target, live: false }] })
          : undefined;
      return liveStream(this.uid, query, request, stored);
    });
    const rest = request.targets.filter((target) => !isLive(target));
    return merge(...answers, ...(rest.length > 0 ? [super.query({ ...request, targets: rest })] : []));
  }

  // Ad hoc filters

  override getTagKeys(_options?: DataSourceGetTagKeysOptions<WeirQuery>): Promise<MetricFindValue[]> {
    return tagKeys(this.resources);
  }

  override getTagValues(options: DataSourceGetTagValuesOptions<WeirQuery>): Promise<MetricFindValue[]> {
    return tagValues(this.resources, options);
  }

  // Variables; scripts and older dashboards ask here, editors by `variables`.

  override async metricFindQuery(
    query: unknown,
    options?: LegacyMetricFindQueryOptions,
  ): Promise<MetricFindValue[]> {
    const range = options?.range as TimeRange | undefined;
    return variableValues(
      this.resources,
      completeVariableQuery(query),
      range,
      templateSource(options?.scopedVars),
      options?.searchFilter,
    );
  }

  // Explore

  toggleQueryFilter(query: WeirQuery, filter: ToggleFilterAction): WeirQuery {
    return toggleQueryFilter(query, filter);
  }

  queryHasFilter(query: WeirQuery, filter: Record<string, string>): boolean {
    return queryHasFilter(query, filter);
  }

  override modifyQuery(query: WeirQuery, action: QueryFixAction): WeirQuery {
    return modifyQuery(query, action);
  }

  getSupportedQueryModifications(): string[] {
    return [...supportedModifications];
  }

  getSupportedSupplementaryQueryTypes(): SupplementaryQueryType[] {
    return [SupplementaryQueryType.LogsVolume, SupplementaryQueryType.LogsSample];
  }

  getSupplementaryQuery(options: SupplementaryQueryOptions, query: WeirQuery): WeirQuery | undefined {
    if (options.type === SupplementaryQueryType.LogsVolume) return volumeQuery(query);
    return sampleQuery(query, ('limit' in options ? options.limit : undefined) ?? 100);
  }

  getSupplementaryRequest(
    type: SupplementaryQueryType,
    request: DataQueryRequest<WeirQuery>,
    options?: SupplementaryQueryOptions,
  ): DataQueryRequest<WeirQuery> | undefined {
    const targets = request.targets
      .map((query) => this.getSupplementaryQuery(options ?? ({ type } as SupplementaryQueryOptions), query))
      .filter((query) => query !== undefined);
    return targets.length === 0 ? undefined : { ...request, targets, liveStreaming: false };
  }

  override importQueries(queries: Parameters<typeof importedQueries>[0]): Promise<WeirQuery[]> {
    return Promise.resolve(importedQueries(queries));
  }
}
