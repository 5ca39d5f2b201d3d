import type { Field } from '../fields/fields.ts';
import { fields } from '../fields/fields.ts';
import { wordsOf } from './field-types.ts';
import { quoteValue } from './format.ts';
import { lex } from './lexer.ts';
import { negatedOperatorsOf, operatorsOf } from './operators.ts';
import { type Expected, RoleReader } from './roles.ts';
import { dscpNames, flagNames, protocolNames, serviceNames } from './value-names.ts';

export interface Completion {
  /** The part of the text that a choice takes the place of. */
  readonly from: number;
  readonly to: number;
  readonly what: 'field' | 'operator' | 'value' | 'keyword';
  /** Of `value` and `operator`: whose. Where it is `listed`, the backend knows more values. */
  readonly field?: string;
  /** What stands there already, quotes taken off: what values must begin with or contain. */
  readonly typed: string;
  readonly items: readonly CompletionItem[];
}

export interface CompletionItem {
  readonly label: string;
  /** The text to put in, quotes and the space behind it included. */
  readonly insert: string;
  readonly doc?: string;
  readonly kind: 'field' | 'operator' | 'value' | 'keyword';
}

/** What can stand at the position, the best matches of what is typed so far first. Never throws. */
export function complete(text: string, position: number): Completion {
  const cursor = Math.max(0, Math.min(position, text.length));
  const tokens = lex(text);
  const reader = new RoleReader();
  let touched: { from: number; to: number } = { from: cursor, to: cursor };
  let typed = '';
  for (const token of tokens) {
    const inside = token.from < cursor && token.to >= cursor && token.kind !== 'symbol';
    if (inside) {
      touched = { from: token.from, to: token.kind === 'error' ? text.length : token.to };
      typed = text
        .slice(token.from, cursor)
        .replace(/^["']/, '')
        .replace(token.kind === 'string' && token.to === cursor ? /["']$/ : /$^/, '');
      break;
    }
    if (token.from >= cursor) break;
    reader.read(token);
  }
  const { what, field, items } = choices(reader.expected);
  return {
    ...touched,
    what,
    ...(field === undefined ? {} : { field: field.name }),
    typed,
    items: matching(items, typed),
  };
}

function choices(expected: Expected): {
  what: Completion['what'];
  field?: Field | undefined;
  items: readonly CompletionItem[];
} {
  switch (expected.what) {
    case 'condition':
      return {
        what: 'field',
        items: [
          ...fieldItems(),
          keyword('not', 'negates the condition behind it'),
          keyword('(', 'what belongs together', '('),
        ],
      };
    case 'operator': {
      const { field, after } = expected;
      if (after === 'is' || after === 'is not')
        return { what: 'operator', field, items: ['known', 'unknown'].map((w) => operatorItem(w, '')) };
      if (after === 'starts' || after === 'ends')
        return { what: 'operator', field, items: [operatorItem('with', '')] };
      if (field === undefined) return { what: 'operator', items: [] };
      const shown = after === 'not' ? negatedOperatorsOf(field) : operatorsOf(field);
      return { what: 'operator', field, items: shown.map((o) => operatorItem(o.text, o.doc)) };
    }
    case 'value': {
      const { field, has, list } = expected;
      const words = has && list === undefined ? [keyword('any', 'one of these flags at least')] : [];
      return { what: 'value', field, items: field === undefined ? [] : [...valueItems(field), ...words] };
    }
    case 'comma':
      return {
        what: 'keyword',
        items: [keyword(',', 'another value', ', '), keyword(expected.list, 'end of the values')],
      };
    case 'between and':
      return { what: 'keyword', items: [keyword('and', 'and the largest value')] };
    case 'joint':
      return { what: 'keyword', items: [keyword('and', 'both hold'), keyword('or', 'either holds')] };
  }
}

function keyword(label: string, doc: string, insert = `${label} `): CompletionItem {
  return { label, insert, doc, kind: 'keyword' };
}

function operatorItem(text: string, doc: string): CompletionItem {
  return { label: text, insert: `${text} `, ...(doc === '' ? {} : { doc }), kind: 'operator' };
}

function fieldItems(): CompletionItem[] {
  return fields.map((f) => ({
    label: f.name,
    insert: `${f.name} `,
    doc: f.aliases.length === 0 ? f.doc : `${f.doc} Also: ${f.aliases.join(', ')}.`,
    kind: 'field',
  }));
}

/** The values that do not depend on what is stored. */
function valueItems(field: Field): CompletionItem[] {
  const item = (label: string, doc?: string): CompletionItem => ({
    label,
    insert: `${quoteValue(label)} `,
    ...(doc === undefined ? {} : { doc }),
    kind: 'value',
  });
  switch (field.type) {
    case 'protocol':
      return protocolNames.map(([name, number]) => item(name, `IP protocol ${number}`));
    case 'port':
      return serviceNames.map(([name, port]) => item(name, `port ${port}`));
    case 'flags':
      return flagNames.map(([name]) => item(name));
    case 'dscp':
      return dscpNames.map(([name, codePoint]) => item(name, `code point ${codePoint}`));
    case 'enum':
      return wordsOf(field).map((word) => item(word));
    default:
      return [];
  }
}

function matching(items: readonly CompletionItem[], typed: string): CompletionItem[] {
  const wanted = typed.toLowerCase();
  if (wanted === '') return [...items];
  const rank = (i: CompletionItem): number => {
    const label = i.label.toLowerCase();
    if (label.startsWith(wanted)) return 0;
    if (label.includes(wanted)) return 1;
    return i.kind === 'field' && i.doc !== undefined && i.doc.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return items
    .map((item) => ({ item, rank: rank(item) }))
    .filter((r) => r.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .map((r) => r.item);
}
