import * as React from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2, QueryEditorProps } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { Alert, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import type { Query, QueryKind, QueryRange, StatusAnswer } from '@weir/core/query';
import type { WeirDataSource } from '../../datasource.ts';
import { isAlerting } from '../../query/app-defaults.ts';
import { changed, completeQuery } from '../../query/complete-query.ts';
import { offeredKinds, partsFor, whyNotAlertable } from '../../query/kinds.ts';
import { complaintsAbout } from '../../query/runnable.ts';
import type { WeirOptions, WeirQuery } from '../../query/weir-query.ts';
import { FilterInput } from '../filter/filter-input.tsx';
import { EditorField, EditorRow } from '../parts/editor-layout.tsx';
import { ErrorBoundary } from '../parts/error-boundary.tsx';
import { HintList } from './hint-list.tsx';
import { hintsFor } from './hints.ts';
import { KindFields } from './kind-fields.tsx';
import { OptionFields } from './option-fields.tsx';
import { ReplayFields } from './replay-fields.tsx';
import { SqlEditor } from './sql-editor.tsx';
import { SqlPreview } from './sql-preview.tsx';

type Props = QueryEditorProps<WeirDataSource, WeirQuery, WeirOptions>;

/** The query editor of all places: dashboards, Explore, alert rules, annotations. */
export function QueryEditor(props: Props): React.JSX.Element {
  return (
    <ErrorBoundary what="query editor">
      <Editor {...props} />
    </ErrorBoundary>
  );
}

function Editor({
  datasource,
  query: saved,
  onChange,
  onRunQuery,
  app,
  range,
  data,
}: Props): React.JSX.Element {
  const style = useStyles2(styles);
  const id = `weir-${React.useId().replaceAll(':', '')}`;
  const query = completeQuery(saved);
  const alerting = isAlerting(app);
  const parts = partsFor(query.kind, alerting);
  const { settings, resources } = datasource;
  const complaints = complaintsAbout(query, { series: settings.maxSeries, rows: settings.maxRows });
  const known = useBackendFacts(datasource);
  const times = rangeOf(range, data?.request?.intervalMs, data?.request?.maxDataPoints);
  const variables = React.useMemo(
    () =>
      getTemplateSrv()
        .getVariables()
        .filter(({ type }) => type !== 'adhoc' && type !== 'datasource')
        .map(({ name }) => name),
    [],
  );

  const change = (changes: Partial<Query>, run = true): void => {
    onChange(changed(saved, changes));
    if (run) onRunQuery();
  };
  const notAlertable = alerting ? whyNotAlertable(query.kind) : undefined;
  const hints = hintsFor(query, times, known.status, Date.now());

  return (
    <div className={style.editor} data-testid="weir-query-editor">
      <EditorRow>
        <EditorField id={`${id}-kind`} label="Ask for" group>
          <div className={style.kinds}>
            <RadioButtonGroup<QueryKind>
              id={`${id}-kind`}
              options={offeredKinds(alerting, settings.allowSql, query.kind).map(({ kind, label, doc }) => ({
                value: kind,
                label,
                description: doc,
              }))}
              value={query.kind}
              onChange={(kind) => change({ kind })}
            />
          </div>
        </EditorField>
      </EditorRow>
      {notAlertable !== undefined && <Alert severity="warning" title={notAlertable} />}
      {parts.has('sql') ? (
        <SqlEditor
          id={id}
          query={query}
          onChange={change}
          columns={known.columns}
          variables={variables}
          complaints={complaints}
        />
      ) : (
        <>
          <KindFields
            id={id}
            query={query}
            parts={parts}
            complaints={complaints}
            variables={variables}
            onChange={change}
          />
          {parts.has('replay') && (
            <ReplayFields
              id={id}
              query={query}
              onChange={change}
              detectors={() => resources.detectors()}
              collector={settings.collectorUrl !== ''}
            />
          )}
          {parts.has('filter') && (
            <EditorRow>
              <EditorField
                id={`${id}-filter`}
                label="Filter"
                grow
                tooltip="Which flows: source in 10.0.0.0/8 and port = 443 and not exporter = edge-1. Ctrl+Space offers what can stand at the cursor."
              >
                <FilterInput
                  id={`${id}-filter`}
                  value={query.filter}
                  onChange={(filter) => change({ filter })}
                  onSubmit={onRunQuery}
                  values={(field, typed) => resources.values({ field, prefix: typed, ...times, limit: 50 })}
                  variables={variables}
                  placeholder={filterPlaceholder(query.kind)}
                />
              </EditorField>
            </EditorRow>
          )}
          <OptionFields
            id={id}
            query={query}
            parts={parts}
            complaints={complaints}
            alerting={alerting}
            variables={variables}
            onChange={change}
          />
        </>
      )}
      <HintList hints={hints} onFix={(changes) => change(changes)} />
      <SqlPreview dataSource={datasource} query={saved} range={times} />
    </div>
  );
}

function filterPlaceholder(kind: QueryKind): string {
  if (kind === 'exporters') return 'All exporters. For instance: exporter = edge-1';
  if (kind === 'anomalies') return 'All anomalies. For instance: host in 10.0.0.0/8';
  return 'All flows. For instance: source in 10.0.0.0/8 and port = 443';
}

/** What the backend knows, for hints and completion; without it the editor works as well. */
function useBackendFacts({ resources }: WeirDataSource): {
  readonly status: StatusAnswer | undefined;
  readonly columns: readonly string[];
} {
  const [status, setStatus] = React.useState<StatusAnswer>();
  const [columns, setColumns] = React.useState<readonly string[]>([]);
  React.useEffect(() => {
    let wanted = true;
    resources.status().then(
      (answer) => wanted && setStatus(answer),
      () => undefined,
    );
    resources.fields().then(
      (answer) => wanted && setColumns(answer.columns),
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [resources]);
  return { status, columns };
}

function rangeOf(range: Props['range'], intervalMs = 60_000, maxDataPoints = 1000): QueryRange {
  const toMs = range?.to.valueOf() ?? Date.now();
  return { fromMs: range?.from.valueOf() ?? toMs - 3_600_000, toMs, intervalMs, maxDataPoints };
}

function styles(theme: GrafanaTheme2) {
  return {
    editor: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(0.5) }),
    // Narrow editors have them in two lines.
    kinds: css({ '& > *': { flexWrap: 'wrap', height: 'auto', maxWidth: '100%' } }),
  };
}
