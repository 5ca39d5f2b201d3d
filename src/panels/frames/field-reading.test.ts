import { describe, expect, it } from '@jest/globals';
import type { DisplayProcessor, Field } from '@grafana/data';
import { formatOf, formatShare, formatSi, readable, titleOf } from './field-reading.ts';

const field = (rest: Partial<Field>): Field =>
  ({ name: 'value', type: 'number', config: {}, values: [], ...rest }) as Field;

describe('names of fields before people', () => {
  it('are made readable where nobody named them', () => {
    expect(readable('source_ip')).toBe('Source IP');
    expect(readable('destination_as')).toBe('Destination AS');
    expect(readable('Mein Feld')).toBe('Mein Feld');
  });

  it('are the display name where one is set', () => {
    expect(titleOf(field({ name: 'exporter', config: { displayName: 'Router' } }))).toBe('Router');
    expect(titleOf(field({ name: 'exporter', config: { displayNameFromDS: 'From' } }))).toBe('From');
    expect(titleOf(field({ name: 'exporter' }))).toBe('Exporter');
  });
});

describe('numbers as text', () => {
  it('take three figures and an SI prefix', () => {
    expect([0, 7, 999, 1000, 1234567, 999_999, -2500, 0.1234].map(formatSi)).toEqual([
      '0',
      '7',
      '999',
      '1 k',
      '1.23 M',
      '1.00 M',
      '-2.50 k',
      '0.123',
    ]);
    expect(formatSi(Number.NaN)).toBe('–');
  });

  it('follow the field’s own display where Grafana has prepared it', () => {
    const display: DisplayProcessor = (value) => ({
      text: String(value),
      numeric: Number(value),
      suffix: ' b/s',
    });
    expect(formatOf(field({ display }))(12)).toBe('12 b/s');
    expect(formatOf(undefined)(1500)).toBe('1.50 k');
  });

  it('say shares in percent, and never claim nought for something', () => {
    expect(formatShare(1, 3)).toBe('33 %');
    expect(formatShare(1, 30)).toBe('3.3 %');
    expect(formatShare(1, 100_000)).toBe('<0.1 %');
    expect(formatShare(0, 10)).toBe('0.0 %');
    expect(formatShare(1, 0)).toBe('–');
  });
});
