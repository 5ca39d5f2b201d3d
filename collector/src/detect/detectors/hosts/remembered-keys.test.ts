import { describe, expect, it } from '@jest/globals';
import { RememberedKeys, fingerprint, isSavedKeys } from './remembered-keys.ts';

const key = (...words: number[]): ReturnType<typeof fingerprint> => fingerprint('acme', ...words);

describe('remembered keys', () => {
  it('are new once, until they expire', () => {
    const keys = new RememberedKeys(64, 100);
    expect(keys.meet(key(1), 1000)).toBe(true);
    expect(keys.meet(key(1), 1050)).toBe(false);
    expect(keys.meet(fingerprint('other', 1), 1050)).toBe(true);
    expect(keys.has(key(1), 1150)).toBe(true);
    expect(keys.has(key(1), 1151)).toBe(false);
    expect(keys.meet(key(1), 1151)).toBe(true);
  });

  it('count', () => {
    const keys = new RememberedKeys(64, 100);
    keys.meet(key(7), 1000, 2);
    keys.meet(key(7), 1001, 3);
    expect([keys.count(key(7), 1001), keys.count(key(8), 1001)]).toEqual([5, 0]);
  });

  it('are not more than there is room for: the oldest go, and it is said', () => {
    const keys = new RememberedKeys(256, 1e6);
    for (let i = 0; i < 200_000; i++) keys.meet(key(i), 1000 + i);
    expect(keys.size(201_000)).toBe(256);
    expect(keys.isCrowded(201_000)).toBe(true);
    expect(keys.has(key(199_999), 201_000)).toBe(true);
    expect(new RememberedKeys(256, 1e6).isCrowded(0)).toBe(false);
  });

  it('come back as they were saved', () => {
    const keys = new RememberedKeys(256, 1000);
    for (let i = 0; i < 50; i++) keys.meet(key(i), 1000 + i, i);
    const again = new RememberedKeys(512, 1000);
    const saved = keys.save();
    expect(isSavedKeys(saved)).toBe(true);
    again.load(saved);
    for (let i = 0; i < 50; i++) expect(again.count(key(i), 1100)).toBe(i);
    expect(isSavedKeys({ high: [] })).toBe(false);
  });
});
