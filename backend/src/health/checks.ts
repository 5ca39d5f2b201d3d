import { ClickHouseError, type FailureReason } from '../clickhouse/errors.ts';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'error';
  /** For people: what was found, and what would be right. */
  readonly text: string;
}

export const ok = (name: string, text: string): Check => ({ name, status: 'ok', text });
export const warning = (name: string, text: string): Check => ({ name, status: 'warning', text });
export const failed = (name: string, text: string): Check => ({ name, status: 'error', text });

/** What would help, by what is wrong. */
const ADVICE: Readonly<Partial<Record<FailureReason, string>>> = {
  dns: 'Check the host in the URL, and that Grafana’s own machine or container can resolve it.',
  refused:
    'Check host and port (8123, or 8443 with TLS), and that ClickHouse listens on more than its own loopback.',
  unreachable: 'Check the network between Grafana and ClickHouse.',
  timeout: 'Check host, port and firewalls between Grafana and ClickHouse.',
  tls: 'Check that the URL’s http or https is what the port speaks, the certificate authority and the server name.',
  password: 'Check user and password in the data source’s settings.',
  database: 'Check the database’s name; the collector makes it when it first starts.',
  denied: 'Grant the user SELECT on the database.',
  server: 'Check that the URL is ClickHouse’s HTTP interface.',
};

/** A failure with advice. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const advice = error instanceof ClickHouseError ? ADVICE[error.reason] : undefined;
  return advice === undefined ? error.message : `${error.message} ${advice}`;
}
