import { standardEditorsRegistry, standardFieldConfigEditorRegistry, systemDateFormats, toDataFrame } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import * as runtime from '@grafana/runtime';
import * as runtimeUnstable from '@grafana/runtime/unstable';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { lastValueFrom } from 'rxjs';
import type { HostApi, Screen } from './host-api.ts';
import { loadPlugin, startLoader } from './plugin-loader.ts';
import { requestFor } from './requests.ts';
import { ConfigScreen } from './screens/config-screen.tsx';
import { Page } from './screens/page.tsx';
import { PanelScreen } from './screens/panel-screen.tsx';
import { QueryScreen } from './screens/query-screen.tsx';
import { VariableScreen } from './screens/variable-screen.tsx';
import { BackendService } from './services/backend-service.ts';
import { DataSourceService, instanceSettings } from './services/data-source-service.ts';
import { LiveService } from './services/live-service.ts';
import { TemplateService } from './services/template-service.ts';
import { standardEditors, standardFieldConfigs } from './standard-field-configs.ts';
import { state } from './state.ts';
import { summaries } from './summaries.ts';

/* Grafana's start, as far as a data source and panels can tell. */

const backend = new BackendService();
const templates = new TemplateService();
runtime.setBackendSrv(backend);
runtime.setTemplateSrv(templates);
runtime.setGrafanaLiveSrv(new LiveService());
runtime.setEchoSrv({ flush: () => undefined, addBackend: () => undefined, addEvent: () => undefined });
runtime.setLocationSrv(runtime.locationService);
runtime.setPluginImportUtils({ importPanelPlugin: loadPlugin, getPanelPluginFromCache: () => undefined });
// Grafana 13.2 keeps the settings of data sources in @grafana/runtime; it asks for them where no service is set yet.
await runtimeUnstable.reloadDataSourceInstanceSettings?.();
const settings = await backend.get('/api/frontend/settings');
const dataSources = new DataSourceService(settings.datasources);
runtime.setDataSourceSrv(dataSources);
standardEditorsRegistry.setInit(standardEditors);
standardFieldConfigEditorRegistry.setInit(standardFieldConfigs);
systemDateFormats.update({
  fullDate: 'YYYY-MM-DD HH:mm:ss',
  interval: { ...systemDateFormats.interval },
  useBrowserLocale: false,
});
await initPluginTranslations('weir-host', []);
startLoader();

const { plugin } = await loadPlugin('weir-flow-datasource');
const source = () => dataSources.instance(plugin, 'weir');
const root = createRoot(document.getElementById('root'));
let shown = 0;

function drawn(screen: Screen): React.ReactNode {
  switch (screen.kind) {
    case 'config':
      return <ConfigScreen plugin={plugin} settings={instanceSettings(settings.datasources, screen.uid)} backend={backend} dataSources={dataSources} />;
    case 'query':
      return <QueryScreen plugin={plugin} source={source()} screen={screen} />;
    case 'variable':
      return <VariableScreen source={source()} query={screen.query} />;
    case 'panel':
      return <PanelScreen source={source()} screen={screen} />;
  }
}

const api: HostApi = {
  ready: true,
  show(screen) {
    state.reset();
    document.body.classList.toggle('theme-dark', screen.theme === 'dark');
    root.render(
      <Page key={++shown} theme={screen.theme}>
        {drawn(screen)}
      </Page>,
    );
  },
  go: (path) => runtime.locationService.push(path),
  setVariables: (variables) => templates.set(variables),
  query: () => state.query,
  options: () => state.options,
  frames: () => summaries(state.frames),
  answers: () => state.answers,
  errors: () => state.errors,
  tagKeys: () => source().getTagKeys({ filters: [] }),
  tagValues: (options) => source().getTagValues({ filters: [], timeRange: requestFor([]).range, ...options }),
  metricFind: (query) => source().metricFindQuery(query, { range: requestFor([]).range }),
  variableValues: async (query) =>
    (await lastValueFrom(source().variables.query(requestFor([{ refId: 'variable', ...query }])))).data,
  annotations: async (annotation) => {
    const support = source().annotations;
    const query = support.prepareQuery(support.prepareAnnotation(annotation));
    const answer = await lastValueFrom(source().query(requestFor([{ ...query, refId: 'Anno' }], { app: 'dashboard' })));
    return summaries(answer.data.map(toDataFrame));
  },
  ask: async (query, { adHoc } = {}) => {
    const answer = await lastValueFrom(source().query(requestFor([{ refId: 'A', ...query }], { filters: adHoc })));
    if (answer.error || answer.errors?.length) throw new Error((answer.error ?? answer.errors[0]).message);
    return summaries(answer.data.map(toDataFrame));
  },
  supplementary: (type, query) => source().getSupplementaryQuery({ type }, query),
};
window.weirHost = api;
