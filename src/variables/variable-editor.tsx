import * as React from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2, QueryEditorProps } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { useStyles2 } from '@grafana/ui';
import type { WeirDataSource } from '../datasource.ts';
import { FilterInput } from '../editors/filter/filter-input.tsx';
import { fieldChoices } from '../editors/parts/choices.ts';
import { CompatCombobox } from '../editors/parts/compat-combobox.tsx';
import { EditorField, EditorRow } from '../editors/parts/editor-layout.tsx';
import { ErrorBoundary } from '../editors/parts/error-boundary.tsx';
import { NumberInput } from '../editors/parts/number-input.tsx';
import type { WeirOptions, WeirQuery } from '../query/weir-query.ts';
import { type VariableQuery, completeVariableQuery, variableQueryText } from './variable-query.ts';

type Props = QueryEditorProps<WeirDataSource, WeirQuery, WeirOptions, VariableQuery>;

/** What fills a variable: a field, and which flows it is looked for in. */
export function VariableEditor(props: Props): React.JSX.Element {
  return (
    <ErrorBoundary what="variable editor">
      <Editor {...props} />
    </ErrorBoundary>
  );
}

function Editor({ datasource, query: saved, onChange, range }: Props): React.JSX.Element {
  const style = useStyles2(styles);
  const id = `weir-${React.useId().replaceAll(':', '')}`;
  const query = completeVariableQuery(saved);
  const change = (changes: Partial<VariableQuery>): void => {
    const next = { ...query, ...changes };
    // Grafana 11 takes a second argument: the definition that its list of variables shows.
    (onChange as (value: VariableQuery, definition: string) => void)(next, variableQueryText(next));
  };
  const toMs = range?.to.valueOf() ?? Date.now();
  const fromMs = range?.from.valueOf() ?? toMs - 3_600_000;
  return (
    <div className={style.editor} data-testid="weir-variable-editor">
      <EditorRow>
        <EditorField
          id={`${id}-field`}
          label="Values of"
          tooltip="The field whose values can be chosen, the most frequent first."
        >
          <CompatCombobox
            id={`${id}-field`}
            label="Values of"
            choices={fieldChoices}
            value={query.field}
            onChange={(field) => change({ field })}
            width={28}
            testId="weir-variable-field"
          />
        </EditorField>
        <EditorField id={`${id}-limit`} label="At most">
          <NumberInput
            id={`${id}-limit`}
            value={query.limit}
            min={1}
            max={1000}
            width={12}
            onChange={(limit) => change({ limit })}
          />
        </EditorField>
        <EditorField
          id={`${id}-filter`}
          label="In flows that match"
          grow
          tooltip="Name another variable to make a cascade: exporter = $exporter."
        >
          <FilterInput
            id={`${id}-filter`}
            value={query.filter}
            onChange={(filter) => change({ filter })}
            values={(field, typed) =>
              datasource.resources.values({ field, prefix: typed, fromMs, toMs, limit: 50 })
            }
            variables={getTemplateSrv()
              .getVariables()
              .map(({ name }) => name)}
            placeholder="All flows. For instance: exporter = $exporter"
          />
        </EditorField>
      </EditorRow>
    </div>
  );
}

function styles(theme: GrafanaTheme2) {
  return { editor: css({ marginBottom: theme.spacing(2) }) };
}
