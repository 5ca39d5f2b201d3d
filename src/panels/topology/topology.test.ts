import { describe, expect, it } from '@jest/globals';
import type { DataFrame, Field } from '@grafana/data';
import type { ArrangedEdge, ArrangedNode, Places } from './arrangement.ts';
import { Arrangement, leftToRight, ringOf } from './arrangement.ts';
import { distanceTo, laneBetween, liveliness, pointOn, widthOfRate } from './lanes.ts';
import { findNodes } from './find-nodes.ts';
import type { TopologyModel } from './model.ts';
import { filtersOfEdge, filtersOfNode, readTopology, roundUp, thresholdColour } from './model.ts';
import { placesOf, restore, savePlaces } from './places-memory.ts';

type Column = readonly (string | number | null)[] | Partial<Field>;

function frame(name: string, columns: Record<string, Column>, meta: DataFrame['meta'] = {}): DataFrame {
  const fields = Object.entries(columns).map(([column, content]): Field => {
    const rest = Array.isArray(content) ? { values: [...content] } : (content as Partial<Field>);
    const text = (rest.values ?? []).some((value: unknown) => typeof value === 'string');
    return { name: column, type: text ? 'string' : 'number', config: {}, values: [], ...rest } as Field;
  });
  return { name, fields, meta, length: fields[0]?.values.length ?? 0 } as DataFrame;
}

const options = { groupField: '', filterKey: '' };

function modelOf(frames: readonly DataFrame[], rest: Partial<typeof options> = {}): TopologyModel {
  const reading = readTopology(frames, { ...options, ...rest });
  if (reading.kind === 'empty') throw new Error(reading.reason);
  return reading.model;
}

const edges = frame('edges', {
  id: ['1', '2', '3'],
  source: ['a', 'b', 'a'],
  target: ['b', 'c', ''],
  value: [100, 50, 10],
  reverse_value: [20, 0, 0],
  utilization: [85, -1, 10],
});
const nodes = frame(
  'nodes',
  {
    id: ['a', 'b', 'c'],
    title: ['edge-1', 'core-1', 'AS 1'],
    subtitle: ['router', 'router', 'internet'],
    mainstat: [130, 170, 50],
    fixedX: [1, 2, 3],
    fixedY: [4, 5, 6],
    arc__in: { values: [0.25, 1, 0], config: { color: { mode: 'fixed', fixedColor: 'blue' } } },
  },
  { custom: { filterKey: 'exporter' } },
);

describe('the frames of a topology', () => {
  it('give nodes and edges with rates both ways', () => {
    const model = modelOf([nodes, edges]);
    expect(
      model.edges.map(({ source, target, rate, reverseRate }) => [source, target, rate, reverseRate]),
    ).toEqual([
      ['a', 'b', 100, 20],
      ['b', 'c', 50, 0],
      ['a', '', 10, 0],
    ]);
    expect(model.nodes.map(({ title, total }) => [title, total])).toEqual([
      ['edge-1', 130],
      ['core-1', 170],
      ['AS 1', 50],
      ['Other', 10],
    ]);
    expect(model.total).toBe(180);
  });

  it('are as the backend writes them, in the form of a node graph', () => {
    const columns = {
      id: ['a → b'],
      source: ['a'],
      target: ['b'],
      mainstat: [100],
      secondarystat: [20],
      detail__utilization: [85],
    };
    const [ours] = modelOf([frame('edges', columns, { custom: { node: 'host' } })]).edges;
    expect(ours).toMatchObject({ rate: 100, reverseRate: 20, utilization: 85 });
    const [others] = modelOf([frame('edges', columns)]).edges;
    expect(others).toMatchObject({ rate: 100, reverseRate: 0 });
  });

  it('may be Grafana’s own: names in any case, positions, arcs', () => {
    const [first] = modelOf([nodes, edges]).nodes;
    expect(first).toMatchObject({ group: 'router', seed: { x: 1, y: 4 } });
    expect(first!.arcs).toEqual([{ share: 0.25, colour: 'blue', title: 'In' }]);
  });

  it('may be edges alone', () => {
    const model = modelOf([frame('', { source: ['x'], target: ['y'] })]);
    expect(model.nodes.map(({ id }) => id)).toEqual(['x', 'y']);
    expect(model.edges[0]!.rate).toBe(1);
  });

  it('colour edges by utilization where it is known', () => {
    const model = modelOf([nodes, edges]);
    expect(model.edges.map(({ colour }) => colour)).toEqual(['orange', '', 'green']);
    expect(model.edges[1]!.utilization).toBeNaN();
    expect(model.thresholds.length).toBe(4);
  });

  it('colour by the thresholds of the field, with null for the lowest as saved dashboards have it', () => {
    const steps = [
      { value: null as unknown as number, color: 'blue' },
      { value: 70, color: 'purple' },
    ];
    const utilization = {
      values: [70, 20],
      config: { thresholds: { mode: 'absolute', steps } },
    } as Partial<Field>;
    const model = modelOf([frame('', { source: ['a', 'b'], target: ['b', 'c'], utilization })]);
    expect(model.edges.map(({ colour }) => colour)).toEqual(['purple', 'blue']);
    expect(thresholdColour(model.thresholds, 69.9)).toBe('blue');
  });

  it('without utilization have no legend of colours', () => {
    expect(modelOf([frame('', { source: ['a'], target: ['b'], utilization: [-1] })]).thresholds).toEqual([]);
  });

  it('that cannot be drawn are said', () => {
    expect(readTopology([], options)).toEqual({ kind: 'empty', reason: 'No data in this range' });
    expect(readTopology([frame('', { host: ['a'] })], options)).toMatchObject({
      reason: expect.stringContaining('source and target'),
    });
  });

  it('keep the scale of widths while rates waver', () => {
    expect([0, 0.3, 1, 1.1, 4.9e8, 5e8, 6e8].map(roundUp)).toEqual([1, 0.5, 1, 2, 5e8, 5e8, 1e9]);
  });
});

