import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FlowBatch, addressWords, encodeNative, layoutOf, liveColumns, storedColumns } from '@weir/core';
import {
  type Filter,
  Parameters,
  filterFields,
  filterSql,
  formatFilter,
  mirrorFilter,
  parseFilter,
} from '@weir/core/filter';
import { filterPredicate } from '@weir/core/filter/predicate';
import {
  conditionOn,
  anyFilter,
  someAddresses,
  someNumbers,
  someTexts,
} from '../../core/src/filter/testing/arbitrary-filter.ts';
import { enginePattern, readRegularExpression } from '../../core/src/filter/regular-expression.ts';
import {
  type TestEngine,
  openTestEngine,
} from '../../collector/src/store/embedded/testing/open-test-engine.ts';

/*
 * One language, two readings: the rows that the engine selects are the rows that the predicate over a batch takes, for every kind of
 * condition. The flows are random, of values that the filters ask for.
 */

const ROWS = 1500;
const SEED = 7;
let opened: TestEngine;
let client: ReturnType<typeof createClient>;
const batches: FlowBatch[] = [];

/** Flows of random values; `absent` columns were not sent. `connection_id`, which no field asks for, numbers the rows. */
function flows(first: number, seed: number, absent: (index: number) => boolean): FlowBatch {
  const batch = new FlowBatch(ROWS);
  batch.rows = ROWS;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const addresses = [...someAddresses, '10.0.0.77', '2001:db8::42'].map((a) => addressWords(a));
  storedColumns.forEach(({ name, type }, index) => {
    if (name === 'connection_id') {
      const words = batch.u32(index);
      for (let row = 0; row < ROWS; row++) words[2 * row] = first + row;
      return;
    }
    if (absent(index)) return;
    const array = batch.array(index);
    const { words, text, bytes } = layoutOf(type);
    for (let row = 0; row < ROWS; row++) {
      if (text)
        array[row] = batch
          .dictionary(index)
          .internText(['', '', ...someTexts][random(someTexts.length + 2)]!);
      else if (words === 4) array.set(addresses[random(addresses.length)]!, 4 * row);
      else if (type.startsWith('Enum8')) array[row] = random(type.split(',').length);
      else if (words === 2) {
        const number = random(20) === 0 ? 2 ** 63 : someNumbers[random(someNumbers.length)]!;
        array[2 * row] = number % 2 ** 32;
        array[2 * row + 1] = Math.floor(number / 2 ** 32);
      } else {
        const fitting = someNumbers.filter((n) => n < 2 ** (8 * bytes));
        array[row] =
          random(4) === 0 ? random(2 ** Math.min(16, 8 * bytes)) : fitting[random(fitting.length)]!;
      }
    }
  });
  return batch;
}

beforeAll(async () => {
  opened = await openTestEngine();
  const columns = storedColumns.map(({ name, type }) => `\`${name}\` ${type}`).join(', ');
  await opened.engine
    .database()
    .command(`CREATE TABLE default.flows (${columns}) ENGINE = MergeTree ORDER BY source_ip`);
  batches.push(
    flows(0, 1, () => false),
    flows(ROWS, 2, (index) => index % 3 === 1),
    flows(2 * ROWS, 3, (index) => index % 3 !== 1),
  );
  for (const [i, batch] of batches.entries()) {
    const file = join(opened.dataDir, `${i}.native`);
    await writeFile(file, encodeNative(batch));
    await opened.engine
      .database()
      .insertNativeFile({ table: 'default.flows', columns: liveColumns(batch), file, token: `batch-${i}` });
  }
  client = createClient({ url: opened.url });
}, 60_000);

afterAll(async () => {
  await client.close();
  await opened.close();
}, 60_000);

async function selected(filter: Filter): Promise<number[]> {
  const parameters = new Parameters();
  const condition = filterSql(filter, parameters);
  const answer = await client.query({
    query: `SELECT arraySort(groupArray(toUInt32(connection_id))) AS rows FROM default.flows WHERE ${condition}`,
    query_params: { ...parameters.values },
    format: 'JSONEachRow',
  });
  const [row] = await answer.json<{ rows: number[] }>();
  return row!.rows;
}

function taken(filter: Filter): number[] {
  const bind = filterPredicate(filter);
  const rows: number[] = [];
  for (const [i, batch] of batches.entries()) {
    const matches = bind(batch);
    for (let row = 0; row < batch.rows; row++) if (matches(row)) rows.push(i * ROWS + row);
  }
  return rows;
}

async function expectAgreement(filter: Filter): Promise<number> {
  const rows = taken(filter);
  // The text stands in the message of a failure
  expect({ filter: formatFilter(filter), rows: await selected(filter) }).toEqual({
    filter: formatFilter(filter),
    rows,
  });
  return rows.length;
}

