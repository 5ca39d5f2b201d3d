import { type Completion, type CompletionItem, complete, quoteValue } from '@weir/core/filter';
import { fieldByName } from '@weir/core/fields';
import type { DataSource } from '../instances/data-source.ts';
import { fieldValues } from './field-values.ts';

const OFFERED = 50;

/**
 * What can stand at a place of a filter, with the values that flows of the range really have where a field's values are few enough
 * to choose from. Where these cannot be had, the language's own offers stand alone.
 */
export async function completeWithValues(
  dataSource: DataSource,
  question: {
    readonly text: string;
    readonly position: number;
    readonly fromMs: number;
    readonly toMs: number;
  },
  signal: AbortSignal,
): Promise<Completion> {
  const own = complete(question.text, question.position);
  const field = own.field === undefined ? undefined : fieldByName(own.field);
  if (own.what !== 'value' || field === undefined || !field.listed) return own;
  let values: CompletionItem[];
  try {
    const { fromMs, toMs } = question;
    const known = await fieldValues(
      dataSource,
      { field: field.name, prefix: own.typed, filter: '', fromMs, toMs, limit: OFFERED },
      signal,
    );
    values = known.values
      .filter(({ value }) => value !== '')
      .map(({ value, text, share }) => ({
        label: value,
        insert: `${quoteValue(value)} `,
        doc: text === value ? `${share.toFixed(1)} %` : `${text}, ${share.toFixed(1)} %`,
        kind: 'value',
      }));
  } catch (error) {
    if (signal.aborted) throw error;
    return own;
  }
  const offered = new Set(values.map(({ label }) => label.toLowerCase()));
  return {
    ...own,
    items: [...values, ...own.items.filter(({ label }) => !offered.has(label.toLowerCase()))],
  };
}
