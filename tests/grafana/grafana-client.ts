/** The HTTP interface of the Grafana under test, as its administrator. */
export interface GrafanaClient {
  readonly url: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<{ status: number; body: T }>;
}

/** The Grafana that the environment names; undefined where it names none. */
export function grafanaClient(): GrafanaClient | undefined {
  const url = process.env['GRAFANA_URL'];
  if (url === undefined || url === '') return undefined;
  const user = process.env['GRAFANA_USER'] ?? 'admin';
  const password = process.env['GRAFANA_PASSWORD'] ?? 'admin';
  const headers = {
    Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    'Content-Type': 'application/json',
  };
  return {
    url,
    async get<T>(path: string): Promise<T> {
      const answer = await fetch(url + path, { headers });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as T;
    },
    async post<T>(path: string, body: unknown): Promise<{ status: number; body: T }> {
      const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: answer.status, body: (await answer.json()) as T };
    },
  };
}
