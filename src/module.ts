import { DataSourcePlugin } from '@grafana/data';
import { WeirDataSource } from './datasource.ts';
import { ConfigEditor } from './editors/config/config-editor.tsx';
import { QueryEditor } from './editors/query/query-editor.tsx';
import { QueryHelp } from './editors/query/query-help.tsx';
import type { WeirOptions, WeirQuery, WeirSecrets } from './query/weir-query.ts';

export const plugin = new DataSourcePlugin<WeirDataSource, WeirQuery, WeirOptions, WeirSecrets>(
  WeirDataSource,
)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor)
  .setQueryEditorHelp(QueryHelp);
