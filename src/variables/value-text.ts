import { quoteValue } from '@weir/core/filter';

/** A value as it stands in a filter: numbers, addresses and prefixes bare, as in quotes they would be names of interfaces and exporters. */
export function valueText(value: string): string {
  const bare =
    /^\d+(\.\d+)?[a-z]*$/i.test(value) ||
    /^\d+-\d+$/.test(value) ||
    /^\d+(\.\d+){3}(\/\d+)?$/.test(value) ||
    /^(?=.*:.*:)[0-9a-f:.]+(\/\d+)?$/i.test(value);
  return bare ? value : quoteValue(value);
}
