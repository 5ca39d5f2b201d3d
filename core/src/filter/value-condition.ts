import type { AdHocFilter } from '../query/model.ts';
import { type Condition, type Filter, type Test, all, not } from './ast.ts';
import { filterField, isTextual } from './field-types.ts';
import type { Field } from '../fields/fields.ts';
import { refusal, textTest, valueTest } from './parser.ts';
import { type Wrong, readNumber, shown, suggestion } from './values.ts';
import { fields } from '../fields/fields.ts';

export type ValueOperator = AdHocFilter['operator'];

/**
 * A condition made of pieces that come from elsewhere than a text: a cell of a table, a dashboard's ad hoc filter. The values are values,
 * whatever stands in them. An empty value asks for what is not known. `.*` matches all flows, so that it is no condition.
 */
export function valueCondition(
  name: string,
  operator: ValueOperator,
  values: readonly string[],
): Filter | Wrong {
  const field = filterField(name);
  if (field === undefined)
    return {
      message: `There is no field ${shown(name)}.`,
      advice:
        suggestion(
          name,
          fields.map((f) => f.name),
        ) ?? 'Choose one of the fields.',
    };
  const negated = operator.startsWith('!');
  const made =
    operator === '=~' || operator === '!~'
      ? matching(field, values[0] ?? '')
      : testing(field, operator, values);
  if ('message' in made) return made;
  if ('everything' in made)
    return negated
      ? { message: `No flow has a ${field.name} without a match of .*.`, advice: 'Take the condition away.' }
      : all;
  const condition: Condition = { kind: 'condition', field: field.name, test: made };
  return negated ? not(condition) : condition;
}

function testing(field: Field, operator: ValueOperator, values: readonly string[]): Test | Wrong {
  if (operator === '<' || operator === '>') {
    const refused = refusal(field, operator);
    if (refused !== undefined) return refused;
    const reading = readNumber(field, values[0] ?? '');
    return 'number' in reading ? { kind: 'compare', operator, value: reading.number } : reading;
  }
  if (values.length === 0)
    return { message: `There is no value for ${field.name}.`, advice: 'Choose a value.' };
  if (values.length === 1 && values[0] === '') return { kind: 'unknown' };
  return valueTest(field, 'in', values, true);
}

function matching(field: Field, pattern: string): Test | Wrong | { readonly everything: true } {
  if (/^(\(?\.\*\)?|\^\.\*\$)?$/.test(pattern)) return { everything: true };
  if (pattern === '.+') return { kind: 'known' };
  if (isTextual(field)) return textTest('match', pattern);
  // What Grafana makes of several values of a variable: plain ones with | between
  const plain = /^\(?([^()|]+(?:\|[^()|]+)*)\)?$/.exec(pattern);
  if (plain === null) return refusal(field, 'match') ?? textTest('match', pattern);
  return valueTest(field, 'in', plain[1]!.replaceAll('\\', '').split('|'), true);
}
