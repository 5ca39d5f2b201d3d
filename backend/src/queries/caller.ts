import type { CallContext } from '@weir/plugin-sdk';

/** Who asks for what, as ClickHouse's query log is told. */
export interface Caller {
  readonly forAlert: boolean;
  /** JSON with what is known of `dashboard`, `panel`, `rule` and `user`. */
  readonly comment: string;
}

/** Read from a call's headers: values of alert rules are URL-encoded. */
export function callerOf({ headers, user }: Pick<CallContext, 'headers' | 'user'>): Caller {
  const known = {
    dashboard: headers.get('X-Dashboard-Uid'),
    panel: headers.get('X-Panel-Id'),
    rule: decoded(headers.get('X-Rule-Uid')),
    user: headers.get('X-Grafana-User') ?? user?.login,
  };
  const entries = Object.entries(known).filter(([, value]) => value !== undefined && value !== '');
  return {
    forAlert: headers.get('FromAlert')?.toLowerCase() === 'true',
    comment: JSON.stringify(Object.fromEntries(entries.map(([key, value]) => [key, value!.slice(0, 200)]))),
  };
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
