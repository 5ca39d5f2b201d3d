import { describe, expect, it } from '@jest/globals';
import { fitText } from './ellipsis.ts';

const measure = (text: string): number => text.length * 7;

describe('a text in too little room', () => {
  it('stays whole where it fits', () => {
    expect(fitText('edge-1', 42, measure)).toBe('edge-1');
  });

  it('keeps its head and its end', () => {
    const fitted = fitText('2001:db8:1234:5678:9abc:def0:1234:5678', 16 * 7, measure);
    expect(fitted).toBe('2001:db8:…4:5678');
    expect(measure(fitted)).toBeLessThanOrEqual(16 * 7);
  });

  it('is nothing rather than a fragment', () => {
    expect(fitText('frankfurt', 20, measure)).toBe('');
  });
});
