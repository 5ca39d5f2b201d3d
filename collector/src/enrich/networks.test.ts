import { describe, expect, it } from '@jest/globals';
import { FlowBatch, addressWords, at } from '@weir/core';
import { networkEnricher } from './networks.ts';

const enrich = networkEnricher([
  { prefix: '10.0.0.0/8', name: 'ours', country: 'DE' },
  { prefix: '10.1.0.0/16', name: 'berlin' },
  { prefix: '10.1.2.3', as: 64512 },
  { prefix: '2001:db8::/32', name: 'six', country: 'PT', as: 64513 },
])!;

function batchOf(rows: readonly (readonly [source: string, destination: string, as?: number])[]): FlowBatch {
  const batch = new FlowBatch(Math.max(16, rows.length));
  rows.forEach(([source, destination, as], r) => {
    batch.u32(at.source_ip).set(addressWords(source), 4 * r);
    batch.u32(at.destination_ip).set(addressWords(destination), 4 * r);
    if (as !== undefined) batch.u32(at.source_as)[r] = as;
  });
  batch.rows = rows.length;
  return batch;
}

function seen(batch: FlowBatch, r: number): unknown[] {
  const text = (column: number): string => batch.dictionary(column).text(batch.u32(column)[r]!);
  return [
    [text(at.source_network), text(at.source_country), batch.u32(at.source_as)[r]],
    [text(at.destination_network), text(at.destination_country), batch.u32(at.destination_as)[r]],
  ];
}

describe('networks by prefix', () => {
  it('are nothing to do where none is configured', () => {
    expect(networkEnricher([])).toBeUndefined();
  });

  it('give each end what the longest prefix says, property by property', () => {
    const batch = batchOf([
      ['10.1.2.3', '2001:db8::9'],
      ['10.1.2.4', '10.9.9.9'],
      ['192.0.2.1', '::ffff:10.1.0.1'],
    ]);
    enrich(batch, 0, 3);
    expect(seen(batch, 0)).toEqual([
      ['berlin', 'DE', 64512],
      ['six', 'PT', 64513],
    ]);
    expect(seen(batch, 1)).toEqual([
      ['berlin', 'DE', 0],
      ['ours', 'DE', 0],
    ]);
    expect(seen(batch, 2)).toEqual([
      ['', '', 0],
      ['berlin', 'DE', 0],
    ]);
  });

  it('leave what the record itself has said', () => {
    const batch = batchOf([['10.1.2.3', '10.1.2.3', 65000]]);
    enrich(batch, 0, 1);
    expect(seen(batch, 0)).toEqual([
      ['berlin', 'DE', 65000],
      ['berlin', 'DE', 64512],
    ]);
  });

  it('touch the rows asked for alone, and hold over resets of the batch', () => {
    const batch = batchOf([
      ['10.0.0.1', '10.0.0.1'],
      ['10.0.0.1', '10.0.0.1'],
    ]);
    enrich(batch, 1, 2);
    expect(batch.u32(at.source_country)[0]).toBe(0);
    expect(seen(batch, 1)[0]).toEqual(['ours', 'DE', 0]);
    batch.reset();
    batch.dictionary(at.source_country).internText('XX');
    batch.u32(at.source_ip).set(addressWords('2001:db8::1'), 0);
    batch.rows = 1;
    enrich(batch, 0, 1);
    expect(seen(batch, 0)[0]).toEqual(['six', 'PT', 64513]);
  });

  it('are right for more addresses than are remembered', () => {
    const batch = new FlowBatch(100_000);
    const words = batch.u32(at.source_ip);
    for (let r = 0; r < 100_000; r++)
      words.set(
        addressWords(
          r % 2 === 0 ? `10.${r >>> 16}.${(r >>> 8) & 255}.${r & 255}` : `11.1.${(r >>> 8) & 255}.${r & 255}`,
        ),
        4 * r,
      );
    batch.rows = 100_000;
    enrich(batch, 0, 100_000);
    const countries = batch.u32(at.source_country);
    const country = batch.dictionary(at.source_country).internText('DE');
    let wrong = 0;
    for (let r = 0; r < 100_000; r++) if ((countries[r] === country) !== (r % 2 === 0)) wrong++;
    expect(wrong).toBe(0);
  });
});
