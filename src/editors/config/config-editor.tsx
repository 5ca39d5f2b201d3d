import * as React from 'react';
import { css } from '@emotion/css';
import type { DataSourcePluginOptionsEditorProps, GrafanaTheme2 } from '@grafana/data';
import { Alert, Collapse, Field, Input, SecretInput, SecretTextArea, Switch, useStyles2 } from '@grafana/ui';
import type { DataSourceSettings } from '@weir/core/query';
import { type WeirOptions, type WeirSecrets, completeSettings } from '../../query/weir-query.ts';
import { ErrorBoundary } from '../parts/error-boundary.tsx';
import { NumberInput } from '../parts/number-input.tsx';
import { problemsOf } from './validation.ts';

type Props = DataSourcePluginOptionsEditorProps<WeirOptions, WeirSecrets>;

export function ConfigEditor(props: Props): React.JSX.Element {
  return (
    <ErrorBoundary what="settings editor">
      <Editor {...props} />
    </ErrorBoundary>
  );
}

const WIDTH = 50;

function Editor({ options, onOptionsChange }: Props): React.JSX.Element {
  const style = useStyles2(styles);
  const settings = completeSettings(options.jsonData);
  const problems = problemsOf(settings);
  const [showTls, setShowTls] = React.useState(
    settings.url.startsWith('https:') || settings.collectorUrl.startsWith('https:'),
  );
  const [showLimits, setShowLimits] = React.useState(false);
  const [showReadonly, setShowReadonly] = React.useState(false);

  const set = (changes: Partial<DataSourceSettings>): void =>
    onOptionsChange({ ...options, jsonData: { ...options.jsonData, ...changes } });
  const isSet = (key: keyof WeirSecrets): boolean => options.secureJsonFields?.[key] === true;
  const setSecret = (key: keyof WeirSecrets, value: string): void =>
    onOptionsChange({
      ...options,
      secureJsonData: { ...options.secureJsonData, [key]: value } as WeirSecrets,
    });
  const reset = (key: keyof WeirSecrets): void =>
    onOptionsChange({
      ...options,
      secureJsonFields: { ...options.secureJsonFields, [key]: false },
      secureJsonData: { ...options.secureJsonData, [key]: '' } as WeirSecrets,
    });
  const secretText = (key: keyof WeirSecrets): string => options.secureJsonData?.[key] ?? '';
  const invalid = (key: keyof DataSourceSettings): { invalid: boolean; error?: string } =>
    problems[key] === undefined ? { invalid: false } : { invalid: true, error: problems[key] };

  const text = (
    key: 'url' | 'database' | 'user' | 'tenant' | 'collectorUrl' | 'tlsServerName',
    label: string,
    description: string,
    placeholder: string,
  ): React.JSX.Element => (
    <Field label={label} description={description} {...invalid(key)} disabled={options.readOnly ?? false}>
      <Input
        id={`weir-config-${key}`}
        data-testid={`weir-config-${key}`}
        width={WIDTH}
        value={settings[key]}
        placeholder={placeholder}
        spellCheck={false}
        onChange={(event) => set({ [key]: event.currentTarget.value })}
      />
    </Field>
  );
  const secret = (
    key: 'password' | 'collectorToken',
    label: string,
    description: string,
  ): React.JSX.Element => (
    <Field label={label} description={description} disabled={options.readOnly ?? false}>
      <SecretInput
        id={`weir-config-${key}`}
        data-testid={`weir-config-${key}`}
        width={WIDTH}
        isConfigured={isSet(key)}
        value={secretText(key)}
        autoComplete="new-password"
        onReset={() => reset(key)}
        onChange={(event) => setSecret(key, event.currentTarget.value)}
      />
    </Field>
  );
  const certificate = (
    key: 'tlsCaCert' | 'tlsClientCert' | 'tlsClientKey',
    label: string,
    description: string,
    begins: string,
  ): React.JSX.Element => {
    const wrong = secretText(key) !== '' && !secretText(key).includes('-----BEGIN ');
    return (
      <Field
        label={label}
        description={description}
        invalid={wrong}
        error={wrong ? `This is not PEM: it begins with ${begins}.` : undefined}
        disabled={options.readOnly ?? false}
      >
        <SecretTextArea
          id={`weir-config-${key}`}
          data-testid={`weir-config-${key}`}
          cols={60}
          rows={5}
          placeholder={begins}
          isConfigured={isSet(key)}
          onReset={() => reset(key)}
          onChange={(event) => setSecret(key, event.currentTarget.value)}
        />
      </Field>
    );
  };
  const number = (
    key: 'timeoutSeconds' | 'maxRows' | 'maxSeries' | 'maxRangeDays' | 'concurrency',
    label: string,
    description: string,
    suffix?: string,
  ): React.JSX.Element => (
    <Field label={label} description={description} {...invalid(key)} disabled={options.readOnly ?? false}>
      <NumberInput
        id={`weir-config-${key}`}
        value={settings[key]}
        width={20}
        invalid={problems[key] !== undefined}
        onChange={(value) => set({ [key]: value })}
        {...(suffix === undefined ? {} : { suffix })}
      />
    </Field>
  );
  const toggle = (
    key: 'tlsSkipVerify' | 'allowSql',
    label: string,
    description: string,
  ): React.JSX.Element => (
    <Field label={label} description={description} disabled={options.readOnly ?? false}>
      <Switch
        id={`weir-config-${key}`}
        data-testid={`weir-config-${key}`}
        value={settings[key]}
        onChange={(event) => set({ [key]: event.currentTarget.checked })}
      />
    </Field>
  );

  return (
    <div className={style.editor} data-testid="weir-config-editor">
      <h3>ClickHouse</h3>
      <p className={style.text}>
        Where the collector stores flows. With no ClickHouse of its own, the collector serves the same
        interface at its port 8123.
      </p>
      {text(
        'url',
        'URL',
        'Of ClickHouse’s HTTP interface, as Grafana’s server sees it.',
        'http://clickhouse:8123',
      )}
      {text('database', 'Database', 'As the collector is configured.', 'weir')}
      {text('user', 'User', 'One that may only read is enough, and best.', 'default')}
      {secret('password', 'Password', 'Kept encrypted by Grafana.')}
      <Collapse
        label="A user that may only read"
        isOpen={showReadonly}
        onToggle={() => setShowReadonly(!showReadonly)}
      >
        <p className={style.text}>
          Give Grafana a user of its own. With <code>readonly = 2</code> it may set limits for its queries, so
          that a panel that is closed ends its query; with <code>readonly = 1</code> it may not, which works
          as well: then set the limits in the user’s profile.
        </p>
        <pre className={style.code}>{readonlyUser(settings.database)}</pre>
      </Collapse>
      {text('tenant', 'Tenant', 'Only this tenant’s flows are seen, whatever a query says. Empty: all.', '')}

      <h3>Live tail</h3>
      <p className={style.text}>Flows as they come, from the collector. Without it, all else works.</p>
      {text(
        'collectorUrl',
        'Collector URL',
        'Of the collector’s API, as Grafana’s server sees it. Empty: no live tail.',
        'http://collector:9055',
      )}
      {secret('collectorToken', 'Collector token', 'Where the collector’s API asks for one.')}

      <Collapse label="TLS" isOpen={showTls} onToggle={() => setShowTls(!showTls)}>
        {certificate(
          'tlsCaCert',
          'CA certificate',
          'Of who has signed the server’s certificate, where no public one has.',
          '-----BEGIN CERTIFICATE-----',
        )}
        {certificate(
          'tlsClientCert',
          'Client certificate',
          'Where the server asks for one.',
          '-----BEGIN CERTIFICATE-----',
        )}
        {certificate(
          'tlsClientKey',
          'Client key',
          'Of the client certificate.',
          '-----BEGIN PRIVATE KEY-----',
        )}
        {text(
          'tlsServerName',
          'Server name',
          'The name in the server’s certificate, where it is not the URL’s.',
          'clickhouse.example.net',
        )}
        {toggle(
          'tlsSkipVerify',
          'Skip verification',
          'Any certificate is taken: for tests alone, as anybody in between can read along.',
        )}
        {settings.tlsSkipVerify && (
          <Alert severity="warning" title="The server’s certificate is not verified." />
        )}
      </Collapse>

      <Collapse label="Limits" isOpen={showLimits} onToggle={() => setShowLimits(!showLimits)}>
        {number(
          'timeoutSeconds',
          'Timeout',
          'What a query may take at most; then ClickHouse is told to end it.',
          's',
        )}
        {number('maxRows', 'Rows', 'That a table or list of flows has at most.')}
        {number(
          'maxSeries',
          'Series',
          'That a graph has at most. Alert queries with more fail, so that nothing is missed silently.',
        )}
        {number('maxRangeDays', 'Range', 'Days that a query may reach over at most; 0 for any.', 'days')}
        {number('concurrency', 'Queries at once', 'Others wait for their turn.')}
        {toggle('allowSql', 'Allow SQL', 'Free SELECT statements, with all that the user may read.')}
      </Collapse>
    </div>
  );
}

function readonlyUser(database: string): string {
  return [
    'CREATE SETTINGS PROFILE IF NOT EXISTS weir_grafana SETTINGS readonly = 2, max_execution_time = 60 MAX 600;',
    "CREATE USER IF NOT EXISTS grafana IDENTIFIED BY '…' SETTINGS PROFILE weir_grafana;",
    `GRANT SELECT ON ${database}.* TO grafana;`,
    'GRANT SELECT ON system.columns TO grafana;',
  ].join('\n');
}

function styles(theme: GrafanaTheme2) {
  return {
    editor: css({ maxWidth: 760, '& h3': { marginTop: theme.spacing(3) } }),
    text: css({ color: theme.colors.text!.secondary }),
    code: css({ whiteSpace: 'pre-wrap', fontSize: theme.typography.bodySmall.fontSize }),
  };
}
