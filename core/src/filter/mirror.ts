import { mirrored } from '../fields/fields.ts';
import { type Filter, type Term, and, not, or } from './ast.ts';
import { knownField } from './field-types.ts';

/** What counts one direction, and what counts the other: no mirror of each other in groupings, but in filters. */
const directions = new Map(
  (
    [
      ['bytes', 'bytes_out'],
      ['packets', 'packets_out'],
      ['tcp_flags', 'tcp_flags_out'],
    ] as const
  ).flatMap(([a, b]) => [
    [a as string, b as string],
    [b, a],
  ]),
);

/** The filter for the same traffic the other way: source and destination, input and output, forth and back change places. */
export function mirrorFilter(filter: Filter): Filter {
  return filter.kind === 'all' ? filter : mirrorTerm(filter);
}

function mirrorTerm(term: Term): Term {
  switch (term.kind) {
    case 'condition':
      return { ...term, field: directions.get(term.field) ?? mirrored(knownField(term.field)).name };
    case 'not':
      return not(mirrorTerm(term.term));
    case 'and':
      return and(term.terms.map(mirrorTerm)) as Term;
    case 'or':
      return or(term.terms.map(mirrorTerm));
  }
}
