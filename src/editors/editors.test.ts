import { describe, expect, it } from '@jest/globals';
import { fieldByName } from '@weir/core/fields';
import { problems } from '@weir/core/filter';
import { defaultSettings, normalizeQuery } from '@weir/core/query';
import fc from 'fast-check';
import { completeQuery } from '../query/complete-query.ts';
import { problemsOf } from './config/validation.ts';
import { findingsIn } from './filter/findings.ts';
import { segmentsOf } from './filter/highlight.ts';
import { accepted, ownOffers, withValues } from './filter/offers.ts';
import { variableReferences } from './filter/variable-references.ts';
import { moved } from './parts/moved.ts';
import { examples, filterCheatSheet } from './query/examples.ts';
import { hintsFor } from './query/hints.ts';
import { parameterHelp, settingsIn } from './query/replay-settings.ts';
import { sqlOffers } from './query/sql-completion.ts';

const labels = (offers: { readonly items: readonly { readonly label: string }[] }): string[] =>
  offers.items.map((i) => i.label);

describe('offers at the cursor', () => {
  it('are fields, then operators, then values', () => {
    expect(labels(ownOffers('expo', 4, []))[0]).toBe('exporter');
    expect(labels(ownOffers('exporter ', 9, []))).toContain('not in');
    expect(ownOffers('exporter = ', 11, []).ask).toBe('exporter');
    expect(labels(ownOffers('protocol = t', 12, []))[0]?.toLowerCase()).toBe('tcp');
  });

  it('are the dashboard’s variables where a value may stand', () => {
    expect(labels(ownOffers('exporter = $e', 13, ['exporter', 'host', 'edge']))).toEqual([
      '$exporter',
      '$edge',
    ]);
    expect(labels(ownOffers('$e', 2, ['exporter']))).not.toContain('$exporter');
  });

  it('are first the values that flows have, as the language writes them', () => {
    const own = ownOffers('interface = ', 12, []);
    const offers = withValues(own, [
      { value: '12', text: 'xe-0/0/1', share: 61.23 },
      { value: 'a b', text: 'a b', share: 0.01 },
      { value: '', text: '', share: 1 },
    ]);
    expect(offers.items.slice(0, 2)).toEqual([
      { label: '12', insert: '12 ', doc: 'xe-0/0/1, 61.2 % of the traffic', kind: 'value' },
      { label: 'a b', insert: '"a b" ', doc: '< 0.1 % of the traffic', kind: 'value' },
    ]);
  });

  it('take the place of what was typed, with one space behind', () => {
    const text = 'port = 80 and expo = "x"';
    const offers = ownOffers(text, 18, []);
    const item = offers.items.find(({ label }) => label === 'exporter')!;
    expect(accepted(text, offers, item)).toEqual({ text: 'port = 80 and exporter = "x"', cursor: 23 });
    const atEnd = ownOffers('expo', 4, []);
    expect(accepted('expo', atEnd, item)).toEqual({ text: 'exporter ', cursor: 9 });
  });
});

describe('colours', () => {
  it('are pieces that make up the text, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(
          segmentsOf(text, findingsIn(text))
            .map((s) => s.text)
            .join(''),
        ).toBe(text);
      }),
    );
  });

  it('tell fields, strings and variables apart, and underline what is wrong', () => {
    const text = 'port = 99999 and user = "x" and exporter = $e';
    const segments = segmentsOf(text, findingsIn(text)).filter((s) => s.text.trim() !== '');
    const look = (piece: string) => segments.find((s) => s.text === piece);
    expect(look('port')).toMatchObject({ look: 'field', squiggle: 'none' });
    expect(look('99999')).toMatchObject({ squiggle: 'error' });
    expect(look('"x"')).toMatchObject({ look: 'string' });
    expect(look('$e')).toMatchObject({ look: 'variable', squiggle: 'none' });
  });
});

describe('findings', () => {
  it('say nothing of variables, whose values are not known', () => {
    expect(findingsIn('source in $net and port = ${p} and [[x]] = 3')).toEqual([]);
    expect(findingsIn('source in $net and port = x9').map(({ message }) => message)).toEqual([
      '“x9” is not a port.',
    ]);
  });

  it('do not take macros for variables', () => {
    expect(variableReferences('$__timeFilter(x) $a ${b:raw} [[c]] $__all')).toHaveLength(4);
  });
});

