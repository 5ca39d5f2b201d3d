import type { Filter, Term } from './ast.ts';
import { formatFilter } from './format.ts';
import { isSpace, lex } from './lexer.ts';
import { type Place, parseWithPlaces } from './parser.ts';
import { type ValueOperator, valueCondition } from './value-condition.ts';

/**
 * The text with a condition more, all else as it was: click-to-filter. The opposite condition (`!=` where `=` is added) is taken away,
 * and what is there already is not added twice. Throws where the value is none of the field's.
 */
export function addCondition(
  text: string,
  field: string,
  operator: ValueOperator,
  value: string | readonly string[],
): string {
  const wanted = made(field, operator, value);
  if (wanted === '' || has(text, wanted)) return text;
  const opposite = opposites[operator];
  const rest = (opposite === undefined ? text : removeCondition(text, field, opposite, value)).trim();
  if (rest === '') return wanted;
  const either = lex(rest).some(
    (t) => (t.kind === 'word' && t.value.toLowerCase() === 'or') || (t.kind === 'symbol' && t.value === '||'),
  );
  const parsed = parseWithPlaces(rest);
  const joined =
    parsed.problems.length === 0
      ? parsed.filter.kind === 'or' && !inBrackets(rest, parsed.places.get(parsed.filter))
      : either;
  return joined ? `(${rest}) and ${wanted}` : `${rest} and ${wanted}`;
}

/** The text without the condition, all else as it was; unchanged where it is not one of those that must all hold. */
export function removeCondition(
  text: string,
  field: string,
  operator: ValueOperator,
  value: string | readonly string[],
): string {
  const wanted = made(field, operator, value);
  for (let rest = text; ;) {
    const place = placesOf(rest, wanted)[0];
    if (place === undefined) return rest;
    rest = without(rest, place);
  }
}

/** Whether the condition is one of those that must all hold. */
export function hasCondition(
  text: string,
  field: string,
  operator: ValueOperator,
  value: string | readonly string[],
): boolean {
  return has(text, made(field, operator, value));
}

const opposites: Partial<Record<ValueOperator, ValueOperator>> = {
  '=': '!=',
  '!=': '=',
  '=~': '!~',
  '!~': '=~',
  '=|': '!=|',
  '!=|': '=|',
};

function made(field: string, operator: ValueOperator, value: string | readonly string[]): string {
  const condition = valueCondition(field, operator, typeof value === 'string' ? [value] : value);
  if ('message' in condition) throw new Error(`${condition.message} ${condition.advice}`);
  return formatFilter(condition);
}

function has(text: string, wanted: string): boolean {
  return wanted !== '' && placesOf(text, wanted).length > 0;
}

function placesOf(text: string, wanted: string): Place[] {
  const { filter, places, problems } = parseWithPlaces(text);
  if (problems.length > 0 || wanted === '') return [];
  return topTerms(filter)
    .filter((term) => formatFilter(term) === wanted)
    .map((term) => places.get(term))
    .filter((place) => place !== undefined);
}

function topTerms(filter: Filter): readonly Term[] {
  return filter.kind === 'all' ? [] : filter.kind === 'and' ? filter.terms : [filter];
}

function inBrackets(text: string, place: Place | undefined): boolean {
  // The place of a term takes in its own brackets; those of its first and last part do not enclose it all
  if (place === undefined || text[place.from] !== '(') return false;
  let open = 0;
  const tokens = lex(text);
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'symbol') continue;
    if (token.value === '(' || token.value === '[') open++;
    if ((token.value === ')' || token.value === ']') && --open === 0) return i === tokens.length - 1;
  }
  return false;
}

/** Takes the term away, and the `and` that joined it. */
function without(text: string, place: Place): string {
  const tokens = lex(text);
  const isAnd = (i: number): boolean =>
    (tokens[i]?.kind === 'word' && tokens[i].value.toLowerCase() === 'and') ||
    (tokens[i]?.kind === 'symbol' && tokens[i].value === '&&');
  const before = tokens.findLastIndex((t) => t.to <= place.from);
  const after = tokens.findIndex((t) => t.from >= place.to);
  let { from, to } = place;
  if (isAnd(before)) from = before > 0 ? tokens[before - 1]!.to : 0;
  else if (isAnd(after)) to = tokens[after + 1]?.from ?? text.length;
  const rest = text.slice(0, from) + text.slice(to);
  return [...rest].every(isSpace) ? '' : rest;
}
