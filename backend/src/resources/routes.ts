import { type DetectorsAnswer, type FieldsAnswer } from '@weir/core/query';
import { type ResourceRequest, type ResourceResponse, type ResourceRoute } from '@weir/plugin-sdk';
import type { DataSource } from '../instances/data-source.ts';
import { askCollector } from '../replay/collector-http.ts';
import { answer, answered, text, wholeNumber } from './answers.ts';
import { completeWithValues } from './completion.ts';
import { fieldValues } from './field-values.ts';
import { sqlPreview } from './sql-preview.ts';
import { statusOf } from './status.ts';

const DAY_MS = 86_400_000;
const MAX_VALUES = 1000;

/** What editors and variables ask beside queries. All read only, bounded in time and number. */
export const routes: readonly ResourceRoute<DataSource>[] = [
  get('fields', async (dataSource) => {
    const { liveColumns } = await dataSource.reach.known();
    const fields: FieldsAnswer = { columns: [...(liveColumns ?? [])] };
    return answer(fields, { cached: true });
  }),
  get('values', async (dataSource, request, signal) => {
    const { fromMs, toMs } = span(request);
    const values = await fieldValues(
      dataSource,
      {
        field: text(request, 'field', 100),
        prefix: text(request, 'prefix'),
        filter: text(request, 'filter', 10_000),
        limit: wholeNumber(request, 'limit', { from: 1, to: MAX_VALUES, otherwise: 100 }),
        fromMs,
        toMs,
      },
      signal,
    );
    return answer(values, { cached: true });
  }),
  get('complete', async (dataSource, request, signal) => {
    const filter = text(request, 'text', 10_000);
    const position = wholeNumber(request, 'position', {
      from: 0,
      to: filter.length,
      otherwise: filter.length,
    });
    return answer(
      await completeWithValues(dataSource, { text: filter, position, ...span(request) }, signal),
      { cached: true },
    );
  }),
  get('status', async (dataSource, _request, signal) =>
    answer(await statusOf(dataSource, signal), { cached: false }),
  ),
  get('detectors', async (dataSource, _request, signal) => {
    if (dataSource.settings.collectorUrl === '')
      return answer({ detectors: [] } satisfies DetectorsAnswer, { cached: false });
    const known = await askCollector(dataSource, { method: 'GET', path: '/detectors', signal });
    return answer(known as DetectorsAnswer, { cached: true });
  }),
  {
    method: 'POST',
    path: 'sql',
    maxBodyBytes: 256 << 10,
    handle: (dataSource, request) =>
      answered(async () => answer(await sqlPreview(dataSource, request.json()), { cached: false })),
  },
];

function get(
  path: string,
  handle: (
    dataSource: DataSource,
    request: ResourceRequest,
    signal: AbortSignal,
  ) => Promise<ResourceResponse>,
): ResourceRoute<DataSource> {
  return {
    method: 'GET',
    path,
    handle: (dataSource, request, { signal }) => answered(() => handle(dataSource, request, signal)),
  };
}

/** `from` and `to`, in milliseconds since 1970; the last day where they are not given. */
function span(request: ResourceRequest): { readonly fromMs: number; readonly toMs: number } {
  const now = Date.now();
  const toMs = wholeNumber(request, 'to', { from: 0, to: now + DAY_MS, otherwise: now });
  const fromMs = wholeNumber(request, 'from', { from: 0, to: toMs, otherwise: toMs - DAY_MS });
  return { fromMs, toMs };
}
