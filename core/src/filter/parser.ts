import type { Field } from '../fields/fields.ts';
import {
  type Condition,
  type Filter,
  type Problem,
  type Term,
  type Test,
  type Value,
  all,
  and,
  not,
  or,
} from './ast.ts';
import { rangeOf } from './address-range.ts';
import { filterField, filterFields } from './field-types.ts';
import { type Token, lex } from './lexer.ts';
import { type Operator, operatorsOf, symbolOperators, takes, wordOperators } from './operators.ts';
import { readRegularExpression } from './regular-expression.ts';
import { readAddresses } from './address-range.ts';
import { type Wrong, readFlags, readNumber, readValue, shown, suggestion } from './values.ts';

/** Longer texts are refused. */
export const MAX_FILTER_LENGTH = 16384;
/** Brackets and `not` within each other. */
export const MAX_FILTER_DEPTH = 64;
export const MAX_CONDITIONS = 500;
const MAX_PROBLEMS = 20;

export type ParseResult =
  | { readonly ok: true; readonly filter: Filter }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What a filter can ask for. */
export interface FieldList {
  /** A field by its name or an alias, in any case. */
  readonly find: (name: string) => Field | undefined;
  /** What a name may have been meant to be. */
  readonly names: () => Iterable<string>;
  /** Advice where a name is none and near none. */
  readonly advice: string;
  /** Advice where an address stands instead of a field. */
  readonly addressAdvice: (address: string) => string;
  /** A condition as it is written, for advice. */
  readonly example: string;
}

/** The fields of flows. */
const flowFields: FieldList = {
  find: filterField,
  names: fieldNames,
  advice: 'Fields are for instance source, destination, host, port, protocol, exporter.',
  addressAdvice: (address) => `Write host = ${address}, or source = or destination =.`,
  example: 'port = 443',
};

/**
 * Reads a filter. Never throws; the time grows with the length of the text. Empty text means all flows. With fields of its own the
 * language asks of other things than flows: `filterSql` and `filterPredicate` take filters of flows only.
 */
export function parseFilter(text: string, fieldList: FieldList = flowFields): ParseResult {
  const { filter, problems } = parseWithPlaces(text, fieldList);
  return problems.length === 0 ? { ok: true, filter } : { ok: false, problems };
}

export interface Place {
  readonly from: number;
  readonly to: number;
}

export interface Parsed {
  /** What could be read; complete only where there are no problems. */
  readonly filter: Filter;
  readonly problems: readonly Problem[];
  /** Where each term stands in the text, the brackets around it included. */
  readonly places: ReadonlyMap<Term, Place>;
  readonly tokens: readonly Token[];
}

export function parseWithPlaces(text: string, fieldList: FieldList = flowFields): Parsed {
  if (text.length > MAX_FILTER_LENGTH) {
    const problem = {
      from: MAX_FILTER_LENGTH,
      to: text.length,
      message: `The filter has ${text.length} characters.`,
      advice: `${MAX_FILTER_LENGTH} are allowed.`,
    };
    return { filter: all, problems: [problem], places: new Map(), tokens: [] };
  }
  return new Parser(text, fieldList).parse();
}

/** Why a condition cannot be, without a place: where the pieces do not come from a text. */
export function valueTest(
  field: Field,
  operator: Operator,
  texts: readonly string[],
  quoted: boolean,
): Test | Wrong {
  const refused = refusal(field, operator);
  if (refused !== undefined) return refused;
  const values: Value[] = [];
  for (const text of texts) {
    const reading = readValue(field, text, quoted);
    if (!('value' in reading)) return reading;
    values.push(reading.value);
  }
  return { kind: 'in', values };
}

/** Why the field does not take the operator; undefined where it does. */
export function refusal(field: Field, operator: Operator): Wrong | undefined {
  if (takes(field, operator)) return undefined;
  return {
    message: `${field.name} cannot be asked for this.`,
    advice:
      operator === 'match' && field.type === 'address'
        ? 'Write a prefix: = 10.0.0.0/8.'
        : `It takes ${operatorsOf(field)
            .map((o) => o.text)
            .join(', ')}.`,
  };
}

