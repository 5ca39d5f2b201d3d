import { Alert, Button } from '@grafana/ui';
import * as React from 'react';
import { state } from '../state.ts';

/** Grafana's page of a data source: the plugin's editor, and "Save & test", which stores and asks the backend for its health. */
export function ConfigScreen({ plugin, settings, backend, dataSources }) {
  const [options, setOptions] = React.useState({
    ...settings,
    secureJsonData: {},
    secureJsonFields: settings.secureJsonFields ?? {},
    readOnly: false,
  });
  const [said, setSaid] = React.useState();
  state.options = options;
  const save = async () => {
    setSaid(undefined);
    const stored = await backend.put(`/api/datasources/uid/${options.uid}`, options);
    setOptions({ ...options, ...stored, secureJsonData: {} });
    const source = dataSources.instance(plugin, options.uid);
    setSaid(await source.testDatasource().catch((error) => error));
  };
  const Editor = plugin.components.ConfigEditor;
  return (
    <>
      <Editor options={options} onOptionsChange={setOptions} />
      <div style={{ marginTop: 16 }}>
        <Button onClick={() => void save()}>Save &amp; test</Button>
      </div>
      {said && (
        <div data-testid="host-health">
          <Alert severity={said.status === 'success' ? 'success' : 'error'} title={said.message}>
            {said.error?.details?.verboseMessage}
          </Alert>
        </div>
      )}
    </>
  );
}
