import { parseFilter } from '@weir/core/filter';

/** What is wrong with a finding's filter; nothing where it can be asked. */
export function filterProblem(text: string): string | undefined {
  const parsed = parseFilter(text);
  return parsed.ok ? undefined : `${text}: ${parsed.problems[0]!.message}`;
}
