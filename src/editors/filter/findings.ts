import { type Finding, problems } from '@weir/core/filter';
import { variableReferences } from './variable-references.ts';

/** What is wrong or odd in a filter that is being edited; what a variable will be is not known, so that nothing is said of it. */
export function findingsIn(text: string): Finding[] {
  if (text.trim() === '') return [];
  const variables = variableReferences(text);
  return problems(text).filter(
    (found) => !variables.some(({ from, to }) => found.from < to && from < found.to),
  );
}
