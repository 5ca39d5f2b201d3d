import { type Document, LineCounter, type Node, isMap, isNode, isScalar, parseDocument } from 'yaml';
import { type Path, type Tree, isTree, withoutNulls } from './tree.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A configuration file that has been read: its data, and where in it each key stands. */
export class ConfigFile {
  readonly path: string;
  readonly tree: Tree;
  private readonly document: Document;
  private readonly lines: LineCounter;

  private constructor(path: string, tree: Tree, document: Document, lines: LineCounter) {
    this.path = path;
    this.tree = tree;
    this.document = document;
    this.lines = lines;
  }

  /** Reads YAML; or says what is wrong with it as YAML. */
  static parse(path: string, text: string): ConfigFile | string[] {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, version: '1.2', prettyErrors: true });
    if (document.errors.length > 0)
      return document.errors.map((e) => yamlProblem(path, e.message, e.linePos?.[0]));
    let data: unknown;
    try {
      data = document.toJS();
    } catch (error) {
      return [yamlProblem(path, error instanceof Error ? error.message : String(error), undefined)];
    }
    const tree = withoutNulls(data ?? {});
    if (!isTree(tree))
      return [`${path} must hold keys with values, such as “data_dir: ./data”, not ${kindOf(tree)}.`];
    return new ConfigFile(path, tree, document, lines);
  }

  /** Where the value of a path stands, or the nearest thing around it. */
  positionOf(path: Path): Position | undefined {
    for (let length = path.length; length > 0; length--) {
      const node = this.document.getIn(path.slice(0, length), true);
      const at = isNode(node) ? this.position(node) : undefined;
      if (at !== undefined) return at;
    }
    return undefined;
  }

  /** Where a key itself stands. */
  positionOfKey(path: Path): Position | undefined {
    const parent = path.length === 1 ? this.document.contents : this.document.getIn(path.slice(0, -1), true);
    if (!isMap(parent)) return this.positionOf(path);
    const key = parent.items.map((pair) => pair.key).find((k) => isScalar(k) && k.value === path.at(-1));
    return isNode(key) ? this.position(key) : undefined;
  }

  private position(node: Node): Position | undefined {
    if (!node.range) return undefined;
    const { line, col } = this.lines.linePos(node.range[0]);
    return { line, column: col };
  }
}

function yamlProblem(path: string, message: string, at: { line: number; col: number } | undefined): string {
  const where = at === undefined ? path : `${path}:${at.line}:${at.col}`;
  const said = message.replace(/ at line \d+, column \d+:/, ':').trimEnd();
  return `${where} is not valid YAML: ${said}`;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : `the text “${String(value).slice(0, 40)}”`;
}
