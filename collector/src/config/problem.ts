import type { ConfigFile } from './file.ts';
import { didYouMean } from './did-you-mean.ts';
import { allKeys, keysAt, secretKeys } from './schema.ts';
import { type Path, type Tree, pathText, valueAt } from './tree.ts';

/** Something that keeps the program from starting; the message is a whole sentence that names the key and says what would be right. */
export interface ConfigProblem {
  /** Path of the key (`clickhouse.users[0].name`), the environment variable that named a file, or the file. */
  readonly key: string;
  readonly message: string;
}

/** Where settings came from, for naming the place in a message. */
export interface Places {
  readonly file: ConfigFile | undefined;
  /** Environment variables by the path of the key that they set. */
  readonly variables: ReadonlyMap<string, string>;
  /** What was written, before it was checked. */
  readonly tree: Tree;
}

/** A problem with the value of a key: “batch.size (weir.yaml:3:9) is 'many'; ”, then what would be right. */
export function valueProblem(places: Places, path: Path, right: string): ConfigProblem {
  const value = valueAt(places.tree, path);
  const is = value === undefined ? 'is missing' : isSecret(path) ? 'is not right' : `is ${shown(value)}`;
  return problem(places, path, `${is}; ${right}.`);
}

/** A problem told in words of its own after the key and its place. */
export function problem(places: Places, path: Path, said: string): ConfigProblem {
  return { key: pathText(path), message: `${naming(places, path)} ${said}` };
}

/** A key that is no setting. */
export function unknownKey(places: Places, parent: Path, key: string): ConfigProblem {
  const path = [...parent, key];
  const here = keysAt(parent) ?? [];
  const near = didYouMean(key, here);
  const suggestion = near === undefined ? elsewhere(key) : pathText([...parent, near]);
  const place = places.file?.positionOfKey(path);
  const where = place === undefined ? '' : ` (${places.file!.path}:${place.line}:${place.column})`;
  return {
    key: pathText(path),
    message:
      `${pathText(path)}${where} is not a setting` +
      (suggestion === undefined
        ? `; ${parent.length === 0 ? 'settings are' : `under ${pathText(parent)} there are`}: ${here.join(', ')}.`
        : `; did you mean ${suggestion}?`),
  };
}

/** A key that is a name of something, and there is no such thing: “detection.detectors.prot_scan is no detector; did you mean …?” */
export function unknownName(
  places: Places,
  path: Path,
  what: string,
  names: readonly string[],
): ConfigProblem {
  const key = String(path.at(-1));
  const near = didYouMean(key, names);
  const place = places.file?.positionOfKey(path);
  const where = place === undefined ? '' : ` (${places.file!.path}:${place.line}:${place.column})`;
  return {
    key: pathText(path),
    message: `${pathText(path)}${where} is no ${what}; ${near === undefined ? `there are: ${names.join(', ')}.` : `did you mean ${near}?`}`,
  };
}

/** A key that stands in the wrong section (`database` for `clickhouse.database`) or is written as one word (`batch_size`). */
function elsewhere(key: string): string | undefined {
  const all = allKeys();
  const exact = all.find((k) => k.split('.').at(-1) === key);
  return exact ?? didYouMean(key, all);
}

/** `batch.size (weir.yaml:3:9)`, `batch.size (environment variable BATCH_SIZE)`. */
function naming({ file, variables, tree }: Places, path: Path): string {
  const key = pathText(path);
  const variable =
    variables.get(key) ??
    variables.get(pathText(path.slice(0, 1))) ??
    variables.get(pathText(path.slice(0, 2)));
  if (variable !== undefined) return `${key} (environment variable ${variable})`;
  const at =
    path.length === 0
      ? undefined
      : file?.positionOf(valueAt(tree, path) === undefined ? path.slice(0, -1) : path);
  return at === undefined ? key : `${key} (${file!.path}:${at.line}:${at.column})`;
}

function isSecret(path: Path): boolean {
  return secretKeys.has(String(path.at(-1)));
}

const LONGEST_SHOWN = 80;

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${cut(value)}'`;
  if (Array.isArray(value)) return `a list`;
  if (typeof value === 'object' && value !== null) return 'a mapping of keys';
  return cut(String(value));
}

function cut(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
