/** What a stream follows, as the backend's streams read it: a subscription's data. */
export type LiveRequest = FlowsRequest | RatesRequest;

export interface FlowsRequest {
  /** In the filter language, variables replaced and ad hoc filters with it. */
  readonly filter: string;
  /** Names of columns; empty for the usual ones. */
  readonly columns: readonly string[];
  /** Flows a message at most. */
  readonly limit: number;
}

export interface RatesRequest {
  readonly filter: string;
  /** Names of fields to sum by. */
  readonly by: readonly string[];
  readonly limit: number;
  /** Milliseconds between two messages. */
  readonly every: number;
}

/**
 * `flows/<hash>` or `rates/<hash>`: the channel's path under `ds/<uid>/`. Grafana runs one stream for a path, as its first subscriber
 * asked: the same request has the same path, and another request another one.
 */
export function livePath(kind: 'flows' | 'rates', request: LiveRequest): string {
  return `${kind}/${hashOf(canonical(request))}`;
}

/** The same text for the same request, whatever order its keys were set in. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** 64 bits of FNV-1a over UTF-16 units, in hexadecimal: to tell requests apart, not to keep secrets. */
function hashOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    hash ^= BigInt(text.charCodeAt(i));
    hash = (hash * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, '0');
}