/** A test of a text: a part of it, or a regular expression. */
export function textTest(operator: 'match' | 'contains' | 'starts' | 'ends', text: string): Test | Wrong {
  if (text === '')
    return { message: 'The text is empty: every flow has it.', advice: 'Write a text, or is unknown.' };
  if (operator !== 'match') return { kind: 'text', how: operator, text };
  const reading = readRegularExpression(text);
  if ('expression' in reading) return { kind: 'match', pattern: text };
  return {
    message: `${reading.message.replace(/\.$/, '')} (character ${reading.at + 1} of the regular expression).`,
    advice: reading.advice,
  };
}

/** Ends the reading where there is no use in going on. */
class Stop extends Error {}

class Parser {
  private readonly text: string;
  private readonly fieldList: FieldList;
  private readonly tokens: readonly Token[];
  private readonly problems: Problem[] = [];
  private readonly places = new Map<Term, Place>();
  private at = 0;
  private depth = 0;
  private conditions = 0;

  constructor(text: string, fieldList: FieldList) {
    this.text = text;
    this.fieldList = fieldList;
    this.tokens = lex(text);
  }

  parse(): Parsed {
    let filter: Filter = all;
    try {
      if (this.tokens.length > 0) {
        const terms: Term[] = [];
        while (this.at < this.tokens.length) {
          const term = this.disjunction();
          if (term !== undefined) terms.push(term);
          const stray = this.tokens[this.at];
          if (stray !== undefined) {
            // The only token that ends a filter before its end
            this.problem(stray, 'This bracket closes nothing.', 'Take it away, or open it before.');
            this.at++;
            this.isAnd();
          }
        }
        filter = and(terms);
      }
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
    return { filter, problems: this.problems, places: this.places, tokens: this.tokens };
  }

  private problem(where: Place, message: string, advice: string): undefined {
    this.problems.push({ from: where.from, to: where.to, message, advice });
    if (this.problems.length >= MAX_PROBLEMS) throw new Stop();
    return undefined;
  }

  private get token(): Token | undefined {
    return this.tokens[this.at];
  }

  private isWord(word: string, token = this.token): boolean {
    return token?.kind === 'word' && token.value.toLowerCase() === word;
  }

  private isSymbol(symbol: string, token = this.token): boolean {
    return token?.kind === 'symbol' && token.value === symbol;
  }

  /** Takes the `and` that is next. */
  private isAnd(): boolean {
    if (!this.isWord('and') && !this.isSymbol('&&')) return false;
    this.at++;
    return true;
  }

  private atOr(): boolean {
    return this.isWord('or') || this.isSymbol('||');
  }

  /** Where something is missing: at the next token, or behind the text. */
  private here(): Place {
    const last = this.tokens.at(-1)?.to ?? 0;
    return this.token ?? { from: last, to: Math.max(last, this.text.length) };
  }

  private disjunction(): Term | undefined {
    const from = this.here().from;
    const terms: (Term | undefined)[] = [this.conjunction()];
    while (this.atOr()) {
      this.at++;
      terms.push(this.conjunction());
    }
    return this.joined(terms, or, from);
  }

  private conjunction(): Term | undefined {
    const from = this.here().from;
    const terms: (Term | undefined)[] = [this.negation()];
    for (;;) {
      if (!this.isAnd()) {
        if (this.token === undefined || this.atOr() || this.isSymbol(')')) break;
        this.problem(
          this.token,
          `There is no and or or before ${shown(this.token.value)}.`,
          'Join conditions with and, or with or; put values with spaces in quotes.',
        );
        const before = this.at;
        this.skip();
        if (this.at === before) this.at++;
        continue;
      }
      terms.push(this.negation());
    }
    return this.joined(terms, (list) => and(list) as Term, from);
  }

  private joined(
    terms: readonly (Term | undefined)[],
    join: (terms: Term[]) => Term,
    from: number,
  ): Term | undefined {
    const good = terms.filter((t) => t !== undefined);
    if (good.length <= 1) return good[0];
    return this.placed(join(good), from);
  }

  private placed<T extends Term>(term: T, from: number): T {
    this.places.set(term, { from, to: this.tokens[this.at - 1]!.to });
    return term;
  }

  private negation(): Term | undefined {
    const token = this.token;
    if (token === undefined || !(this.isWord('not') || this.isSymbol('!'))) return this.primary();
    this.at++;
    this.deeper(token);
    const term = this.negation();
    this.depth--;
    return term === undefined ? undefined : this.placed(not(term), token.from);
  }

  private deeper(token: Token): void {
    if (++this.depth <= MAX_FILTER_DEPTH) return;
    this.problem(
      token,
      'The filter is nested too deeply.',
      `${MAX_FILTER_DEPTH} brackets and nots within each other are allowed.`,
    );
    throw new Stop();
  }

  private primary(): Term | undefined {
    const token = this.token;
    if (token === undefined)
      return this.problem(
        this.here(),
        'A condition is missing.',
        `Write a field, an operator and a value: ${this.fieldList.example}.`,
      );
    if (!this.isSymbol('(')) return this.condition(token);
    this.at++;
    this.deeper(token);
    const term = this.disjunction();
    this.depth--;
    if (!this.isSymbol(')'))
      return this.problem(token, 'This bracket is not closed.', 'Write ) behind what belongs together.');
    this.at++;
    return term === undefined ? undefined : this.placed(term, token.from);
  }

  private condition(token: Token): Term | undefined {
    const from = token.from;
    const term = this.readCondition(token);
    if (term === undefined) {
      this.skip();
      return undefined;
    }
    return this.placed(term, from);
  }

  /** To where the next condition can begin. */
  private skip(): void {
    for (let open = 0; this.token !== undefined; this.at++) {
      if (this.isSymbol('(') || this.isSymbol('[')) open++;
      else if (open > 0) {
        if (this.isSymbol(')') || this.isSymbol(']')) open--;
      } else if (this.isSymbol(')') || this.atOr() || this.isWord('and') || this.isSymbol('&&')) return;
    }
  }

  private readCondition(token: Token): Term | undefined {
    if (this.isSymbol(')') || this.atOr() || this.isWord('and') || this.isSymbol('&&'))
      return this.problem(
        token,
        'A condition is missing.',
        `Write a field, an operator and a value: ${this.fieldList.example}.`,
      );
    this.at++;
    if (token.kind === 'error' && /^["']/.test(token.value))
      return this.problem(token, 'This quote is not closed.', `Write ${token.value[0]!} behind the value.`);
    if (token.kind !== 'word')
      return this.problem(
        token,
        `A condition begins with a field, not with ${shown(token.value)}.`,
        `Write a field, an operator and a value: ${this.fieldList.example}.`,
      );
    const field = this.fieldList.find(token.value);
    if (field === undefined) {
      const address = readAddresses(token.value);
      return this.problem(
        token,
        `There is no field ${shown(token.value)}.`,
        address !== undefined && 'range' in address
          ? this.fieldList.addressAdvice(token.value)
          : (suggestion(token.value, this.fieldList.names()) ?? this.fieldList.advice),
      );
    }
    if (++this.conditions > MAX_CONDITIONS) {
      this.problem(
        token,
        `The filter has more than ${MAX_CONDITIONS} conditions.`,
        'Put many values of one field in a list: in (a, b).',
      );
      throw new Stop();
    }
    return this.comparison(field, token);
  }

  private comparison(field: Field, name: Token): Term | undefined {
    const start = this.token;
    let negated = false;
    let operator: Operator | undefined;
    if (start?.kind === 'symbol' && Object.hasOwn(symbolOperators, start.value)) {
      [operator, negated] = symbolOperators[start.value]!;
      this.at++;
    } else {
      if (this.isWord('not')) {
        negated = true;
        this.at++;
      }
      if (this.token?.kind === 'word') operator = wordOperators.get(this.token.value.toLowerCase());
      if (operator !== undefined) this.at++;
    }
    if (start === undefined || operator === undefined) {
      const where = this.token ?? start;
      return this.problem(
        where ?? { from: name.from, to: name.to },
        where === undefined
          ? `Nothing is asked of ${field.name}.`
          : `${shown(where.value)} is not an operator.`,
        `${field.name} takes ${operatorsOf(field)
          .map((o) => o.text)
          .join(', ')}.`,
      );
    }
    const where = { from: start.from, to: this.tokens[this.at - 1]!.to };
    const refused = refusal(field, operator);
    if (refused !== undefined) {
      const written = this.text.slice(where.from, where.to);
      return this.problem(where, `${field.name} does not take ${written}.`, refused.advice);
    }
    if (operator === 'is') return this.known(field, negated, where);
    if (operator === 'starts' || operator === 'ends') {
      if (!this.isWord('with'))
        return this.problem(this.here(), `After ${operator} comes with.`, `Write ${operator} with.`);
      this.at++;
    }
    const test = this.test(field, operator, where);
    if (test === undefined) return undefined;
    const condition: Condition = { kind: 'condition', field: field.name, test };
    return negated ? not(condition) : condition;
  }

  private known(field: Field, before: boolean, where: Place): Term | undefined {
    let negated = before;
    if (this.isWord('not')) {
      negated = !negated;
      this.at++;
    }
    const known = this.isWord('known');
    if (!known && !this.isWord('unknown'))
      return this.problem(
        this.token ?? where,
        'After is comes known or unknown.',
        `Write ${field.name} is known, or ${field.name} is unknown; to compare, use =.`,
      );
    this.at++;
    const condition: Condition = {
      kind: 'condition',
      field: field.name,
      test: { kind: known ? 'known' : 'unknown' },
    };
    return negated ? not(condition) : condition;
  }

  private test(field: Field, operator: Operator, where: Place): Test | undefined {
    switch (operator) {
      case 'equals':
      case 'in':
        return this.oneOf(field, where);
      case 'between':
        return this.between(field, where);
      case 'has':
        return this.flags(where);
      case 'match':
      case 'contains':
      case 'starts':
      case 'ends': {
        const value = this.value(where);
        return value === undefined ? undefined : this.good(textTest(operator, value.text), value);
      }
      case 'is':
        return undefined;
      default: {
        const value = this.value(where);
        if (value === undefined) return undefined;
        const reading = readNumber(field, value.text);
        if (!('number' in reading)) return this.problem(value, reading.message, reading.advice);
        return { kind: 'compare', operator, value: reading.number };
      }
    }
  }

  private good(test: Test | Wrong, where: Place): Test | undefined {
    return 'message' in test ? this.problem(where, test.message, test.advice) : test;
  }

  /** A value: one token, or a range written with spaces around its dash. */
  private value(where: Place): (Place & { text: string; quoted: boolean }) | undefined {
    const token = this.token;
    const missing = 'Write a value; texts with spaces or brackets stand in quotes.';
    if (token === undefined) return this.problem(where, 'The value is missing.', missing);
    if (token.kind === 'error' && /^["']/.test(token.value)) {
      this.at++;
      return this.problem(token, 'This quote is not closed.', `Write ${token.value[0]!} behind the value.`);
    }
    if (token.kind === 'string') {
      this.at++;
      return { from: token.from, to: token.to, text: token.value, quoted: true };
    }
    if (token.kind !== 'word') return this.problem(token, `${shown(token.value)} is not a value.`, missing);
    if (/^(and|or|not|in)$/i.test(token.value))
      return this.problem(token, 'The value is missing.', `To mean the text, write "${token.value}".`);
    this.at++;
    const [dash, end] = [this.tokens[this.at], this.tokens[this.at + 1]];
    if (dash?.kind === 'word' && dash.value === '-' && end?.kind === 'word') {
      this.at += 2;
      return { from: token.from, to: end.to, text: `${token.value}-${end.value}`, quoted: false };
    }
    return { from: token.from, to: token.to, text: token.value, quoted: false };
  }

  /** The values of a list, each handed to `take`; or a single value. False where something was wrong. */
  private list(where: Place, take: (value: Place & { text: string; quoted: boolean }) => boolean): boolean {
    const open = this.token;
    const close = this.isSymbol('(') ? ')' : this.isSymbol('[') ? ']' : undefined;
    if (open === undefined || close === undefined) {
      const value = this.value(where);
      if (value === undefined || !take(value)) return false;
      if (!this.isSymbol(',')) return true;
      this.problem(this.token!, 'Several values stand in brackets.', 'Write in (a, b).');
      return false;
    }
    this.at++;
    let good = true;
    for (;;) {
      const value = this.value(open);
      if (value === undefined) return this.leave(open);
      good = take(value) && good;
      if (this.isSymbol(close)) break;
      if (this.token === undefined) {
        this.problem(open, 'This bracket is not closed.', `Write ${close} behind the values.`);
        return false;
      }
      if (!this.isSymbol(',')) {
        this.problem(
          this.token,
          `There is no comma before ${shown(this.token.value)}.`,
          'Separate values with commas; put values with spaces in quotes.',
        );
        return this.leave(open);
      }
      this.at++;
    }
    this.at++;
    return good;
  }

  /** Behind the list in which something was wrong, so that its rest is not taken for conditions. */
  private leave(open: Token): false {
    for (; this.token !== undefined; this.at++)
      if (this.isSymbol(open.value === '(' ? ')' : ']')) {
        this.at++;
        break;
      }
    return false;
  }

  private oneOf(field: Field, where: Place): Test | undefined {
    const values: Value[] = [];
    const good = this.list(where, (value) => {
      const reading = readValue(field, value.text, value.quoted);
      if ('value' in reading) values.push(reading.value);
      else this.problem(value, reading.message, reading.advice);
      return 'value' in reading;
    });
    return good ? { kind: 'in', values } : undefined;
  }

  private between(field: Field, where: Place): Test | undefined {
    const low = this.value(where);
    if (low === undefined) return undefined;
    if (!this.isAnd())
      return this.problem(
        this.here(),
        'After between come two values with and.',
        'Write between 1024 and 65535.',
      );
    const high = this.value(where);
    if (high === undefined) return undefined;
    const place = { from: low.from, to: high.to };
    const [a, b] = [readValue(field, low.text, false), readValue(field, high.text, false)];
    if (!('value' in a)) return this.problem(low, a.message, a.advice);
    if (!('value' in b)) return this.problem(high, b.message, b.advice);
    const [from, to] = [a.value, b.value];
    if (from.kind === 'number' && to.kind === 'number' && from.from <= to.to)
      return { kind: 'in', values: [{ kind: 'number', from: from.from, to: to.to }] };
    if (from.kind === 'address' && to.kind === 'address' && from.from.includes(':') === to.to.includes(':')) {
      if (rangeOf(from).from <= rangeOf(to).to)
        return { kind: 'in', values: [{ kind: 'address', from: from.from, to: to.to }] };
    }
    return this.problem(
      place,
      'Nothing lies between these.',
      'Write the smaller value first, both of one kind.',
    );
  }

  private flags(where: Place): Test | undefined {
    let every = true;
    const next = this.tokens[this.at + 1];
    if ((this.isWord('any') || this.isWord('all')) && next !== undefined) {
      every = this.isWord('all');
      this.at++;
    }
    let bits = 0;
    const good = this.list(where, (value) => {
      const reading = readFlags(value.text);
      if ('bits' in reading && reading.bits > 0) bits |= reading.bits;
      else if ('bits' in reading)
        this.problem(value, 'These are no flags.', 'Write flags by name: syn, ack; to ask for none: = 0.');
      else this.problem(value, reading.message, reading.advice);
      return 'bits' in reading && reading.bits > 0;
    });
    return good ? { kind: 'flags', every, bits } : undefined;
  }
}

function* fieldNames(): Iterable<string> {
  for (const field of filterFields) {
    yield field.name;
    yield* field.aliases;
  }
}
