import { describe, expect, it } from '@jest/globals';
import { startPlugin } from '../src/testing/index.ts';
import { examplePlugin } from '../tests/plugin-commands.ts';

describe('the example', () => {
  it('answers waves, periods and health', async () => {
    const { command, args } = examplePlugin();
    const plugin = await startPlugin(command, args, { source: { jsonData: { offset: 10 } } });
    const { A } = await plugin.client.queryData([
      {
        refId: 'A',
        model: { amplitude: 2, periodMs: 4_000 },
        intervalMs: 1_000,
        timeRange: { from: 0, to: 4_000 },
      },
    ]);
    expect(A!.frames[0]!.fields[0]!.values).toEqual([0, 1_000, 2_000, 3_000]);
    expect(A!.frames[0]!.fields[1]!.values.map((value) => Math.round(value as number))).toEqual([
      10, 12, 10, 8,
    ]);
    expect((await plugin.client.callResource({ path: 'periods' })).json()).toEqual([60_000, 3_600_000]);
    expect(await plugin.client.checkHealth()).toMatchObject({ status: 'ok', message: 'Waves around 10.' });
    expect(await plugin.stop()).toBe(0);
  });
});
