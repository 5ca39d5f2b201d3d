import { describe, expect, it } from '@jest/globals';
import { LayoutMemory } from './layout-memory.ts';
import { layOut } from './topology-layout.ts';

const edges = [
  { source: 'a', target: 'b', value: 10 },
  { source: 'b', target: 'c', value: 5 },
  { source: 'd', target: 'e', value: 1 },
];
const nodes = ['a', 'b', 'c', 'd', 'e'];

describe('the places of nodes', () => {
  it('are the same each time, in whatever order nodes and edges come', () => {
    const first = layOut(nodes, edges, new Map());
    const again = layOut([...nodes].reverse(), [...edges].reverse(), new Map());
    expect(Object.fromEntries(again)).toEqual(Object.fromEntries(first));
  });

  it('are apart from each other, and known for every node', () => {
    const places = [...layOut(nodes, edges, new Map()).values()];
    expect(places).toHaveLength(nodes.length);
    const distances = places.flatMap((p, i) =>
      places.slice(i + 1).map((q) => Math.hypot(p.x - q.x, p.y - q.y)),
    );
    expect(Math.min(...distances)).toBeGreaterThan(40);
  });

  it('stay from one refresh to the next, when nodes come and go, and when they come back', () => {
    const memory = new LayoutMemory();
    const before = new Map(memory.place('picture', nodes, edges));
    const grown = memory.place(
      'picture',
      [...nodes, 'f'],
      [...edges, { source: 'a', target: 'f', value: 3 }],
    );
    for (const id of nodes) expect(grown.get(id)).toEqual(before.get(id));
    expect(grown.get('f')).toBeDefined();
    memory.place('picture', ['a', 'b'], edges.slice(0, 1));
    expect(memory.place('picture', nodes, edges).get('c')).toEqual(before.get('c'));
  });

  it('are kept for each picture apart', () => {
    const memory = new LayoutMemory();
    memory.place('one', nodes, edges);
    expect([...memory.place('two', ['a', 'b'], edges.slice(0, 1)).keys()]).toEqual(['a', 'b']);
  });
});
