import { macros } from '@weir/core/query';
import { type VariableSource, expansions, markVariables, valueOf } from './placeholders.ts';

/**
 * SQL with its variables' values in it, each a literal that nothing can break out of: numbers bare, all else as quoted text, several
 * values with commas between them. In quotes that the writer has set, a value is the text between them. `${name:raw}` puts in the text
 * as it is.
 */
export function interpolateSql(sql: string, source: VariableSource): string {
  if (!sql.includes('$') && !sql.includes('[[')) return sql;
  const { text, values } = markVariables(withoutMacros(sql), source);
  const whole = partsOf(text)
    .map(({ kind, text: part }) => {
      switch (kind) {
        case 'closed': // a value would have nothing there to be safe in
          return part.replaceAll(/\uE000\d+\uE001/g, '');
        case "'":
        case '"':
        case '`': {
          const inner = part.slice(1, -1);
          if (!inner.includes('\uE000')) return part;
          const texts = expansions(inner, values, (value) => escaped(value, kind));
          return texts.length === 0 && kind === "'" ? 'NULL' : texts.map((t) => kind + t + kind).join(', ');
        }
        default:
          return part.replaceAll(/\uE000\d+\uE001/g, (mark) => {
            const list = valueOf(mark, values)?.values ?? [];
            return list.length === 0 ? 'NULL' : list.map(literal).join(', ');
          });
      }
    })
    .join('');
  return whole.replaceAll(MACRO, '$');
}

const macroNames: ReadonlySet<string> = new Set(macros.map(({ name }) => name));
const MACRO = '\uE002';

/** The backend's macros hidden from Grafana, which has variables of the same name: $__interval. */
function withoutMacros(sql: string): string {
  return sql
    .replaceAll(MACRO, '')
    .replaceAll(/\$__\w+/g, (name) => (macroNames.has(name) ? `${MACRO}${name.slice(1)}` : name));
}

function literal(value: string): string {
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(value) ? value : `'${escaped(value, "'")}'`;
}

function escaped(value: string, quote: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\0', '');
}

interface Part {
  readonly kind: 'code' | 'closed' | "'" | '"' | '`';
  readonly text: string;
}

/** SQL as code, what stands in quotes (the quotes with it), and comments, heredocs and quotes that do not end, as ClickHouse reads it. */
function partsOf(sql: string): Part[] {
  const pattern =
    /(?<closed>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|#[ !][^\n]*|\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$)|(?<quoted>'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`\\]|\\[\s\S]|``)*`)|(?<unclosed>['"`][\s\S]*$)/g;
  const parts: Part[] = [];
  let end = 0;
  for (const match of sql.matchAll(pattern)) {
    if (match.index > end) parts.push({ kind: 'code', text: sql.slice(end, match.index) });
    const [text] = match;
    const kind = match.groups?.['quoted'] === undefined ? 'closed' : (text[0] as "'" | '"' | '`');
    parts.push({ kind, text });
    end = match.index + text.length;
  }
  if (end < sql.length) parts.push({ kind: 'code', text: sql.slice(end) });
  return parts;
}
