import { Document, type Node, isMap, isScalar } from 'yaml';
import type { Config } from './config.ts';
import { variableFor } from './environment.ts';
import { keysAt } from './schema.ts';
import { isTree, pathText } from './tree.ts';

/** The effective configuration as YAML that can be loaded again; a comment after each value says where it came from. */
export function describeConfig(config: Config): string {
  const { file, setBy, settings } = config.origin;
  const document = new Document(withAllKeys(settings, []));
  document.commentBefore = [
    ' Weir’s effective configuration.',
    file === undefined ? ' No configuration file was read.' : ` “file” is ${file}.`,
    ' An environment variable in brackets can set the key.',
  ].join('\n');
  const annotate = (node: unknown, path: readonly string[]): void => {
    if (!isMap(node)) return;
    for (const pair of node.items) {
      if (!isScalar(pair.key)) continue;
      const at = [...path, String(pair.key.value)];
      if (isMap(pair.value)) annotate(pair.value, at);
      else comment(pair.value as Node, pair.key, originOf(pathText(at), setBy));
    }
  };
  annotate(document.contents, []);
  const text = document.toString({ lineWidth: 0, nullStr: '', flowCollectionPadding: true });
  // An empty list with a comment is written over three lines.
  return text.replace(/:\n\s+\[\]\n\s+#/g, ': [] #');
}

function originOf(key: string, setBy: Readonly<Record<string, string>>): string {
  const by = setBy[key];
  if (by === undefined) {
    const variable = variableFor(key);
    return variable === undefined ? 'default' : `default (${variable})`;
  }
  return by === 'file' ? 'file' : `environment: ${by}`;
}

/** After a scalar or an empty list; a list with items has it after its key. */
function comment(value: Node, key: { comment?: string | null }, text: string): void {
  if (isScalar(value)) value.comment = ` ${text}`;
  else if ('items' in value && Array.isArray(value.items) && value.items.length > 0) key.comment = ` ${text}`;
  else value.comment = ` ${text}`;
}

/** With the keys too that have neither value nor default, so that a reader sees that they exist. */
function withAllKeys(value: unknown, path: readonly string[]): unknown {
  const keys = keysAt(path);
  if (!isTree(value) || keys === undefined) return value;
  return Object.fromEntries(
    keys.map((key) => [key, value[key] === undefined ? null : withAllKeys(value[key], [...path, key])]),
  );
}
