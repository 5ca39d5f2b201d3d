/** A YAML document as plain data: what it is at a path, and setting it there. */
export type Tree = Record<string, unknown>;
export type Path = readonly PropertyKey[];

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(tree: unknown, path: Path): unknown {
  let at = tree;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[step];
  }
  return at;
}

/** Sets or, with undefined, removes. What is in the way and no mapping is left alone: the check will find it. */
export function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree;
  for (const step of path.slice(0, -1)) {
    if (at[step] === undefined) {
      if (value === undefined) return;
      at[step] = {};
    }
    const next = at[step];
    if (!isTree(next)) return;
    at = next;
  }
  const last = path.at(-1)!;
  if (value === undefined) Reflect.deleteProperty(at, last);
  else at[last] = value;
}

/** A copy without nulls: a key with nothing after it stands for its default. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== null)
      .map(([k, v]) => [k, withoutNulls(v)]),
  );
}

/** `clickhouse.users[0].name`. */
export function pathText(path: Path): string {
  let out = '';
  for (const step of path)
    out += typeof step === 'number' ? `[${step}]` : out === '' ? String(step) : `.${String(step)}`;
  return out;
}
