import * as React from 'react';
import {
  CodeEditor,
  type CodeEditorSuggestionItem,
  CodeEditorSuggestionItemKind,
  RadioButtonGroup,
} from '@grafana/ui';
import { type Query, type SqlFormat, sqlFormats } from '@weir/core/query';
import type { Complaint } from '../../query/runnable.ts';
import { EditorField, EditorRow } from '../parts/editor-layout.tsx';
import { type SqlOffer, sqlOffers } from './sql-completion.ts';

export interface SqlEditorProps {
  readonly id: string;
  readonly query: Query;
  readonly onChange: (changes: Partial<Query>, run: boolean) => void;
  readonly columns: readonly string[];
  readonly variables: readonly string[];
  readonly complaints: readonly Complaint[];
}

const formatTexts: Readonly<Record<SqlFormat, string>> = {
  table: 'Table',
  timeseries: 'Time series',
  logs: 'Logs',
};

/** Free SQL in Grafana's code editor, with our columns, tables and macros offered. */
export function SqlEditor({
  id,
  query,
  onChange,
  columns,
  variables,
  complaints,
}: SqlEditorProps): React.JSX.Element {
  const offers = React.useMemo(() => sqlOffers(columns, variables), [columns, variables]);
  return (
    <>
      <EditorRow>
        <EditorField
          id={`${id}-sql`}
          label="SQL"
          group
          grow
          tooltip="One SELECT, run read-only, limited in time and rows. Macros: $__timeFilter(timestamp), $__timeGroup(timestamp), $__filter, $__table and more: type $__."
          error={complaints.find(({ part }) => part === 'sql')?.text}
        >
          <div data-testid="weir-sql">
            <CodeEditor
              language="sql"
              height={180}
              showMiniMap={false}
              showLineNumbers
              value={query.sql}
              onBlur={(sql) => {
                if (sql !== query.sql) onChange({ sql }, true);
              }}
              onSave={(sql) => onChange({ sql }, true)}
              getSuggestions={() => offers.map(suggestion)}
              monacoOptions={{ wordWrap: 'on', automaticLayout: true, scrollBeyondLastLine: false }}
            />
          </div>
        </EditorField>
      </EditorRow>
      <EditorRow>
        <EditorField
          id={`${id}-format`}
          label="Format"
          group
          tooltip="What the rows are: a table, a column of time and numbers, or log lines."
        >
          <RadioButtonGroup
            options={sqlFormats.map((value) => ({ value, label: formatTexts[value] }))}
            value={query.format}
            onChange={(format) => onChange({ format }, true)}
          />
        </EditorField>
      </EditorRow>
    </>
  );
}

const kinds: Readonly<Record<SqlOffer['kind'], CodeEditorSuggestionItemKind>> = {
  column: CodeEditorSuggestionItemKind.Field,
  macro: CodeEditorSuggestionItemKind.Method,
  table: CodeEditorSuggestionItemKind.Constant,
  variable: CodeEditorSuggestionItemKind.Property,
};

function suggestion({ label, kind, insert, detail }: SqlOffer): CodeEditorSuggestionItem {
  return { label, kind: kinds[kind], insertText: insert, detail, documentation: detail };
}
