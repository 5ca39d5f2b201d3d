/** A piece of SQL. Spaces and comments are pieces too: all pieces together are the text. */
export interface SqlToken {
  /** `other`: operators, brackets, numbers. `unclosed`: a string or comment that never ends. */
  readonly kind: 'space' | 'comment' | 'string' | 'name' | 'word' | 'macro' | 'other' | 'unclosed';
  readonly text: string;
  readonly at: number;
}

const PLAIN: readonly (readonly [RegExp, SqlToken['kind']])[] = [
  [/[\s\u00a0]+/y, 'space'],
  [/\$__\w+/y, 'macro'],
  [/[\p{L}_][\p{L}\p{N}_]*/uy, 'word'],
  [/\d[\w.]*/y, 'other'],
];

/** Reads ClickHouse's SQL far enough to know what is text, what is comment and where a statement ends. Never throws. */
export function lexSql(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  while (at < sql.length) {
    const token = enclosed(sql, at) ?? plain(sql, at);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function plain(sql: string, at: number): SqlToken {
  for (const [pattern, kind] of PLAIN) {
    pattern.lastIndex = at;
    const found = pattern.exec(sql);
    if (found !== null) return { kind, text: found[0], at };
  }
  return { kind: 'other', text: sql[at]!, at };
}

function enclosed(sql: string, at: number): SqlToken | undefined {
  const char = sql[at]!;
  const to = (end: number, kind: SqlToken['kind']): SqlToken =>
    end < 0 ? { kind: 'unclosed', text: sql.slice(at), at } : { kind, text: sql.slice(at, end), at };
  if (char === "'" || char === '"' || char === '`')
    return to(closing(sql, at), char === "'" ? 'string' : 'name');
  if (sql.startsWith('/*', at)) {
    // ClickHouse lets them nest not at all: the first end ends it.
    const end = sql.indexOf('*/', at + 2);
    return to(end < 0 ? -1 : end + 2, 'comment');
  }
  if (sql.startsWith('--', at) || sql.startsWith('# ', at) || sql.startsWith('#!', at)) {
    const end = sql.indexOf('\n', at);
    return to(end < 0 ? sql.length : end, 'comment');
  }
  if (char === '$') {
    const tag = /\$\w*\$/y;
    tag.lastIndex = at;
    const open = tag.exec(sql)?.[0];
    if (open !== undefined) {
      const end = sql.indexOf(open, at + open.length);
      return to(end < 0 ? -1 : end + open.length, 'string');
    }
  }
  return undefined;
}

/** Where the quote that opens at `at` is closed: a backslash takes the next character, a doubled quote is one. */
function closing(sql: string, at: number): number {
  const quote = sql[at]!;
  for (let i = at + 1; i < sql.length; i++) {
    if (sql[i] === '\\') i++;
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  return -1;
}
