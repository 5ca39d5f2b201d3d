import type { DataSourceSettings } from '@weir/core/query';

export type SettingsProblems = Partial<Record<keyof DataSourceSettings, string>>;

/** What is wrong with settings, by key, in words that say what would be right. */
export function problemsOf(settings: DataSourceSettings): SettingsProblems {
  const problems: SettingsProblems = {};
  const url = urlProblem(settings.url, 'http://clickhouse:8123');
  if (settings.url.trim() === '')
    problems.url = 'Write the address of ClickHouse’s HTTP interface: http://clickhouse:8123.';
  else if (url !== undefined) problems.url = url;
  const collector =
    settings.collectorUrl.trim() === ''
      ? undefined
      : urlProblem(settings.collectorUrl, 'http://collector:9055');
  if (collector !== undefined) problems.collectorUrl = collector;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(settings.database))
    problems.database = 'A name of letters, digits and _ that does not begin with a digit.';
  if (!within(settings.timeoutSeconds, 1, 600)) problems.timeoutSeconds = '1 to 600 seconds.';
  if (!within(settings.maxRows, 1, 1_000_000)) problems.maxRows = '1 to 1,000,000.';
  if (!within(settings.maxSeries, 1, 10_000)) problems.maxSeries = '1 to 10,000.';
  if (!within(settings.maxRangeDays, 0, 36_500)) problems.maxRangeDays = 'A number of days; 0 for any.';
  if (!within(settings.concurrency, 1, 100)) problems.concurrency = '1 to 100.';
  return problems;
}

function urlProblem(text: string, example: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return `This is not a URL: write it as ${example}.`;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return `It begins with http:// or https://: ${example}.`;
  if (url.username !== '' || url.password !== '')
    return 'Write user and password in their own fields: what is here can be read by all editors.';
  if (url.port === '9000' || url.port === '9440')
    return 'This is the port of ClickHouse’s own protocol. Its HTTP interface is usually at 8123, or 8443 with TLS.';
  return undefined;
}

function within(value: number, low: number, high: number): boolean {
  return Number.isFinite(value) && value >= low && value <= high;
}
