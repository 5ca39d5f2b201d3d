import type { SankeyModel } from './model.ts';

/** What lights up together. */
export interface Highlight {
  readonly nodes: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
}

/** All that flows through a node or a link, from the first stage to the last; null for an id that is not there. */
export function highlightOf(model: SankeyModel, id: string): Highlight | null {
  const node = model.nodes.find((one) => one.id === id);
  const link = node === undefined ? model.links.find((one) => one.id === id) : undefined;
  if (node === undefined && link === undefined) return null;
  if (model.paths.length > 0) {
    const through = model.paths.filter((path) =>
      node === undefined ? path.links.includes(id) : path.nodes.includes(id),
    );
    return {
      nodes: new Set(through.flatMap((path) => path.nodes)),
      links: new Set(through.flatMap((path) => path.links)),
    };
  }
  // Links alone do not say what went on to where: all that can be reached lights up.
  const nodes = new Set<string>(node === undefined ? [link!.source, link!.target] : [id]);
  const links = new Set<string>(link === undefined ? [] : [link.id]);
  const walk = (start: string, from: 'source' | 'target', to: 'source' | 'target'): void => {
    const next = [start];
    const seen = new Set(next);
    for (let at = 0; at < next.length; at++) {
      for (const one of model.links) {
        if (one[from] !== next[at]) continue;
        links.add(one.id);
        nodes.add(one[to]);
        if (!seen.has(one[to])) {
          seen.add(one[to]);
          next.push(one[to]);
        }
      }
    }
  };
  walk(node === undefined ? link!.target : id, 'source', 'target');
  walk(node === undefined ? link!.source : id, 'target', 'source');
  return { nodes, links };
}
