/** A condition that a click asks for. */
export interface ClickFilter {
  /** A field's name as ad hoc filters and the filter language know it. */
  readonly key: string;
  readonly value: string;
  readonly operator: '=' | '!=';
}

/** What a click sets. */
export type ClickAction = 'adhoc' | 'variable' | 'none';

/** Grafana's spelling of the separators of ad hoc filters inside of their values. */
const escapes: readonly (readonly [string, string])[] = [
  ['|', '__gfp__'],
  [',', '__gfc__'],
  ['#', '__gfh__'],
];

function escape(text: string): string {
  return escapes.reduce((escaped, [from, to]) => escaped.replaceAll(from, to), text);
}

/** `key|operator|value`, the form of one ad hoc filter in a dashboard's URL. */
export function adHocText(filter: ClickFilter): string {
  return [filter.key, filter.operator, filter.value].map(escape).join('|');
}

function keyOf(text: string): string {
  // "key" or "key,label"
  return text.split('|')[0]!.split(',')[0]!;
}

/**
 * The filters that the URL is to hold after a click: `current` are those that it holds. Asking for what is there already takes it
 * away; an equality takes the place of other equalities on the same field, for both could not hold; exclusions add up.
 */
export function adHocAfterClick(
  current: readonly string[],
  asked: readonly ClickFilter[],
): readonly string[] {
  const texts = asked.map(adHocText);
  if (texts.length > 0 && texts.every((text) => current.some((held) => sameFilter(held, text)))) {
    return current.filter((held) => !texts.some((text) => sameFilter(held, text)));
  }
  const replaced = new Set(asked.filter(({ operator }) => operator === '=').map(({ key }) => escape(key)));
  const kept = current.filter(
    (held) =>
      !(replaced.has(keyOf(held)) && isEquality(held)) && !texts.some((text) => sameFilter(held, text)),
  );
  return [...kept, ...texts];
}

function isEquality(text: string): boolean {
  return text.split('|')[1] === '=';
}

/** Grafana may add a label behind a comma to key and value. */
function sameFilter(held: string, asked: string): boolean {
  const bare = (text: string): string =>
    text
      .split('|')
      .map((part) => part.split(',')[0])
      .join('|');
  return bare(held) === bare(asked);
}

/**
 * The URL parameters that a click sets, for Grafana's `locationService.partial`; null where nothing is to be set.
 *
 * @param held reads a parameter's present values from the URL
 * @param adHocVariable name of the dashboard's ad hoc variable
 * @param variable name of the variable that a click sets; empty for the one with the field's name
 */
export function parametersOfClick(
  asked: readonly ClickFilter[],
  action: ClickAction,
  held: (parameter: string) => readonly string[],
  adHocVariable: string,
  variable: string,
): Readonly<Record<string, string | readonly string[]>> | null {
  if (asked.length === 0 || action === 'none') return null;
  if (action === 'adhoc') {
    if (adHocVariable === '') return null;
    const parameter = `var-${adHocVariable}`;
    const after = adHocAfterClick(
      held(parameter).filter((text) => text !== ''),
      asked,
    );
    // An empty parameter is what clears the variable: leaving it out would keep what it holds.
    return { [parameter]: after.length === 0 ? '' : after };
  }
  const parameters: Record<string, string> = {};
  for (const { key, value, operator } of asked) {
    if (operator === '=') parameters[`var-${variable === '' ? key : variable}`] = value;
  }
  return Object.keys(parameters).length === 0 ? null : parameters;
}
