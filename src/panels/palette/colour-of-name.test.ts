import { describe, expect, it } from '@jest/globals';
import { CalmColours, colourOfName, hashOf } from './colour-of-name.ts';

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

describe('colours of few names beside colours of states', () => {
  it('differ while there are enough, and stay with their names', () => {
    const colours = new CalmColours();
    const names = ['Routers', 'Internet', 'Site A', 'Site B', 'Site C', 'Site D'];
    const first = names.map((name) => colours.of(name, true));
    expect(new Set(first).size).toBe(6);
    expect(colours.of('Site E', true)).toBe(new CalmColours().of('Site E', true));
    expect(names.map((name) => colours.of(name, true))).toEqual(first);
  });
});
