import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from '@jest/globals';
import { filterReference, parseFilter } from '@weir/core/filter';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the filter language', () => {
  it('goes into a browser without the registry of information elements and without batches', async () => {
    const { metafile } = await build({
      entryPoints: [`${root}core/src/filter/index.ts`],
      absWorkingDir: root,
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
    });
    const rooms = Object.keys(metafile.inputs).map((path) => path.replace(/\/[^/]*$/, ''));
    expect([...new Set(rooms)].sort()).toEqual(['core/src/fields', 'core/src/filter']);
  });

  it('has its fields on its page as they are, and every example there is right', () => {
    const page = readFileSync(`${root}docs/reference/filter.md`, 'utf8');
    expect(page).toContain(filterReference());
    const examples = [...page.matchAll(/```filter\n([\s\S]*?)```/g)].flatMap(([, block]) =>
      block!.trim().split('\n'),
    );
    expect(examples.length).toBeGreaterThan(20);
    for (const example of examples)
      expect([example, parseFilter(example)]).toEqual([example, expect.objectContaining({ ok: true })]);
  });
});
