import { Observable, lastValueFrom } from 'rxjs';

/** Grafana's BackendSrv: fetch with parameters and JSON, failures as FetchError, and a request's id that cancels the one before. */
export class BackendService {
  private readonly running = new Map<string, AbortController>();

  fetch(options) {
    return new Observable((subscriber) => {
      const abort = new AbortController();
      if (options.requestId) {
        this.running.get(options.requestId)?.abort();
        this.running.set(options.requestId, abort);
      }
      void this.call(options, abort.signal).then(
        (response) => {
          subscriber.next(response);
          subscriber.complete();
        },
        (error) => {
          if (!subscriber.closed) subscriber.error(error);
        },
      );
      return () => abort.abort();
    });
  }

  async call(options, signal) {
    const url = new URL(options.url, location.origin);
    for (const [name, value] of Object.entries(options.params ?? {})) url.searchParams.append(name, String(value));
    const response = await fetch(url, {
      method: options.method ?? 'GET',
      headers: { Accept: 'application/json', ...(options.data === undefined ? {} : { 'Content-Type': 'application/json' }), ...options.headers },
      ...(options.data === undefined ? {} : { body: JSON.stringify(options.data) }),
      signal,
    });
    const text = await response.text();
    let data;
    try {
      data = text === '' ? undefined : JSON.parse(text);
    } catch {
      data = text;
    }
    const answer = {
      data,
      status: response.status,
      statusText: response.statusText,
      ok: response.ok,
      headers: response.headers,
      redirected: false,
      type: 'basic',
      url: url.toString(),
      config: options,
    };
    if (!response.ok) throw answer;
    return answer;
  }

  async request(options) {
    return (await lastValueFrom(this.fetch(options))).data;
  }
  datasourceRequest(options) {
    return lastValueFrom(this.fetch(options));
  }
  get(url, params) {
    return this.request({ method: 'GET', url, params });
  }
  post(url, data) {
    return this.request({ method: 'POST', url, data });
  }
  put(url, data) {
    return this.request({ method: 'PUT', url, data });
  }
  resolveCancelerIfExists(id) {
    this.running.get(id)?.abort();
  }
}
