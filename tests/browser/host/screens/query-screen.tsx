import { LoadingState, toDataFrame } from '@grafana/data';
import { Alert, Button } from '@grafana/ui';
import * as React from 'react';
import { requestFor } from '../requests.ts';
import { state } from '../state.ts';
import { FrameTable } from './frame-table.tsx';

/** Grafana's query tab: the plugin's editor, the run button, and the answer as tables. */
export function QueryScreen({ plugin, source, screen }) {
  const [query, setQuery] = React.useState(() => ({
    refId: 'A',
    ...source.getDefaultQuery?.(screen.app ?? 'panel-editor'),
    ...screen.query,
  }));
  const [data, setData] = React.useState();
  const [isHelp, setHelp] = React.useState(false);
  const newest = React.useRef(query);
  const running = React.useRef();
  newest.current = query;
  state.query = query;

  const run = React.useCallback(() => {
    // After what the editor has changed is here, as in Grafana.
    setTimeout(() => {
      running.current?.unsubscribe();
      state.noAnswers();
      const request = requestFor([newest.current], { app: screen.app, range: screen.range });
      if (source.filterQuery && !source.filterQuery(newest.current)) return;
      setData((before) => ({ ...before, state: LoadingState.Loading, request, timeRange: request.range }));
      running.current = source.query(request).subscribe({
        next: (response) => {
          const series = response.data.map(toDataFrame);
          const errors = response.errors ?? (response.error ? [response.error] : []);
          state.frames = series;
          state.errors = errors.map(({ message }) => message);
          state.answers++;
          setData({ state: response.state ?? LoadingState.Done, series, errors, request, timeRange: request.range });
        },
        error: (error) => {
          state.errors = [String(error?.message ?? error)];
          setData({ state: LoadingState.Error, series: [], errors: [{ message: state.errors[0] }], request, timeRange: request.range });
        },
      });
    });
  }, [source, screen]);
  React.useEffect(() => {
    if (screen.run) run();
    return () => running.current?.unsubscribe();
  }, [run, screen.run]);

  const change = (next) => {
    newest.current = next;
    state.query = next;
    setQuery(next);
  };
  const range = React.useMemo(() => requestFor([], { range: screen.range }).range, [screen]);
  const Editor = plugin.components.QueryEditor;
  const Help = plugin.components.QueryEditorHelp;
  return (
    <>
      <Editor
        datasource={source}
        query={query}
        queries={[query]}
        onChange={change}
        onRunQuery={run}
        app={screen.app ?? 'panel-editor'}
        range={range}
        data={data}
        history={[]}
      />
      <div style={{ margin: '12px 0', display: 'flex', gap: 8 }}>
        <Button onClick={run}>Run query</Button>
        <Button variant="secondary" onClick={() => setHelp(!isHelp)}>
          Help
        </Button>
      </div>
      {isHelp && (
        <Help
          datasource={source}
          query={query}
          onClickExample={(example) => {
            change({ ...example, refId: query.refId });
            run();
          }}
        />
      )}
      {(data?.errors ?? []).map(({ message }) => (
        <div key={message} data-testid="host-error">
          <Alert severity="error" title={message} />
        </div>
      ))}
      <div data-testid="host-answer" data-state={data?.state ?? ''}>
        {(data?.series ?? []).map((frame, i) => (
          <FrameTable
            key={i}
            frame={frame}
            frames={data.series}
            onFilter={(key, value) => {
              change(source.toggleQueryFilter(newest.current, { type: 'FILTER_FOR', options: { key, value }, frame }));
              run();
            }}
          />
        ))}
      </div>
    </>
  );
}
