import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Frame, frameToJson } from '@weir/plugin-sdk';

const FOLDER = join(import.meta.dirname, '../../golden');

/** Written anew instead of compared: `UPDATE_GOLDEN=1 npm test -- backend/src/golden.test.ts`, then format and read what has changed. */
const UPDATES = process.env['UPDATE_GOLDEN'] === '1';

/** Compares frames with those written down under a name: what a person has read and found right. */
export function expectGolden(name: string, frames: readonly Frame[]): void {
  const file = join(FOLDER, `${name}.json`);
  const text = `${JSON.stringify(frames.map(readable), null, 2)}
`;
  if (UPDATES || !existsSync(file)) {
    if (!UPDATES)
      throw new Error(`There is no golden ${name}: run with UPDATE_GOLDEN=1 and read what is written.`);
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
    return;
  }
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(file, 'utf8')));
}

/** A frame as JSON, without what differs from run to run (times that it took) and without its SQL, which has tests of its own. */
function readable(frame: Frame): unknown {
  const { schema, data } = frameToJson(frame);
  const { executedQueryString, stats, ...meta } = schema?.meta ?? {};
  return {
    ...(schema?.name === undefined ? {} : { name: schema.name }),
    refId: schema?.refId,
    meta: {
      ...meta,
      ...(executedQueryString === undefined ? {} : { executedQueryString: 'SQL' }),
      ...(stats === undefined ? {} : { stats: stats.map(({ displayName }) => displayName) }),
    },
    fields: (schema?.fields ?? []).map((field, i) => ({
      ...field,
      typeInfo: field.typeInfo.frame + (field.typeInfo.nullable === true ? ', nullable' : ''),
      values: field.type === 'time' ? data!.values[i]!.map(timeText) : data!.values[i],
      ...(data?.entities?.[i] ? { entities: data.entities[i] } : {}),
    })),
  };
}

function timeText(value: unknown): unknown {
  return typeof value === 'number' ? new Date(value).toISOString() : value;
}
