import { CustomVariableSupport, type DataQueryRequest, type DataQueryResponse } from '@grafana/data';
import { type Observable, from, map } from 'rxjs';
import type { WeirDataSource } from '../datasource.ts';
import { VariableEditor } from './variable-editor.tsx';
import { templateSource } from './template-source.ts';
import { type VariableQuery, completeVariableQuery, defaultVariableQuery } from './variable-query.ts';
import { variableValues } from './variable-values.ts';

export class VariableSupport extends CustomVariableSupport<WeirDataSource, VariableQuery> {
  readonly editor = VariableEditor;
  private readonly dataSource: WeirDataSource;

  constructor(dataSource: WeirDataSource) {
    super();
    this.dataSource = dataSource;
    // Grafana calls it apart from its object.
    this.query = this.query.bind(this);
  }

  override getDefaultQuery(): Partial<VariableQuery> {
    return defaultVariableQuery;
  }

  override query(request: DataQueryRequest<VariableQuery>): Observable<DataQueryResponse> {
    const search = (request.scopedVars['__searchFilter'] as { value?: unknown } | undefined)?.value;
    return from(
      variableValues(
        this.dataSource.resources,
        completeVariableQuery(request.targets[0]),
        request.range,
        templateSource(request.scopedVars),
        typeof search === 'string' ? search : '',
      ),
    ).pipe(map((data) => ({ data })));
  }
}
