/** Whose fault an error is, for Grafana's own service levels: ours, or that of a system behind us. */
export type ErrorSource = 'plugin' | 'downstream';

export interface PluginErrorOptions {
  /** HTTP-like status shown by Grafana; 500 when absent. */
  readonly status?: number;
  /** Absent: told from the status by {@link errorSourceOfStatus}. */
  readonly source?: ErrorSource;
  readonly cause?: unknown;
}

/** An error whose message is meant for the person at the panel. Anything else that is thrown is shown as an internal error and logged. */
export class PluginError extends Error {
  readonly status: number;
  readonly source: ErrorSource;

  constructor(message: string, options: PluginErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PluginError';
    this.status = options.status ?? 500;
    this.source = options.source ?? errorSourceOfStatus(this.status);
  }
}

/** Statuses that a well-made request cannot get: the plugin asked wrongly. Source: Grafana's plugin SDK, `SourceFromHTTPStatus`. */
const OUR_FAULT = new Set([405, 406, 412, 413, 414, 416, 417, 426, 431, 501]);

/** The error source that Grafana itself gives to an HTTP status of a system behind the plugin. */
export const errorSourceOfStatus = (status: number): ErrorSource =>
  OUR_FAULT.has(status) ? 'plugin' : 'downstream';

/** Why the signal of a call was aborted: its `reason`. */
export class CallAborted extends PluginError {
  readonly why: 'deadline' | 'cancelled' | 'shutdown';

  constructor(why: 'deadline' | 'cancelled' | 'shutdown') {
    super(ABORTED[why].message, { status: ABORTED[why].status, source: 'downstream' });
    this.name = 'CallAborted';
    this.why = why;
  }
}

const ABORTED = {
  deadline: { message: 'The deadline of the query passed before it was answered.', status: 504 },
  cancelled: { message: 'The query was cancelled.', status: 499 },
  shutdown: { message: 'The plugin is stopping.', status: 503 },
} as const;
