import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDetectionState, writeDetectionState } from './state-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'weir-state-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the file of what was learnt', () => {
  const path = join(dir, 'detection.state');
  const state = Uint8Array.from({ length: 10_000 }, (_, i) => i % 7);

  it('gives back what was written, and leaves nothing else', () => {
    expect(readDetectionState(path)).toEqual({});
    const bytes = writeDetectionState(path, state);
    expect(readFileSync(path)).toHaveLength(bytes);
    expect(bytes).toBeLessThan(1000);
    expect(readDetectionState(path).state).toEqual(Buffer.from(state));
    writeDetectionState(path, state.subarray(0, 5));
    expect(readDetectionState(path).state).toEqual(Buffer.from(state.subarray(0, 5)));
    expect(readdirSync(dir)).toEqual(['detection.state']);
  });

  it('is of no use where any byte of it is another, and says so', () => {
    writeDetectionState(path, state);
    const file = readFileSync(path);
    for (let at = 0; at < file.length; at++) {
      const changed = Buffer.from(file);
      changed[at]! ^= 0x10;
      writeFileSync(path, changed);
      const { state: read, problem } = readDetectionState(path);
      expect(read).toBeUndefined();
      expect(problem).toMatch(/is damaged|not of a version/);
    }
    for (const length of [0, 10, 25, file.length - 1]) {
      writeFileSync(path, file.subarray(0, length));
      expect(readDetectionState(path)).toEqual({ problem: expect.stringContaining('learnt anew') });
    }
    expect(readDetectionState(dir)).toEqual({ problem: expect.stringContaining('cannot be read') });
  });
});