describe('hints', () => {
  const status = {
    schemaVersion: 2,
    newestFlowMs: 1_000_000,
    oldestFlowMs: 500_000,
    exporters: 3,
    exportersWithoutSampling: 1,
    live: false,
  };
  const ids = (query: Parameters<typeof completeQuery>[0], over = {}, days = 1, now = 1_000_000): string[] =>
    hintsFor(
      completeQuery(query),
      { fromMs: 1_000_000 - days * 86_400_000, toMs: 1_000_000 },
      { ...status, ...over },
      now,
    ).map(({ id }) => id);

  it('warn of exporters whose sampling is not known, where it matters', () => {
    expect(ids({ refId: 'A' })).toEqual(['sampling']);
    expect(ids({ refId: 'A', metric: 'flows' })).toEqual([]);
    expect(ids({ refId: 'A' }, { exportersWithoutSampling: 0 })).toEqual([]);
  });

  it('warn of silence', () => {
    expect(ids({ refId: 'A', kind: 'flows' }, {}, 1, 1_000_000 + 11 * 60_000)).toEqual(['silent']);
    expect(ids({ refId: 'A', kind: 'flows' }, { newestFlowMs: null })).toEqual(['empty']);
  });

  it('mend what they warn of', () => {
    const query = completeQuery({ refId: 'A', resolution: 'raw', metric: 'flows', live: true });
    const hints = hintsFor(query, { fromMs: 0, toMs: 30 * 86_400_000 }, status, 1_000_000);
    expect(hints.map(({ id }) => id)).toEqual(['live', 'raw']);
    const mended = hints.reduce((q, hint) => ({ ...q, ...hint.fix?.changes }), query);
    expect(hintsFor(mended, { fromMs: 0, toMs: 30 * 86_400_000 }, status, 1_000_000)).toEqual([]);
  });

  it('are none where the backend knows nothing', () => {
    expect(hintsFor(completeQuery({ refId: 'A' }), undefined, undefined, 0)).toEqual([]);
  });
});

describe('help', () => {
  it('has examples that the backend takes', () => {
    for (const { title, query } of examples)
      expect([title, normalizeQuery({ refId: 'A', ...query })]).toMatchObject([title, { ok: true }]);
  });

  it('has filters that are right', () => {
    for (const [text] of filterCheatSheet) expect([text, findingsIn(text)]).toEqual([text, []]);
    for (const { query } of examples) expect(problems(query.filter ?? '')).toEqual([]);
  });
});

describe('SQL offers', () => {
  it('are macros, tables and columns, those of the database among them', () => {
    const offers = sqlOffers(['odd_column'], ['exporter']);
    const names = offers.map(({ label }) => label);
    expect(names).toEqual(
      expect.arrayContaining([
        '$__timeFilter',
        '$exporter',
        'network_flows',
        'source_ip',
        'timestamp',
        'odd_column',
      ]),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(offers.find(({ label }) => label === 'source_ip')?.detail).toBe(fieldByName('source_ip')?.doc);
  });
});

describe('the order of chosen fields', () => {
  it('changes by one place at a time, within the list', () => {
    expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
    expect(moved(['a', 'b'], 5, -1)).toEqual(['a', 'b']);
  });
});

describe('settings', () => {
  const wrong = (changes: Partial<typeof defaultSettings>): string[] =>
    Object.keys(problemsOf({ ...defaultSettings, ...changes }));

  it('by default are right', () => {
    expect(wrong({})).toEqual([]);
  });

  it('that are wrong are said so beside them', () => {
    expect(wrong({ url: '' })).toEqual(['url']);
    expect(wrong({ url: 'clickhouse:8123' })).toEqual(['url']);
    expect(wrong({ url: 'http://me:secret@clickhouse:8123' })).toEqual(['url']);
    expect(problemsOf({ ...defaultSettings, url: 'http://clickhouse:9000' }).url).toContain('8123');
    expect(wrong({ url: 'https://clickhouse:8443/path', collectorUrl: 'ws://x' })).toEqual(['collectorUrl']);
    expect(wrong({ database: 'a.b' })).toEqual(['database']);
    expect(
      wrong({ timeoutSeconds: 0, maxRows: Number.NaN, maxSeries: 0, maxRangeDays: -1, concurrency: 1000 }),
    ).toHaveLength(5);
  });
});

describe('the settings of a replay', () => {
  it('are written in a line, however they are set apart', () => {
    expect(settingsIn(' port_scan.ports=40,port_scan.hosts = 30;\n$more ')).toEqual([
      'port_scan.ports=40',
      'port_scan.hosts=30',
      '$more',
    ]);
    expect(settingsIn('  ')).toEqual([]);
  });

  it('are explained for the detectors that were chosen', () => {
    const known = [
      {
        name: 'port_scan',
        title: 'Port scan',
        parameters: { ports: { default: 20, unit: 'ports/min', doc: '' } },
      },
      { name: 'other', title: 'Other', parameters: {} },
    ];
    expect(parameterHelp(known, ['port_scan'])).toContain('port_scan.ports (20 ports/min)');
    expect(parameterHelp(known, [])).toContain('Choose detectors');
  });
});
