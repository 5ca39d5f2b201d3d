import { describe, expect, it } from '@jest/globals';
import { addressWords } from '../address.ts';
import { FlowBatch, at } from '../batch.ts';
import { parseFilter } from './parser.ts';
import { filterPredicate } from './predicate.ts';

/* That predicates say what the engine says is tested against the engine itself, in tests/filter/. */

function predicate(text: string): ReturnType<typeof filterPredicate> {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(parsed.problems[0]!.message);
  return filterPredicate(parsed.filter);
}

function batchOf(applications: readonly string[]): FlowBatch {
  const batch = new FlowBatch(64);
  for (const application of applications) {
    const row = batch.rows++;
    batch.u32(at.application)[row] = batch.dictionary(at.application).internText(application);
    batch.u32(at.source_ip).set(addressWords(`10.0.0.${row}`), 4 * row);
  }
  return batch;
}

function rows(text: string, batch: FlowBatch): number[] {
  const matches = predicate(text)(batch);
  return Array.from({ length: batch.rows }, (_, row) => row).filter(matches);
}

describe('a predicate over a batch', () => {
  it('takes the rows that match', () => {
    const batch = batchOf(['web', 'dns', 'web', '']);
    expect(rows('app = web', batch)).toEqual([0, 2]);
    expect(rows('app ~ "^(d|$)"', batch)).toEqual([1, 3]);
    expect(rows('source in 10.0.0.2/31 and app != web', batch)).toEqual([3]);
    expect(rows('source in (10.0.0.0, 10.0.0.2-10.0.0.9)', batch)).toEqual([0, 2, 3]);
    expect(rows('', batch)).toEqual([0, 1, 2, 3]);
  });

  it('reads columns that were not sent as zero, and does not bring them into being', () => {
    const batch = batchOf(['web']);
    for (const text of [
      'destination is unknown',
      'vlan = 0',
      'country is not known',
      'bytes < 1',
      'exporter is unknown',
      'verdict = unknown',
      'service = 0',
      'interface !~ x',
    ])
      expect([text, rows(text, batch)]).toEqual([text, [0]]);
    for (const text of [
      'destination = 10.0.0.1',
      'vlan > 0',
      'country = DE',
      'bytes > 1',
      'exporter = x',
      'service != 0',
    ])
      expect([text, rows(text, batch)]).toEqual([text, []]);
    for (const column of [
      'destination_ip',
      'vlan_id',
      'source_country',
      'bytes_in',
      'exporter_name',
      'collector_ip',
      'verdict',
      'input_interface_name',
    ] as const)
      expect([column, batch.has(at[column])]).toEqual([column, false]);
  });

  it('holds for rows that are added, and for another batch when bound again', () => {
    const bind = predicate('app starts with w');
    const batch = batchOf(['web']);
    const matches = bind(batch);
    expect(matches(0)).toBe(true);
    for (let i = 0; i < 40; i++) {
      const row = batch.rows++;
      batch.u32(at.application)[row] = batch
        .dictionary(at.application)
        .internText(i % 2 === 0 ? `w${i}` : `x${i}`);
    }
    expect(Array.from({ length: 40 }, (_, i) => matches(i + 1))).toEqual(
      Array.from({ length: 40 }, (_, i) => i % 2 === 0),
    );

    const other = bind(batchOf(['dns', 'web']));
    expect([other(0), other(1), matches(0)]).toEqual([false, true, true]);

    batch.reset();
    batch.rows = 1;
    batch.u32(at.application)[0] = batch.dictionary(at.application).internText('dns');
    expect(bind(batch)(0)).toBe(false);
  });

  it('compares counters that are larger than a number can hold', () => {
    const batch = new FlowBatch(3);
    batch.rows = 3;
    batch.u32(at.bytes_in).set([0xffffffff, 0xffffffff, 0xffffffff, 0x1fffff, 5, 0]);
    expect(rows('bytes > 9007199254740991', batch)).toEqual([0]);
    expect(rows('bytes >= 9007199254740991', batch)).toEqual([0, 1]);
    expect(rows('bytes = 5', batch)).toEqual([2]);
  });
});
