import { describe, expect, it } from '@jest/globals';
import {
  type WindowColumn,
  amplifierPorts,
  columnsOfKind,
  mergedWindowsSql,
  sumGroups,
  windowColumns,
  windowKeys,
  windowKindType,
  windowKinds,
} from './index.ts';

const columns: readonly WindowColumn[] = windowColumns;

describe('the table of window columns', () => {
  it('names each column once, keys among them', () => {
    const names = [...windowKeys, ...columns].map((c) => c.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => /^[a-z][a-z0-9_]*$/.test(name))).toBe(true);
  });

  it('gives every column a type that its merging needs', () => {
    for (const { name, type, merge, length } of columns) {
      expect([name, type.startsWith('Array')]).toEqual([name, merge === 'histogram' || merge === 'distinct']);
      expect([name, length !== undefined]).toEqual([name, merge === 'histogram']);
      expect([name, merge === 'sum' && type !== 'UInt64']).toEqual([name, false]);
    }
  });

  it('has sums for all kinds, and the first group for every flow', () => {
    expect(sumGroups.flat().every((c) => c.kinds === undefined && c.merge === 'sum')).toBe(true);
    expect(sumGroups[0]!.map((c) => c.name)).toEqual([
      'records',
      'flows',
      'bytes',
      'packets',
      'contact_flows',
    ]);
    expect(sumGroups.length).toBeLessThanOrEqual(8);
  });

  it('has room for each amplifying port’s bit', () => {
    expect(amplifierPorts.length).toBeLessThanOrEqual(32);
    expect(new Set(amplifierPorts.map((p) => p.port)).size).toBe(amplifierPorts.length);
  });

  it('gives each kind what its detectors need', () => {
    const has = (kind: (typeof windowKinds)[number]['name']): string[] =>
      columnsOfKind(kind).map((c) => c.name);
    expect(has('source')).toEqual(
      expect.arrayContaining(['contacts', 'failed_contacts', 'ports', 'size_histogram']),
    );
    expect(has('destination')).toEqual(expect.arrayContaining(['sources', 'ports', 'amplifiers']));
    expect(has('prefix')).toEqual(expect.arrayContaining(['sources', 'destinations']));
    expect(has('tenant')).toEqual(has('interface'));
    expect(has('pair')).not.toContain('sources');
  });
});

describe('the SQL that merges rows', () => {
  it('merges each column by its rule and groups by all keys', () => {
    const sql = mergedWindowsSql({ table: 'dev.windows_10s', where: "w.kind = 'source'" });
    for (const { name } of columns) expect(sql).toMatch(new RegExp(`\\(w\\.${name}\\)[^\\n]* AS ${name}\\b`));
    for (const { name } of windowKeys) expect(sql).toMatch(new RegExp(`GROUP BY .*w\\.${name}\\b`));
    expect(sql).toContain("WHERE w.kind = 'source'");
  });

  it('makes longer windows of whole ones only', () => {
    expect(mergedWindowsSql({ table: 't', seconds: 60 })).toContain(
      'intDiv(toUnixTimestamp(w.timestamp), 60) * 60',
    );
    expect(() => mergedWindowsSql({ table: 't', seconds: 15 })).toThrow('windows of 15 s');
  });

  it('numbers kinds from one', () => {
    expect(windowKindType).toMatch(/^Enum8\('source' = 1, 'destination' = 2, /);
    expect(windowKinds).toHaveLength(7);
  });
});
