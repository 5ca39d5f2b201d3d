import { describe, expect, it } from '@jest/globals';
import type { DataFrame, Field } from '@grafana/data';
import type { ClickFilter } from '../filters/click-filter.ts';
import { filtersOfLink, filtersOfNode } from './clicks.ts';
import { highlightOf } from './highlight.ts';
import type { LayoutOptions } from './layout.ts';
import { layoutSankey, visibleLabels } from './layout.ts';
import type { ReadingOptions, SankeyModel } from './model.ts';
import { readSankey } from './model.ts';

const reading: ReadingOptions = { showOther: true, byOrigin: false, valueField: '' };
const layoutOptions: LayoutOptions = {
  width: 1000,
  height: 400,
  margin: { left: 100, right: 100, top: 20, bottom: 10 },
  nodeWidth: 12,
  nodePadding: 8,
  labelHeight: 16,
};

function frame(name: string, columns: Record<string, readonly (string | number | null)[]>): DataFrame {
  const fields = Object.entries(columns).map(
    ([column, values]): Field =>
      ({
        name: column,
        type: values.some((value) => typeof value === 'string') ? 'string' : 'number',
        config: {},
        values: [...values],
      }) as Field,
  );
  return { name, fields, length: fields[0]?.values.length ?? 0 } as DataFrame;
}

function modelOf(frames: readonly DataFrame[], options: Partial<ReadingOptions> = {}): SankeyModel {
  const answer = readSankey(frames, { ...reading, ...options });
  if (answer.kind === 'empty') throw new Error(answer.reason);
  return answer.model;
}

const paths = frame('paths', {
  source_ip: ['a', 'a', 'b', 'Other'],
  exporter: ['edge', 'core', 'core', 'Other'],
  destination_ip: ['x', 'y', 'y', 'Other'],
  value: [50, 20, 10, 20],
});

describe('a frame of paths', () => {
  it('gives a node for each name at each stage, with what flows through it', () => {
    const model = modelOf([paths]);
    expect(model.stages).toEqual([
      { key: 'source_ip', title: 'Source IP' },
      { key: 'exporter', title: 'Exporter' },
      { key: 'destination_ip', title: 'Destination IP' },
    ]);
    expect(Object.fromEntries(model.nodes.map(({ id, value }) => [id, value]))).toEqual({
      '0:a': 70,
      '0:b': 10,
      '0:Other': 20,
      '1:edge': 50,
      '1:core': 30,
      '1:Other': 20,
      '2:x': 50,
      '2:y': 30,
      '2:Other': 20,
    });
    expect(model.total).toBe(100);
  });

  it('joins links of the same ends, or splits them by where they come from', () => {
    const between = (model: SankeyModel): number[] =>
      model.links.filter(({ source, target }) => source === '1:core' && target === '2:y').map((l) => l.value);
    expect(between(modelOf([paths]))).toEqual([30]);
    expect(between(modelOf([paths], { byOrigin: true }))).toEqual([20, 10]);
  });

  it('adds up rows of the same path and leaves out what is nought or no number', () => {
    const model = modelOf([
      frame('', { from: ['a', 'a', 'b', 'c'], to: ['x', 'x', 'x', 'x'], bytes: [1, 2, 0, null] }),
    ]);
    expect(model.nodes.map(({ id, value }) => [id, value])).toEqual([
      ['0:a', 3],
      ['1:x', 3],
    ]);
  });

  it('can be shown without "Other"', () => {
    const model = modelOf([paths], { showOther: false });
    expect(model.nodes.filter(({ other }) => other)).toEqual([]);
    expect(model.total).toBe(80);
  });

  it('may be any table with two text fields and a number', () => {
    const table = frame('A', { host: ['h1'], app: ['dns'], sessions: [4] });
    expect(modelOf([table]).stages.map(({ title }) => title)).toEqual(['Host', 'App']);
    expect(modelOf([table]).valueTitle).toBe('Sessions');
  });

  it('is summed up where there are more paths than can be told apart', () => {
    const many = Array.from({ length: 1000 }, (_, n) => `h${n}`);
    const model = modelOf([frame('paths', { a: many, b: many.map(() => 'x'), value: many.map(() => 1) })]);
    expect(model.total).toBe(1000);
    expect(model.nodes.find(({ id }) => id === '0:Other')?.value).toBe(700);
  });

  it('is preferred to the frame of links beside it', () => {
    const links = frame('links', {
      source: ['q'],
      target: ['r'],
      value: [1],
      source_stage: [0],
      target_stage: [1],
    });
    expect(modelOf([links, paths]).paths.length).toBe(4);
  });
});

