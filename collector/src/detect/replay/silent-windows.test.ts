import { describe, expect, it } from '@jest/globals';
import type { ClosedWindow } from '@weir/core/windows';
import { emptyWindow } from '../windows/index.ts';
import { withSilentWindows } from './silent-windows.ts';

async function starts(given: readonly number[], to: number): Promise<number[]> {
  async function* windows(): AsyncGenerator<ClosedWindow> {
    for (const start of given) yield await Promise.resolve(emptyWindow(start));
  }
  const found: number[] = [];
  for await (const { start } of withSilentWindows(windows(), to)) found.push(start);
  return found;
}

describe('windows in which nothing came', () => {
  it('stand between the others and before the end', async () => {
    expect(await starts([100, 130, 140], 170)).toEqual([100, 110, 120, 130, 140, 150, 160]);
  });

  it('are not made up for more than an hour, nor before the first, nor where there is none', async () => {
    expect(await starts([100, 100 + 3620, 20_000], 40_000)).toEqual([100, 3720, 20_000]);
    expect(await starts([], 40_000)).toEqual([]);
  });
});