describe('a click', () => {
  it('on a node asks for it in the field that the frame or the panel names', () => {
    const [first] = modelOf([nodes, edges]).nodes;
    expect(filtersOfNode(first, '=')).toEqual([{ key: 'exporter', value: 'a', operator: '=' }]);
    const [told] = modelOf([nodes, edges], { filterKey: 'router' }).nodes;
    expect(filtersOfNode(told, '!=')).toEqual([{ key: 'router', value: 'a', operator: '!=' }]);
  });

  it('on an edge asks for both ends, and never for "Other"', () => {
    const model = modelOf([nodes, edges]);
    expect(filtersOfEdge(model, model.edges[0]!, '=').map(({ value }) => value)).toEqual(['a', 'b']);
    expect(filtersOfEdge(model, model.edges[2]!, '=').map(({ value }) => value)).toEqual(['a']);
  });
});

const at = (id: string, rest: Partial<ArrangedNode> = {}): ArrangedNode => ({
  id,
  radius: 8,
  group: '',
  seed: undefined,
  ...rest,
});
const star = (count: number): { nodes: ArrangedNode[]; edges: ArrangedEdge[] } => ({
  nodes: ['hub', ...Array.from({ length: count }, (_, n) => `n${n}`)].map((id) => at(id)),
  edges: Array.from({ length: count }, (_, n) => ({ source: 'hub', target: `n${n}` })),
});
const noPlaces = (): Places => ({ positions: new Map(), pinned: new Set() });
function settle(arrangement: Arrangement): number {
  let steps = 0;
  while (arrangement.step() && steps < 2000) steps++;
  return steps;
}

describe('the force layout', () => {
  it('cools and then stays still', () => {
    const places = noPlaces();
    const arrangement = new Arrangement(places);
    const { nodes: all, edges: springs } = star(20);
    arrangement.update(all, springs, 1.6, false);
    expect(settle(arrangement)).toBeLessThan(1000);
    const before = new Map(places.positions);
    expect(arrangement.step()).toBe(false);
    expect(places.positions).toEqual(before);
  });

  it('does not move anything when only rates have changed', () => {
    const places = noPlaces();
    const arrangement = new Arrangement(places);
    const { nodes: all, edges: springs } = star(20);
    arrangement.update(all, springs, 1.6, false);
    settle(arrangement);
    const before = new Map(places.positions);
    arrangement.update(all, springs.slice(3), 1.6, false);
    expect(arrangement.warm).toBe(false);
    expect(places.positions).toEqual(before);
  });

  it('leaves all where they are when one joins, and puts that one near its neighbours', () => {
    const places = noPlaces();
    const arrangement = new Arrangement(places);
    const small = star(20);
    arrangement.update(small.nodes, small.edges, 1.6, false);
    settle(arrangement);
    const before = new Map(places.positions);
    const more = star(21);
    arrangement.update(more.nodes, more.edges, 1.6, false);
    settle(arrangement);
    for (const [id, place] of before) expect(places.positions.get(id)).toEqual(place);
    const joined = places.positions.get('n20')!;
    const hub = places.positions.get('hub')!;
    expect(Math.hypot(joined.x - hub.x, joined.y - hub.y)).toBeLessThan(400);
  });

  it('gives what comes back its old place', () => {
    const places = noPlaces();
    const arrangement = new Arrangement(places);
    const { nodes: all, edges: springs } = star(10);
    arrangement.update(all, springs, 1, false);
    settle(arrangement);
    const before = places.positions.get('n4');
    arrangement.update(
      all.filter(({ id }) => id !== 'n4'),
      springs,
      1,
      false,
    );
    arrangement.update(all, springs, 1, false);
    settle(arrangement);
    expect(places.positions.get('n4')).toEqual(before);
  });

  it('starts from the places that the frame gives', () => {
    const places = noPlaces();
    const arrangement = new Arrangement(places);
    arrangement.update(
      [at('a', { seed: { x: -50, y: 7 } }), at('b', { seed: { x: 50, y: 7 } })],
      [],
      1,
      false,
    );
    expect(places.positions.get('a')).toEqual({ x: -50, y: 7 });
    settle(arrangement);
    expect(places.positions.get('a')!.x).toBeLessThan(places.positions.get('b')!.x);
  });

  it('keeps what is pinned, even when all is laid out anew', () => {
    const places = noPlaces();
    const arrangement = new Arrangement(places);
    const { nodes: all, edges: springs } = star(10);
    arrangement.update(all, springs, 1, false);
    settle(arrangement);
    arrangement.move('n3', { x: 777, y: -777 });
    arrangement.pin('n3');
    arrangement.restart();
    arrangement.update(all, springs, 1, false);
    settle(arrangement);
    expect(places.positions.get('n3')).toEqual({ x: 777, y: -777 });
  });

  it('is the same for the same data, and no two nodes lie on each other', () => {
    const picture = (): Places => {
      const places = noPlaces();
      const arrangement = new Arrangement(places);
      const { nodes: all, edges: springs } = star(30);
      arrangement.update(all, springs, 1.6, false);
      settle(arrangement);
      return places;
    };
    const one = [...picture().positions];
    expect([...picture().positions]).toEqual(one);
    one.forEach(([, a], n) =>
      one.slice(n + 1).forEach(([, b]) => expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(16)),
    );
  });
});

