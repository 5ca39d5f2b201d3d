import { writeFile } from 'node:fs/promises';
import { join as path } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FlowBatch, decodeNative, encodeNative, layoutOf, liveColumns, storedColumns } from '@weir/core';
import { type TestEngine, openTestEngine } from '../../store/embedded/testing/open-test-engine.ts';
import { FLOW, flow, ipfix, set, template } from './testing/datagrams.ts';
import { rowsOf } from './testing/flows.ts';
import { Rig } from './testing/rig.ts';

/*
 * A batch's Native form is what the engine itself reads and writes: rows go into a real table and come back the same.
 */

let opened: TestEngine;
let tables = 0;

beforeAll(async () => {
  opened = await openTestEngine();
}, 60_000);

afterAll(() => opened.close(), 60_000);

/** A new table with all stored columns, and a row number to read them back in order. */
async function newTable(): Promise<string> {
  const table = `t${tables++}`;
  const columns = storedColumns.map(({ name, type }) => `\`${name}\` ${type}`);
  await opened.engine
    .database()
    .command(`CREATE TABLE default.${table} (${columns.join(', ')}) ENGINE = MergeTree ORDER BY tuple()`);
  return `default.${table}`;
}

async function insert(table: string, batch: FlowBatch): Promise<void> {
  const file = path(opened.dataDir, `${table}.native`);
  await writeFile(file, encodeNative(batch));
  await opened.engine.database().insertNativeFile({
    table,
    columns: liveColumns(batch),
    file,
    token: `${table}-${tables}`,
  });
}

/** The table as the engine writes it in Native form, read by `decodeNative`. */
async function readBack(table: string, capacity: number): Promise<FlowBatch> {
  const names = storedColumns.map(({ name }) => `\`${name}\``).join(', ');
  const answer = await fetch(
    `${opened.url}/?query=${encodeURIComponent(`SELECT ${names} FROM ${table} FORMAT Native`)}`,
  );
  const batch = new FlowBatch(capacity);
  expect(answer.status).toBe(200);
  decodeNative(new Uint8Array(await answer.arrayBuffer()), batch);
  return batch;
}

const LARGEST_ROWS = 25;
const TEXTS = ['', 'eth0', 'ärger 中文', 'x'.repeat(1000), 'a\u0000b', '\ufffd'];

/** A batch whose columns, all of them or some, hold these values. */
const batches = fc
  .tuple(
    fc.integer({ min: 1, max: LARGEST_ROWS }),
    fc.infiniteStream(fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 1, 0xffffffff))),
    fc.integer({ min: 1, max: 3 }),
  )
  .map(([rows, values, every]) => {
    const batch = new FlowBatch(LARGEST_ROWS);
    batch.rows = rows;
    storedColumns.forEach((column, index) => {
      if (index % every !== 0) return;
      const { words, text } = layoutOf(column.type);
      const array = batch.array(index);
      for (let at = 0; at < rows * words; at++) {
        const value = values.next().value;
        if (text) array[at] = batch.dictionary(index).internText(TEXTS[value % TEXTS.length]!);
        else if (column.type.startsWith('Enum8')) array[at] = 1 + (value % 6);
        else array[at] = value;
      }
    });
    return batch;
  });

describe('the engine and the Native form', () => {
  test('what goes in comes back, in every column', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (batch) => {
        const table = await newTable();
        await insert(table, batch);
        expect(rowsOf(await readBack(table, LARGEST_ROWS))).toEqual(rowsOf(batch));
        await opened.engine.database().command(`DROP TABLE ${table}`);
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  test('more distinct texts than two bytes count, in blocks of the engine’s own size', async () => {
    const rows = 70_000;
    const application = storedColumns.findIndex((c) => c.name === 'application');
    const batch = new FlowBatch(rows);
    batch.rows = rows;
    const ids = batch.u32(application);
    for (let r = 0; r < rows; r++) ids[r] = batch.dictionary(application).internText(`app ${r}`);
    const table = await newTable();
    await insert(table, batch);
    const back = await readBack(table, rows);
    const text = (r: number): string => back.dictionary(application).text(back.u32(application)[r]!);
    expect(back.rows).toBe(rows);
    expect([0, 255, 65_535, 65_536, rows - 1].map(text)).toEqual(
      [0, 255, 65_535, 65_536, rows - 1].map((r) => `app ${r}`),
    );
  }, 60_000);

  test('a table without rows', async () => {
    const table = await newTable();
    expect((await readBack(table, 1)).rows).toBe(0);
  });

  test('decoded flows read as an analyst asks for them', async () => {
    const rig = new Rig();
    rig.send(ipfix({ domain: 7 }, set(2, template(256, FLOW)), set(256, flow(1500), flow(40, '192.0.2.77'))));
    const table = await newTable();
    await insert(table, rig.batch);
    const rows = await opened.engine
      .database()
      .query(
        `SELECT toString(source_ip) AS source, bytes_in, toString(flow_source) AS flow_source, observation_domain FROM ${table} ORDER BY bytes_in`,
      );
    expect(rows.map((row) => Object.values(row as object).map(String))).toEqual([
      ['::ffff:192.0.2.77', '40', 'ipfix', '7'],
      ['::ffff:10.0.0.1', '1500', 'ipfix', '7'],
    ]);
  });
});
