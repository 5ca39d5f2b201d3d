/**
 * Grafana's template service replaces variables in a text without knowing what the text means. So that a value stays a value, whatever
 * is in it, each variable is first replaced by a placeholder; then the language that the text is written in says how a value stands in
 * each place.
 */

/** What a variable holds: several values where more can be chosen, or where "All" is. */
export interface VariableValue {
  readonly values: readonly string[];
  /** All values are chosen: what the variable would restrict is not restricted. */
  readonly all: boolean;
  /** The variable is one of which several can be chosen. */
  readonly several: boolean;
}

/** What is wanted of Grafana's template service and of the variables of the dashboard. */
export interface VariableSource {
  /** As `TemplateSrv.replace`: `format` is called for each variable that has no format of its own (`${name:raw}`). */
  replace(text: string, format: (value: unknown, variable: unknown) => string): string;
  /** Whether "All" is chosen of the variable. */
  isAll(name: string): boolean;
}

export interface MarkedText {
  /** With placeholders where variables were. */
  readonly text: string;
  readonly values: readonly VariableValue[];
}

// Of Unicode's private use: no keyboard makes them, and no language here gives them a meaning.
const OPEN = '\uE000';
const CLOSE = '\uE001';
const placeholder = /\uE000(\d+)\uE001/g;

export function markVariables(text: string, source: VariableSource): MarkedText {
  const values: VariableValue[] = [];
  const plain = text.replaceAll(/[\uE000\uE001]/g, '');
  const marked = source.replace(plain, (value, variable) => {
    values.push(read(value, variable, source));
    return `${OPEN}${values.length - 1}${CLOSE}`;
  });
  return { text: marked, values };
}

function read(value: unknown, variable: unknown, source: VariableSource): VariableValue {
  const list = (Array.isArray(value) ? value : [value]).map((v) => withoutMarks(String(v ?? '')));
  const { name } = (variable ?? {}) as { name?: unknown };
  const all =
    list.includes('$__all') ||
    (list.length !== 1 && typeof name === 'string' && name !== '' && source.isAll(name));
  return { values: list.filter((v) => v !== '$__all'), all, several: Array.isArray(value) };
}

function withoutMarks(text: string): string {
  return text.replaceAll(/[\uE000\uE001]/g, '');
}

export function hasPlaceholder(text: string): boolean {
  return text.includes(OPEN);
}

/** The value whose placeholder the whole text is. */
export function valueOf(text: string, values: readonly VariableValue[]): VariableValue | undefined {
  const match = /^\uE000(\d+)\uE001$/.exec(text);
  return match === null ? undefined : values[Number(match[1])];
}

/** The text once for each combination of values of the variables in it. */
export function expansions(
  text: string,
  values: readonly VariableValue[],
  written: (value: string) => string = (value) => value,
): string[] {
  let texts = [''];
  let end = 0;
  for (const match of text.matchAll(placeholder)) {
    const before = text.slice(end, match.index);
    const choices = values[Number(match[1])]?.values ?? [];
    texts = texts.flatMap((t) => choices.map((choice) => t + before + written(choice)));
    end = match.index + match[0].length;
    if (texts.length > 10_000)
      throw new Error('The variables of one value have more than 10,000 combinations.');
  }
  return texts.map((t) => t + text.slice(end));
}

/** The text with each variable's values joined by commas: where nothing has to be kept apart. */
export function joined(text: string, values: readonly VariableValue[]): string {
  return text.replaceAll(placeholder, (_, i: string) => values[Number(i)]?.values.join(', ') ?? '');
}