describe('a filter', () => {
  it('selects in the engine what its predicate takes of a batch: any condition on any field', async () => {
    for (const field of filterFields) {
      const conditions = fc.sample(conditionOn(field), { numRuns: 30, seed: SEED });
      const parameters = new Parameters();
      const lists = conditions.map(
        (c) => `groupArrayIf(toUInt32(connection_id), ${filterSql(c, parameters)})`,
      );
      const answer = await client.query({
        query: `SELECT [${lists.map((l) => `arraySort(${l})`).join(', ')}] AS rows FROM default.flows`,
        query_params: { ...parameters.values },
        format: 'JSONEachRow',
      });
      const [{ rows }] = (await answer.json<{ rows: number[][] }>()) as [{ rows: number[][] }];
      for (const [i, condition] of conditions.entries())
        expect(`${formatFilter(condition)}: ${rows[i]!.join()}`).toBe(
          `${formatFilter(condition)}: ${taken(condition).join()}`,
        );
      // They tell flows apart
      expect(rows.filter((r) => r.length > 0 && r.length < 3 * ROWS).length).toBeGreaterThan(8);
    }
  }, 120_000);

  it('selects in the engine what its predicate takes of a batch: conditions joined and negated, and mirrored', async () => {
    await fc.assert(
      fc.asyncProperty(anyFilter, async (filter) => {
        await expectAgreement(filter);
        await expectAgreement(mirrorFilter(filter));
      }),
      { numRuns: 100, seed: SEED },
    );
  }, 60_000);

  it.each([
    ['host = 10.0.0.1', 'source = 10.0.0.1 or destination = 10.0.0.1'],
    ['host != 10.0.0.1', 'not host = 10.0.0.1'],
    ['host != 10.0.0.1', 'source != 10.0.0.1 and destination != 10.0.0.1'],
    ['source in 10.0.0.0/8', 'source between 10.0.0.0 and 10.255.255.255'],
    ['source in 0.0.0.0/0 or source in ::/0', 'port >= 0'],
    ['dscp = EF', 'tos in (184, 185, 186, 187)'],
    [
      'service = 53',
      'source_port = 53 and destination_port >= 53 or destination_port = 53 and source_port >= 53',
    ],
    ['tcp_flags has (syn, ack)', 'tcp_flags has syn and tcp_flags has ack'],
    ['tcp_flags has any (syn, ack)', 'tcp_flags has syn or tcp_flags has ack'],
    ['interface = "12"', 'interface = 12 or interface in ("12")'],
    ['country is unknown', 'source_country = "" or destination_country = ""'],
  ])('%s means %s', async (one, other) => {
    const [a, b] = [parseFilter(one), parseFilter(other)];
    if (!a.ok || !b.ok) throw new Error('a filter of this test is wrong');
    const rows = await selected(a.filter);
    expect(rows.length).toBeGreaterThan(0);
    expect(await selected(b.filter)).toEqual(rows);
    expect(taken(a.filter)).toEqual(rows);
    expect(taken(b.filter)).toEqual(rows);
  });

  it('takes texts to the engine as they are', async () => {
    for (const text of someTexts) {
      const parsed = parseFilter(
        formatFilter({
          kind: 'condition',
          field: 'application',
          test: { kind: 'in', values: [{ kind: 'text', text }] },
        }),
      );
      if (!parsed.ok) throw new Error(`not read: ${text}`);
      const rows = await selected(parsed.filter);
      expect(rows).toEqual(taken(parsed.filter));
      expect(rows.length).toBeGreaterThan(10);
    }
  });

  it('finds regular expressions where the engine finds them, and takes none that the engine refuses', async () => {
    const pieces = [
      ...[
        'a',
        'b',
        'A',
        'ä',
        'Ä',
        '1',
        ' ',
        '-',
        '.',
        '^',
        '$',
        '|',
        '(',
        '(?:',
        ')',
        '[',
        '[^',
        ']',
        '*',
        '+',
        '?',
        '{2}',
        '{1,3}',
        '{0,}',
        '{',
        '}',
      ],
      ...[
        '\\d',
        '\\D',
        '\\w',
        '\\W',
        '\\s',
        '\\S',
        '\\b',
        '\\B',
        '\\A',
        '\\z',
        '\\.',
        '\\-',
        '\\]',
        '\\n',
        '\\x61',
        '\\x{e4}',
        '[[:alpha:]]',
        '[a-z]',
        '[^a]',
        '[\\d-]',
        '(?i)',
        '😀',
        '\n',
        ',',
        ':',
      ],
    ];
    const texts = [
      '',
      'a',
      'A',
      'ab',
      'aab',
      'Ä',
      'ä1',
      'b-1',
      'a b',
      '😀',
      'x\ny',
      '{2}',
      '1',
      'bbb',
      'a.b',
      ']',
      'a,b:',
      '\n',
      '}',
      'ſ',
      '\u212a',
    ];
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('', '', '(?i)'),
        fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 7 }),
        async (flags, list) => {
          const pattern = flags + list.join('');
          const reading = readRegularExpression(pattern);
          if (!('expression' in reading)) return;
          accepted++;
          const answer = await client.query({
            query: 'SELECT arrayMap(t -> match(t, {p:String}), {texts:Array(String)}) AS found',
            query_params: { p: enginePattern(pattern), texts },
            format: 'JSONEachRow',
          });
          const [row] = await answer.json<{ found: number[] }>();
          expect({ pattern, found: texts.filter((_, i) => row!.found[i] === 1) }).toEqual({
            pattern,
            found: texts.filter((text) => reading.expression.test(text)),
          });
        },
      ),
      {
        numRuns: 800,
        seed: SEED,
        examples: [
          ['', ['😀', '?', 'a']],
          ['(?i)', ['\\W']],
          ['', ['a', '\u0000', '?', 'b']],
        ],
      },
    );
    expect(accepted).toBeGreaterThan(200);
  }, 60_000);
});
