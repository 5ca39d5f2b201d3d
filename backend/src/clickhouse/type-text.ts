/** A ClickHouse type, taken apart: `Array(Nullable(UInt8))` is `Array` of `Nullable` of `UInt8`. */
export interface TypeTree {
  readonly name: string;
  /** Types, numbers and quoted names between the brackets, as texts. */
  readonly arguments: readonly string[];
}

/** Takes a type apart at its outermost brackets. */
export function readType(text: string): TypeTree {
  const open = text.indexOf('(');
  if (open < 0) return { name: text.trim(), arguments: [] };
  const inner = text.slice(open + 1, text.lastIndexOf(')'));
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let from = 0;
  for (let i = 0; i < inner.length; i++) {
    const c = inner[i]!;
    if (quote !== '') {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (c === "'" || c === '`' || c === '"') quote = c;
    else if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === ',' && depth === 0) {
      parts.push(inner.slice(from, i).trim());
      from = i + 1;
    }
  }
  parts.push(inner.slice(from).trim());
  return { name: text.slice(0, open).trim(), arguments: parts };
}

/** `'name' = 3` as name and number. */
export function readEnumItem(text: string): [number, string] {
  const equals = text.lastIndexOf('=');
  const name = text.slice(0, equals).trim().slice(1, -1);
  return [Number(text.slice(equals + 1)), name.replace(/\\(.)/g, '$1').replaceAll("''", "'")];
}

/** Element of a tuple: its name, where it has one, and its type. */
export function readTupleItem(text: string): { readonly name: string | undefined; readonly type: string } {
  const named = /^(`(?:[^`\\]|\\.)*`|[A-Za-z_][A-Za-z0-9_]*)\s+(.+)$/s.exec(text);
  if (named === null) return { name: undefined, type: text };
  return { name: named[1]!.replace(/^`|`$/g, ''), type: named[2]! };
}