describe('a frame of links', () => {
  it('takes the stages that it tells', () => {
    const model = modelOf([
      frame('links', {
        source: ['a', 'b', 'm'],
        target: ['m', 'm', 'a'],
        value: [1, 2, 3],
        source_stage: [0, 0, 1],
        target_stage: [1, 1, 2],
      }),
    ]);
    expect(model.nodes.map(({ id, value }) => [id, value])).toEqual([
      ['0:a', 1],
      ['1:m', 3],
      ['0:b', 2],
      ['2:a', 3],
    ]);
    expect(model.total).toBe(3);
  });

  it('without stages: has as many as links follow each other', () => {
    const model = modelOf([
      frame('', { source: ['a', 'm', 'b'], target: ['m', 'x', 'x'], value: [1, 1, 1] }),
    ]);
    expect(model.nodes.map(({ id }) => id).sort()).toEqual(['0:a', '0:b', '1:m', '2:x']);
  });

  it('with a circle: puts what sends on the left and what receives on the right', () => {
    const model = modelOf([frame('', { source: ['a', 'b'], target: ['b', 'a'], value: [1, 2] })]);
    expect(model.nodes.map(({ id }) => id).sort()).toEqual(['0:a', '0:b', '1:a', '1:b']);
    expect(model.stages.map(({ title }) => title)).toEqual(['Source', 'Target']);
  });
});

describe('what cannot be drawn', () => {
  it('is said', () => {
    expect(readSankey([], reading)).toEqual({ kind: 'empty', reason: 'No data in this range' });
    expect(readSankey([frame('', { host: ['a'], value: [1] })], reading)).toMatchObject({
      kind: 'empty',
      reason: expect.stringContaining('two or more text fields'),
    });
    expect(readSankey([frame('', { a: ['a'], b: ['b'], value: [0] })], reading)).toMatchObject({
      kind: 'empty',
    });
  });
});