describe('the other layouts', () => {
  it('the ring has groups beside each other', () => {
    const ring = ringOf([at('a', { group: 'x' }), at('b', { group: 'y' }), at('c', { group: 'x' })], 1);
    expect([...ring.keys()]).toEqual(['a', 'c', 'b']);
    for (const { x, y } of ring.values()) expect(Math.hypot(x, y)).toBeCloseTo(160, 6);
  });

  it('left to right follows the edges, and lives with circles', () => {
    const places = leftToRight(
      [at('a'), at('b'), at('c'), at('d')],
      [
        { source: 'a', target: 'b' },
        { source: 'b', target: 'c' },
        { source: 'c', target: 'b' },
        { source: 'a', target: 'c' },
        { source: 'gone', target: 'c' },
      ],
      1.6,
    );
    const x = (id: string): number => places.get(id)!.x;
    expect(x('a')).toBeLessThan(x('b'));
    expect(x('b')).toBeLessThan(x('c'));
    expect(x('d')).toBe(x('a'));
  });
});

describe('the memory of places', () => {
  it('outlives the page within the session', () => {
    const stored = new Map<string, string>();
    const storage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
    };
    const places = placesOf('dash:1', storage);
    places.positions.set('a', { x: 1.4, y: 2 });
    places.pinned.add('a');
    savePlaces('dash:1', places, storage);
    const [text] = [...stored.values()];
    expect(restore(text!)).toEqual({ positions: new Map([['a', { x: 1, y: 2 }]]), pinned: new Set(['a']) });
    expect(placesOf('dash:1', undefined)).toBe(places);
  });

  it('takes nothing from what it cannot read', () => {
    for (const text of [null, '', '{', '[]', '{"positions":[[1,2,3],["a","x",1]],"pinned":["a"]}']) {
      expect(restore(text)).toEqual(noPlaces());
    }
  });
});

describe('lanes', () => {
  const from = { x: 0, y: 0 };
  const to = { x: 100, y: 0 };

  it('of the two directions lie on either side', () => {
    const there = pointOn(laneBetween(from, to, 4), 0.5);
    const back = pointOn(laneBetween(to, from, 4), 0.5);
    expect(there.y).toBeGreaterThan(3);
    expect(back.y).toBeCloseTo(-there.y, 9);
  });

  it('can be pointed at', () => {
    const lane = laneBetween(from, to, 0);
    expect(distanceTo(lane, pointOn(lane, 0.5))).toBeLessThan(0.1);
    expect(distanceTo(lane, { x: 50, y: 60 })).toBeGreaterThan(40);
  });

  it('are broader and livelier the more they carry', () => {
    expect([0, 1, 25, 100, 400].map((rate) => widthOfRate(rate, 100, 9))).toEqual([0, 1.8, 5, 9, 9]);
    expect([0, 0.001, 1, 100, 1000].map((rate) => liveliness(rate, 100))).toEqual([0, 0, 0.5, 1, 1]);
  });
});

describe('the search for a node', () => {
  it('finds by any part, what begins so first, then by traffic', () => {
    const all = modelOf([nodes, edges]).nodes;
    expect(findNodes(all, 'e').map(({ title }) => title)).toEqual(['edge-1', 'core-1', 'AS 1', 'Other']);
    expect(findNodes(all, 'INTERNET').map(({ title }) => title)).toEqual(['AS 1']);
    expect(findNodes(all, ' ')).toEqual([]);
  });
});
