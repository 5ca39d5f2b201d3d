import { describe, expect, it } from '@jest/globals';
import { colourOfName, hashOf } from './colour-of-name.ts';

describe('colours of names', () => {
  it('are FNV-1a of the name, so that they never change', () => {
    expect(hashOf('')).toBe((0x811c9dc5 ^ (0x811c9dc5 >>> 15)) >>> 0);
    expect(colourOfName('10.0.0.1', true)).toBe(colourOfName('10.0.0.1', true));
  });

  it('spread over the palette for addresses that differ by one', () => {
    const colours = new Set(Array.from({ length: 100 }, (_, host) => colourOfName(`10.20.30.${host}`, true)));
    expect(colours.size).toBe(12);
  });

  it('are others on light ground than on dark', () => {
    for (let host = 0; host < 50; host++) {
      expect(colourOfName(`h${host}`, true)).not.toBe(colourOfName(`h${host}`, false));
    }
  });
});
