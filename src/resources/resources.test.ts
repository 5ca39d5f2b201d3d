import { describe, expect, it } from '@jest/globals';
import { Resources, resourceErrorText } from './resources.ts';

function backend(answer: () => Promise<unknown>) {
  const calls: [string, unknown][] = [];
  let now = 0;
  const resources = new Resources(
    {
      getResource: (path, params) => {
        calls.push([path, params]);
        return answer();
      },
      postResource: (path, data) => {
        calls.push([path, data]);
        return answer();
      },
    },
    () => now,
  );
  return { calls, resources, later: (ms: number) => (now += ms) };
}

describe('the backend’s resources', () => {
  it('are asked once a minute for the same, with the range to the minute', async () => {
    const { calls, resources, later } = backend(() => Promise.resolve({ values: [] }));
    await resources.values({ field: 'exporter', fromMs: 61_000, toMs: 119_000 });
    await resources.values({ field: 'exporter', fromMs: 62_000, toMs: 118_000, prefix: '' });
    expect(calls).toEqual([['values', { field: 'exporter', from: 60_000, to: 120_000, limit: 100 }]]);
    await resources.values({
      field: 'exporter',
      fromMs: 61_000,
      toMs: 119_000,
      prefix: 'a',
      filter: 'port = 1',
    });
    later(60_001);
    await resources.values({ field: 'exporter', fromMs: 61_000, toMs: 119_000 });
    expect(calls).toHaveLength(3);
  });

  it('that fail are asked again', async () => {
    const { calls, resources } = backend(() => Promise.reject(new Error('down')));
    await expect(resources.status()).rejects.toThrow('down');
    await expect(resources.status()).rejects.toThrow('down');
    expect(calls).toHaveLength(2);
  });

  it('give SQL for a query, never from memory', async () => {
    const { calls, resources } = backend(() => Promise.resolve({ sql: 'SELECT 1' }));
    const range = { fromMs: 0, toMs: 1, intervalMs: 1, maxDataPoints: 1 };
    await resources.sql({ kind: 'top' }, range);
    await resources.sql({ kind: 'top' }, range);
    expect(calls).toEqual([
      ['sql', { query: { kind: 'top' }, range }],
      ['sql', { query: { kind: 'top' }, range }],
    ]);
  });

  it('say in words what went wrong', () => {
    expect(resourceErrorText({ data: { error: 'no such field' }, status: 400 })).toBe('no such field');
    expect(resourceErrorText(new Error('x'))).toBe('x');
    expect(resourceErrorText(null)).toBe('The backend did not answer.');
  });
});
