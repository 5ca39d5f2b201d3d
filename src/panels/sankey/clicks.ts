import type { ClickFilter } from '../filters/click-filter.ts';
import type { SankeyModel } from './model.ts';

/** What a click on a node asks for: its name in the field of its stage. Nothing for "Other", which has no name to ask for. */
export function filtersOfNode(
  model: SankeyModel,
  id: string,
  operator: ClickFilter['operator'],
): readonly ClickFilter[] {
  const node = model.nodes.find((one) => one.id === id);
  const key = node === undefined ? '' : (model.stages[node.stage]?.key ?? '');
  if (node === undefined || node.other || key === '' || node.name === '(none)') return [];
  return [{ key, value: node.name, operator }];
}

/** What a click on a link asks for: both of its ends. */
export function filtersOfLink(
  model: SankeyModel,
  id: string,
  operator: ClickFilter['operator'],
): readonly ClickFilter[] {
  const link = model.links.find((one) => one.id === id);
  if (link === undefined) return [];
  return [link.source, link.target].flatMap((end) => filtersOfNode(model, end, operator));
}
