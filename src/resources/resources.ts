import type {
  DetectorsAnswer,
  FieldsAnswer,
  QueryRange,
  SqlPreviewAnswer,
  StatusAnswer,
  ValuesAnswer,
} from '@weir/core/query';

/** How the data source calls its backend's resources: `DataSourceWithBackend` has both. */
export interface ResourceCaller {
  getResource(path: string, params?: Record<string, string | number>): Promise<unknown>;
  postResource(path: string, data: Record<string, unknown>): Promise<unknown>;
}

export interface ValuesQuestion {
  readonly field: string;
  /** What the value begins with (or contains, as the backend sees fit). */
  readonly prefix?: string;
  /** Only values of flows that match. */
  readonly filter?: string;
  /** Milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit?: number;
}

/** The backend's resources, typed, with answers kept for a minute: editors ask for the same again and again. */
export class Resources {
  private readonly caller: ResourceCaller;
  private readonly now: () => number;
  private readonly kept = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();

  constructor(caller: ResourceCaller, now: () => number = Date.now) {
    this.caller = caller;
    this.now = now;
  }

  async values(question: ValuesQuestion): Promise<ValuesAnswer['values']> {
    const params: Record<string, string | number> = {
      field: question.field,
      // To the minute, so that a relative range asks the same question for a while.
      from: Math.floor(question.fromMs / 60_000) * 60_000,
      to: Math.ceil(question.toMs / 60_000) * 60_000,
      limit: question.limit ?? 100,
    };
    if (question.prefix) params['prefix'] = question.prefix;
    if (question.filter) params['filter'] = question.filter;
    const answer = (await this.keep(`values ${JSON.stringify(params)}`, () =>
      this.caller.getResource('values', params),
    )) as ValuesAnswer;
    return answer.values;
  }

  async fields(): Promise<FieldsAnswer> {
    return (await this.keep('fields', () => this.caller.getResource('fields'))) as FieldsAnswer;
  }

  async status(): Promise<StatusAnswer> {
    return (await this.keep('status', () => this.caller.getResource('status'))) as StatusAnswer;
  }

  async detectors(): Promise<DetectorsAnswer['detectors']> {
    const answer = (await this.keep('detectors', () =>
      this.caller.getResource('detectors'),
    )) as DetectorsAnswer;
    return answer.detectors;
  }

  async sql(query: unknown, range: QueryRange): Promise<SqlPreviewAnswer> {
    return (await this.caller.postResource('sql', { query, range })) as SqlPreviewAnswer;
  }

  private keep(key: string, ask: () => Promise<unknown>): Promise<unknown> {
    const now = this.now();
    for (const [old, { at }] of this.kept) if (now - at > 60_000) this.kept.delete(old);
    const known = this.kept.get(key);
    if (known) return known.answer;
    const answer = ask();
    this.kept.set(key, { at: now, answer });
    answer.catch(() => this.kept.delete(key)); // a failure is not kept: the next asks again
    return answer;
  }
}

/** What a failed resource says, in words for people. */
export function resourceErrorText(error: unknown): string {
  if (typeof error === 'object' && error !== null) {
    const { data, message, statusText } = error as {
      data?: { error?: unknown; message?: unknown };
      message?: unknown;
      statusText?: unknown;
    };
    for (const text of [data?.error, data?.message, message, statusText])
      if (typeof text === 'string' && text !== '') return text;
  }
  return typeof error === 'string' && error !== '' ? error : 'The backend did not answer.';
}