describe('the layout', () => {
  it('puts stages from left to right and "Other" last', () => {
    const model = modelOf([paths]);
    const { nodes, order } = layoutSankey(model, layoutOptions, undefined);
    expect(nodes.get('0:a')!.x0).toBe(100);
    expect(nodes.get('2:x')!.x1).toBe(900);
    expect(order.map((stage) => stage.at(-1))).toEqual(['0:Other', '1:Other', '2:Other']);
    for (const stage of order) {
      const boxes = stage.map((id) => nodes.get(id)!);
      boxes.slice(1).forEach((box, at) => expect(box.y0).toBeGreaterThanOrEqual(boxes[at]!.y1));
    }
  });

  it('draws heights by value and stays within the panel', () => {
    const { nodes } = layoutSankey(modelOf([paths]), layoutOptions, undefined);
    const height = (id: string): number => nodes.get(id)!.y1 - nodes.get(id)!.y0;
    expect(height('0:a') / height('0:b')).toBeCloseTo(7, 5);
    for (const { y0, y1 } of nodes.values()) {
      expect(y0).toBeGreaterThanOrEqual(20 - 1e-6);
      expect(y1).toBeLessThanOrEqual(390 + 1e-6);
    }
  });

  it('keeps the order of nodes when values change and new ones come', () => {
    const first = layoutSankey(modelOf([paths]), layoutOptions, undefined);
    const later = modelOf([
      frame('paths', {
        source_ip: ['a', 'a', 'b', 'n', 'Other'],
        exporter: ['edge', 'core', 'core', 'core', 'Other'],
        destination_ip: ['x', 'y', 'y', 'y', 'Other'],
        value: [5, 60, 40, 12, 20],
      }),
    ]);
    const second = layoutSankey(later, layoutOptions, first.order);
    second.order.forEach((stage, at) => {
      const still = first.order[at]!.filter((id) => stage.includes(id));
      expect(stage.filter((id) => still.includes(id))).toEqual(still);
    });
    expect(second.order[0]!.at(-1)).toBe('0:Other');
    expect(second.order[0]).toContain('0:n');
  });

  it('sorts anew once the kept order has become a tangle', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const model = modelOf([
      frame('paths', { from: names, to: names.map((name) => name.toUpperCase()), value: names.map(() => 1) }),
    ]);
    const tangled = [names.map((n) => `0:${n}`), [...names].reverse().map((n) => `1:${n.toUpperCase()}`)];
    const { order } = layoutSankey(model, layoutOptions, tangled);
    expect(order[1]!.map((id) => id.slice(2).toLowerCase())).toEqual(order[0]!.map((id) => id.slice(2)));
  });

  it('is the same for the same data', () => {
    const once = layoutSankey(modelOf([paths]), layoutOptions, undefined);
    const again = layoutSankey(modelOf([paths]), layoutOptions, undefined);
    expect([...again.nodes]).toEqual([...once.nodes]);
  });

  it('shows the labels of the greater nodes and none over another', () => {
    const shown = visibleLabels(
      [
        { id: 'small', y: 10, value: 1 },
        { id: 'great', y: 18, value: 9 },
        { id: 'apart', y: 40, value: 2 },
      ],
      14,
    );
    expect([...shown].sort()).toEqual(['apart', 'great']);
  });
});

describe('the highlight', () => {
  it('follows paths through all stages and takes no other traffic along', () => {
    const lit = highlightOf(modelOf([paths], { byOrigin: true }), '0:b')!;
    expect([...lit.nodes].sort()).toEqual(['0:b', '1:core', '2:y']);
    expect(lit.links.size).toBe(2);
  });

  it('of a link is its paths', () => {
    const model = modelOf([paths], { byOrigin: true });
    const link = model.links.find(({ source, origin }) => source === '1:core' && origin === 'a')!;
    expect([...highlightOf(model, link.id)!.nodes].sort()).toEqual(['0:a', '1:core', '2:y']);
  });

  it('goes both ways where only links are known', () => {
    const model = modelOf([
      frame('', { source: ['a', 'm', 'b'], target: ['m', 'x', 'z'], value: [1, 1, 1] }),
    ]);
    expect([...highlightOf(model, '1:m')!.nodes].sort()).toEqual(['0:a', '1:m', '2:x']);
    expect(highlightOf(model, 'gone')).toBeNull();
  });
});

describe('a click', () => {
  const filters = (list: readonly ClickFilter[]): string[] => list.map(({ key, value }) => `${key}=${value}`);

  it('on a node asks for its name in its stage’s field', () => {
    const model = modelOf([paths]);
    expect(filters(filtersOfNode(model, '1:core', '='))).toEqual(['exporter=core']);
  });

  it('on a link asks for both ends', () => {
    const model = modelOf([paths]);
    const link = model.links.find(({ source }) => source === '1:edge')!;
    expect(filters(filtersOfLink(model, link.id, '='))).toEqual(['exporter=edge', 'destination_ip=x']);
  });

  it('on "Other", or where the field is not known, asks for nothing', () => {
    expect(filtersOfNode(modelOf([paths]), '1:Other', '=')).toEqual([]);
    const links = modelOf([frame('', { source: ['a'], target: ['b'], value: [1] })]);
    expect(filtersOfNode(links, '0:a', '=')).toEqual([]);
  });
});
