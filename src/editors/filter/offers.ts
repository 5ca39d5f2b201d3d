import { fieldByName } from '@weir/core/fields';
import { type Completion, type CompletionItem, complete } from '@weir/core/filter';
import type { ValuesAnswer } from '@weir/core/query';
import { valueText } from '../../variables/value-text.ts';

/** What an editor offers at the cursor. */
export interface Offers {
  /** The part of the text that a choice takes the place of. */
  readonly from: number;
  readonly to: number;
  readonly typed: string;
  readonly items: readonly CompletionItem[];
  /** The field whose values the backend may know more of. */
  readonly ask: string | undefined;
}

const MOST = 60;

/** What the language itself offers, and the dashboard's variables where a value may stand. */
export function ownOffers(text: string, cursor: number, variables: readonly string[]): Offers {
  const completion: Completion = complete(text, cursor);
  const wanted = completion.typed.toLowerCase();
  const ofVariables: CompletionItem[] =
    completion.what === 'value'
      ? variables
          .map((name) => `$${name}`)
          .filter((label) => label.toLowerCase().startsWith(wanted))
          .map((label) => ({ label, insert: `${label} `, doc: 'Variable of the dashboard', kind: 'value' }))
      : [];
  const field =
    completion.what === 'value' && completion.field !== undefined ? fieldByName(completion.field) : undefined;
  return {
    from: completion.from,
    to: completion.to,
    typed: completion.typed,
    items: [...completion.items, ...ofVariables].slice(0, MOST),
    ask: field?.listed === true || field?.type === 'address' ? field.name : undefined,
  };
}

/** With the values that flows really have before all else. */
export function withValues(offers: Offers, values: ValuesAnswer['values']): Offers {
  const wanted = offers.typed.toLowerCase();
  const items = values
    .filter(({ value, text }) => value !== '' && `${value} ${text}`.toLowerCase().includes(wanted))
    .map(({ value, text, share }): CompletionItem => {
      const percent = `${share < 0.1 ? '< 0.1' : share.toFixed(1)} % of the traffic`;
      return {
        label: value,
        insert: `${valueText(value)} `,
        doc: text === '' || text === value ? percent : `${text}, ${percent}`,
        kind: 'value',
      };
    });
  const known = new Set(items.map(({ label }) => label.toLowerCase()));
  const others = offers.items.filter(({ label }) => !known.has(label.toLowerCase()));
  return { ...offers, items: [...items, ...others].slice(0, MOST), ask: undefined };
}

/** The text with an offer taken, and where the cursor stands then. */
export function accepted(
  text: string,
  offers: Offers,
  item: CompletionItem,
): { readonly text: string; readonly cursor: number } {
  const rest = text.slice(offers.to);
  // The space that comes with it takes the place of one that is there.
  const insert = item.insert.endsWith(' ') && /^[\s,)\]]/.test(rest) ? item.insert.slice(0, -1) : item.insert;
  const skip = rest.startsWith(' ') && insert !== item.insert ? 1 : 0;
  return { text: text.slice(0, offers.from) + insert + rest, cursor: offers.from + insert.length + skip };
}
