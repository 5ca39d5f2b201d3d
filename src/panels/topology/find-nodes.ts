import type { TopologyNode } from './model.ts';

/** The nodes whose title, subtitle or id holds the text; those that begin with it first, then by traffic. */
export function findNodes(nodes: readonly TopologyNode[], text: string): readonly TopologyNode[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const begins = (node: TopologyNode): number => Number(node.title.toLowerCase().startsWith(wanted));
  return nodes
    .filter(({ title, subtitle, id }) =>
      [title, subtitle, id].some((held) => held.toLowerCase().includes(wanted)),
    )
    .sort((one, two) => begins(two) - begins(one) || two.total - one.total);
}
