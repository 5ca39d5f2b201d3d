import { Button } from '@grafana/ui';
import * as React from 'react';
import { lastValueFrom } from 'rxjs';
import { requestFor } from '../requests.ts';
import { state } from '../state.ts';

/** Grafana's page of a query variable: the plugin's editor and a preview of values. */
export function VariableScreen({ source, query: first }) {
  const [query, setQuery] = React.useState({ ...source.variables.getDefaultQuery?.(), ...first });
  const [values, setValues] = React.useState([]);
  state.query = query;
  const Editor = source.variables.editor;
  return (
    <>
      <Editor datasource={source} query={query} onChange={setQuery} onRunQuery={() => undefined} range={requestFor([]).range} />
      <Button
        onClick={() => void lastValueFrom(source.variables.query(requestFor([query]))).then(({ data }) => setValues(data))}
      >
        Preview
      </Button>
      <ul data-testid="host-values">
        {values.map(({ text, value }) => (
          <li key={value ?? text}>{text}</li>
        ))}
      </ul>
    </>
  );
}
