import {
  EventBusSrv,
  LoadingState,
  applyFieldOverrides,
  getPanelOptionsWithDefaults,
  toDataFrame,
} from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { Alert, useTheme2 } from '@grafana/ui';
import * as React from 'react';
import { loadPlugin } from '../plugin-loader.ts';
import { requestFor } from '../requests.ts';
import { state } from '../state.ts';

/** A panel on a dashboard: its plugin, a query, a size that can be changed. */
export function PanelScreen({ source, screen }) {
  const theme = useTheme2();
  const [plugin, setPlugin] = React.useState();
  const [answer, setAnswer] = React.useState();
  const [size, setSize] = React.useState({ width: screen.width, height: screen.height });
  React.useEffect(() => {
    void loadPlugin(screen.plugin).then((loaded) => setPlugin(loaded.plugin));
    const request = requestFor([{ refId: 'A', ...screen.query }], { app: 'dashboard' });
    const subscription = source.query(request).subscribe((response) => {
      state.frames = response.data.map(toDataFrame);
      state.errors = (response.errors ?? []).map(({ message }) => message);
      state.answers++;
      setAnswer({ request, series: state.frames, errors: response.errors });
    });
    return () => subscription.unsubscribe();
  }, [source, screen]);
  const set = React.useMemo(
    () =>
      plugin &&
      getPanelOptionsWithDefaults({
        plugin,
        currentOptions: screen.options ?? {},
        currentFieldConfig: { defaults: {}, overrides: [] },
        isAfterPluginChange: false,
      }),
    [plugin, screen],
  );
  const data = React.useMemo(
    () =>
      answer &&
      set && {
        state: LoadingState.Done,
        request: answer.request,
        timeRange: answer.request.range,
        series: applyFieldOverrides({
          data: answer.series,
          fieldConfig: set.fieldConfig,
          fieldConfigRegistry: plugin.fieldConfigRegistry,
          replaceVariables: (text, scoped, format) => getTemplateSrv().replace(text, scoped, format),
          theme,
          timeZone: 'utc',
        }),
      },
    [answer, set, plugin, theme],
  );
  const events = React.useMemo(() => new EventBusSrv(), []);
  const Panel = plugin?.panel;
  return (
    <>
      <button type="button" onClick={() => setSize({ width: size.width / 2, height: size.height })}>
        Half as wide
      </button>
      {(answer?.errors ?? []).map(({ message }) => (
        <Alert key={message} severity="error" title={message} />
      ))}
      <section data-testid="host-panel" style={{ ...size, border: `1px solid ${theme.colors.border.weak}`, position: 'relative' }}>
        {Panel && data && (
          <Panel
            id={1}
            title="Panel"
            transparent={false}
            data={data}
            timeRange={data.timeRange}
            timeZone="utc"
            options={set.options}
            fieldConfig={set.fieldConfig}
            width={size.width - 2}
            height={size.height - 2}
            renderCounter={1}
            replaceVariables={(text, scoped, format) => getTemplateSrv().replace(text, scoped, format)}
            eventBus={events}
            onOptionsChange={() => undefined}
            onFieldConfigChange={() => undefined}
            onChangeTimeRange={() => undefined}
          />
        )}
      </section>
    </>
  );
}
