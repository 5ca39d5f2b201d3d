/**
 * Regular expressions as RE2 reads them (what ClickHouse's `match` uses), checked here and run here. The engine would run them in linear
 * time; JavaScript's own would not, and differs in details. So this is a small automaton of our own (Thompson's construction), slower on
 * good input and never slow on bad.
 */
export interface RegularExpression {
  /** Whether it is found somewhere in the text. */
  test(text: string): boolean;
}

export type RegularExpressionReading =
  | { readonly expression: RegularExpression }
  | { readonly message: string; readonly advice: string; readonly at: number };

export const MAX_PATTERN_LENGTH = 1000;
const MAX_STEPS = 1000;
const MAX_DEPTH = 50;
const MAX_REPEAT = 1000;

export function readRegularExpression(pattern: string): RegularExpressionReading {
  if (pattern.length > MAX_PATTERN_LENGTH)
    return {
      message: `The regular expression has ${pattern.length} characters.`,
      advice: `${MAX_PATTERN_LENGTH} are allowed.`,
      at: 0,
    };
  try {
    const { node, ignoreCase } = new Reader(pattern).read();
    return { expression: new Automaton(compile(node), ignoreCase) };
  } catch (error) {
    if (error instanceof PatternError) return { message: error.message, advice: error.advice, at: error.at };
    throw error;
  }
}

/**
 * The expression as the engine should get it: characters beyond ASCII by number, and zero. ClickHouse looks for texts that must be there before it
 * asks RE2, and of `ä?b` takes the first byte of ä for one of them; a zero ends its search.
 */
export function enginePattern(pattern: string): string {
  return pattern.replace(/[^\x01-\x7f]/gu, (char) => `\\x{${char.codePointAt(0)!.toString(16)}}`);
}

class PatternError extends Error {
  readonly advice: string;
  readonly at: number;
  constructor(message: string, advice: string, at: number) {
    super(message);
    this.advice = advice;
    this.at = at;
  }
}

/** Code points from and to, both in it, in pairs. */
type Ranges = readonly number[];

/**
 * A set of characters: those in its ranges, and those outside of the ranges of one of its classes (`\D` in a set). Kept apart, as upper
 * and lower case are the same before a class is turned round, not after.
 */
interface CharacterSet {
  readonly ranges: Ranges;
  readonly outside: readonly Ranges[];
  readonly negated: boolean;
}

type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'sequence' | 'choice'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly least: number; readonly most: number };
type Assertion = 'start' | 'end' | 'boundary' | 'inside';

const LAST = 0x10ffff;
const digits: Ranges = [48, 57];
const wordRanges: Ranges = [48, 57, 65, 90, 95, 95, 97, 122];
const spaces: Ranges = [9, 10, 12, 13, 32, 32];
const posix: Readonly<Record<string, Ranges>> = {
  alnum: [48, 57, 65, 90, 97, 122],
  alpha: [65, 90, 97, 122],
  digit: digits,
  lower: [97, 122],
  upper: [65, 90],
  punct: [33, 47, 58, 64, 91, 96, 123, 126],
  space: [9, 13, 32, 32],
  xdigit: [48, 57, 65, 70, 97, 102],
  word: wordRanges,
};
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7 };

function setNode(ranges: Ranges, outside: readonly Ranges[] = [], negated = false): Node {
  return { kind: 'set', set: { ranges, outside, negated } };
}

/** What a part of a set says: characters in its ranges, or those outside. */
interface SetPart {
  readonly ranges: Ranges;
  readonly outside: boolean;
}

class Reader {
  private readonly chars: readonly string[];
  private at = 0;
  private depth = 0;

  constructor(pattern: string) {
    this.chars = [...pattern];
  }

  read(): { node: Node; ignoreCase: boolean } {
    let ignoreCase = false;
    const flags = /^\(\?([is]+)\)/.exec(this.chars.slice(0, 6).join(''));
    if (flags !== null) {
      ignoreCase = flags[1]!.includes('i');
      this.at = flags[0].length;
    }
    const node = this.choice();
    if (this.at < this.chars.length)
      this.fail('A bracket is closed that was not opened.', 'Write \\) for the character.');
    repeats(node, 1, () => this.fail('The repetitions multiply to more than 1000.', 'Use smaller numbers.'));
    return { node, ignoreCase };
  }

  private fail(message: string, advice: string, at = this.at): never {
    throw new PatternError(message, advice, at);
  }

  private choice(): Node {
    const nodes = [this.sequence()];
    while (this.chars[this.at] === '|') {
      this.at++;
      nodes.push(this.sequence());
    }
    return nodes.length === 1 ? nodes[0]! : { kind: 'choice', nodes };
  }

  private sequence(): Node {
    const nodes: Node[] = [];
    for (;;) {
      const char = this.chars[this.at];
      if (char === undefined || char === '|' || char === ')') break;
      nodes.push(this.repeated());
    }
    return nodes.length === 1
      ? nodes[0]!
      : nodes.length === 0
        ? { kind: 'empty' }
        : { kind: 'sequence', nodes };
  }

  private repeated(): Node {
    const node = this.atom();
    const bounds = this.quantifier();
    if (bounds === undefined) return node;
    if (node.kind === 'assert')
      this.fail('There is nothing to repeat.', 'A repetition follows a character or a group.');
    if (this.chars[this.at] === '?') this.at++;
    if (this.quantifier() !== undefined)
      this.fail('One repetition follows another.', 'Put the first in a group: (?:a+)*.');
    return { kind: 'repeat', node, ...bounds };
  }

  private quantifier(): { least: number; most: number } | undefined {
    const char = this.chars[this.at];
    if (char === '*' || char === '+' || char === '?') {
      this.at++;
      return { least: char === '+' ? 1 : 0, most: char === '?' ? 1 : Infinity };
    }
    if (char !== '{') return undefined;
    const parts = /^\{(\d{1,5})(?:(,)(\d{1,5})?)?\}/.exec(this.chars.slice(this.at, this.at + 14).join(''));
    if (parts === null) this.fail('A brace that is no repetition.', 'Write \\{ for the character, or {2,5}.');
    const least = Number(parts[1]);
    const most = parts[2] === undefined ? least : parts[3] === undefined ? Infinity : Number(parts[3]);
    if (least > MAX_REPEAT || (most !== Infinity && most > MAX_REPEAT))
      this.fail(`More than ${MAX_REPEAT} repetitions.`, `Up to ${MAX_REPEAT} are allowed.`);
    if (most < least)
      this.fail('The repetition’s bounds are the wrong way round.', 'Write the smaller number first.');
    this.at += parts[0].length;
    return { least, most };
  }

  private atom(): Node {
    const char = this.chars[this.at]!;
    switch (char) {
      case '(':
        return this.group();
      case '[':
        return this.set();
      case '.':
        this.at++;
        return setNode([0, LAST]);
      case '^':
      case '$':
        this.at++;
        return { kind: 'assert', what: char === '^' ? 'start' : 'end' };
      case '\\':
        return this.escaped();
      case '*':
      case '+':
      case '?':
        return this.fail('There is nothing to repeat.', `Write \\${char} for the character.`);
      case '{':
        return this.fail('There is nothing to repeat.', 'Write \\{ for the character.');
      default:
        this.at++;
        return literal(char.codePointAt(0)!);
    }
  }

  private group(): Node {
    const from = this.at;
    this.at++;
    if (this.chars[this.at] === '?') {
      const next = this.chars.slice(this.at + 1, this.at + 3).join('');
      if (next.startsWith(':')) this.at += 2;
      else if (/^[=!]|^<[=!]/.test(next))
        this.fail(
          'Look-ahead and look-behind are not supported.',
          'Combine two conditions with and, or with and not.',
        );
      else if (/^[P<]/.test(next)) this.fail('Groups have no names here.', 'Write (…) or (?:…).');
      else this.fail('Unknown group.', 'Flags stand at the very beginning: (?i). Groups are (…) or (?:…).');
    }
    if (++this.depth > MAX_DEPTH) this.fail('The groups are nested too deeply.', `${MAX_DEPTH} are allowed.`);
    const node = this.choice();
    this.depth--;
    if (this.chars[this.at] !== ')')
      this.fail('A bracket is not closed.', 'Write \\( for the character.', from);
    this.at++;
    return node.kind === 'assert' || node.kind === 'empty' ? { kind: 'sequence', nodes: [node] } : node;
  }

  private escaped(): Node {
    const next = this.chars[this.at + 1];
    const assertion = ({ A: 'start', z: 'end', b: 'boundary', B: 'inside' } as const)[next ?? ''];
    if (assertion !== undefined) {
      this.at += 2;
      return { kind: 'assert', what: assertion };
    }
    const { ranges, outside } = this.escapedRanges();
    return outside ? setNode([], [ranges]) : setNode(ranges);
  }

  private escapedRanges(): SetPart {
    const from = this.at;
    const char = this.chars[this.at + 1];
    if (char === undefined) this.fail('It ends with a backslash.', 'Write \\\\ for the character.');
    this.at += 2;
    const lower = char.toLowerCase();
    const known = lower === 'd' ? digits : lower === 'w' ? wordRanges : lower === 's' ? spaces : undefined;
    if (known !== undefined) return { ranges: known, outside: char !== lower };
    if (Object.hasOwn(controls, char)) return one(controls[char]!);
    if (char === 'x') {
      const hex = /^(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(
        this.chars.slice(this.at, this.at + 8).join(''),
      );
      const code = hex === null ? NaN : parseInt((hex[1] ?? hex[2])!, 16);
      if (hex === null || code > LAST)
        this.fail('Not a character’s number.', 'Write \\x41 or \\x{1F600}.', from);
      this.at += hex[0].length;
      return one(code);
    }
    if (/[1-9]/.test(char))
      this.fail('References to groups are not supported.', 'Say what may stand there again.', from);
    if (/[A-Za-z0-9]/.test(char) || char.codePointAt(0)! > 126)
      this.fail(
        `\\${char} is not supported.`,
        'Known are \\d \\w \\s \\b, and \\ before a character that is to stand for itself.',
        from,
      );
    const code = char.codePointAt(0)!;
    return one(code);
  }

  private set(): Node {
    const from = this.at;
    this.at++;
    const negated = this.chars[this.at] === '^';
    if (negated) this.at++;
    const ranges: number[] = [];
    const outside: Ranges[] = [];
    for (let first = true; ; first = false) {
      const char = this.chars[this.at];
      if (char === undefined) this.fail('A [ is not closed.', 'Write \\[ for the character.', from);
      if (char === ']') {
        if (first) this.fail('An empty set.', 'Write \\] for the character.');
        this.at++;
        break;
      }
      const part = this.setPart(char);
      if (part.outside) outside.push(part.ranges);
      else ranges.push(...part.ranges);
    }
    return setNode(ranges, outside, negated);
  }

  private setPart(char: string): SetPart {
    const rest = this.chars.slice(this.at, this.at + 12).join('');
    if (char === '[' && rest.startsWith('[:')) {
      const name = /^\[:(\^?)([a-z]+):\]/.exec(rest);
      if (name === null || !Object.hasOwn(posix, name[2]!))
        this.fail(
          'Unknown class of characters.',
          'Write [:alpha:], [:digit:], [:space:] and so on, or \\[ for the character.',
        );
      this.at += name[0].length;
      return { ranges: posix[name[2]!]!, outside: name[1] !== '' };
    }
    const low = this.setChar();
    if (
      this.chars[this.at] !== '-' ||
      this.chars[this.at + 1] === ']' ||
      this.chars[this.at + 1] === undefined
    )
      return low;
    const from = this.at;
    this.at++;
    const high = this.setChar();
    if (
      low.outside ||
      high.outside ||
      !isOne(low.ranges) ||
      !isOne(high.ranges) ||
      high.ranges[0]! < low.ranges[0]!
    )
      this.fail(
        'Not a range of characters.',
        'Write the lower character first: a-z; or \\- for the character.',
        from,
      );
    return { ranges: [low.ranges[0]!, high.ranges[0]!], outside: false };
  }

  private setChar(): SetPart {
    const char = this.chars[this.at]!;
    if (char === '\\') return this.escapedRanges();
    this.at++;
    const code = char.codePointAt(0)!;
    return one(code);
  }
}

function one(code: number): SetPart {
  return { ranges: [code, code], outside: false };
}

function isOne(ranges: Ranges): boolean {
  return ranges.length === 2 && ranges[0] === ranges[1];
}

function literal(code: number): Node {
  return setNode([code, code]);
}

/** RE2 allows nested repetitions up to a product of 1000. */
function repeats(node: Node, product: number, fail: () => never): void {
  if (node.kind === 'sequence' || node.kind === 'choice')
    for (const n of node.nodes) repeats(n, product, fail);
  if (node.kind !== 'repeat') return;
  const times = node.most === Infinity ? node.least : node.most;
  const inner = product * Math.max(1, times);
  if (inner > MAX_REPEAT) fail();
  repeats(node.node, inner, fail);
}

const Op = { set: 0, split: 1, assert: 2, match: 3 } as const;

interface Program {
  readonly ops: number[];
  /** Where each step goes on; a split goes on at both. */
  readonly next: number[];
  readonly other: number[];
  readonly sets: (CharacterSet | undefined)[];
  readonly asserts: (Assertion | undefined)[];
  start: number;
}

/** From the end backwards, so that each step knows where it goes on. */
function compile(root: Node): Program {
  const program: Program = { ops: [], next: [], other: [], sets: [], asserts: [], start: 0 };
  const step = (op: number, next: number, other = -1, set?: CharacterSet, assert?: Assertion): number => {
    if (program.ops.length >= MAX_STEPS)
      throw new PatternError('The regular expression is too large.', 'Repeat fewer times.', 0);
    program.ops.push(op);
    program.next.push(next);
    program.other.push(other);
    program.sets.push(set);
    program.asserts.push(assert);
    return program.ops.length - 1;
  };
  const put = (node: Node, then: number): number => {
    switch (node.kind) {
      case 'empty':
        return then;
      case 'set':
        return step(Op.set, then, -1, node.set);
      case 'assert':
        return step(Op.assert, then, -1, undefined, node.what);
      case 'sequence':
        return node.nodes.reduceRight((at, n) => put(n, at), then);
      case 'choice':
        return node.nodes.map((n) => put(n, then)).reduceRight((at, n) => step(Op.split, n, at));
      case 'repeat': {
        let at = then;
        if (node.most === Infinity) {
          at = step(Op.split, -1, then);
          program.next[at] = put(node.node, at);
        } else for (let i = node.least; i < node.most; i++) at = step(Op.split, put(node.node, at), then);
        for (let i = 0; i < node.least; i++) at = put(node.node, at);
        return at;
      }
    }
  };
  program.start = put(root, step(Op.match, -1));
  return program;
}

class Automaton implements RegularExpression {
  private readonly program: Program;
  private readonly ignoreCase: boolean;
  /** The position in the text at which a step was last put on the list: no step is there twice. */
  private readonly seen: Int32Array;
  private now: number[] = [];
  private later: number[] = [];
  private readonly stack: number[] = [];

  constructor(program: Program, ignoreCase: boolean) {
    this.program = program;
    this.ignoreCase = ignoreCase;
    this.seen = new Int32Array(program.ops.length);
  }

  test(text: string): boolean {
    const { next, sets, start } = this.program;
    this.seen.fill(-1);
    this.now.length = 0;
    for (let at = 0; ;) {
      if (this.follow(start, text, at, this.now)) return true;
      if (at >= text.length) return false;
      const code = text.codePointAt(at)!;
      const after = at + (code > 0xffff ? 2 : 1);
      this.later.length = 0;
      for (const step of this.now) {
        if (!this.takes(sets[step]!, code)) continue;
        if (this.follow(next[step]!, text, after, this.later)) return true;
      }
      [this.now, this.later] = [this.later, this.now];
      at = after;
    }
  }

  /** Puts the steps that take a character on the list; true where the end is reached. */
  private follow(from: number, text: string, at: number, list: number[]): boolean {
    const { ops, next, other, asserts } = this.program;
    const { seen, stack } = this;
    stack.push(from);
    for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
      if (seen[step] === at) continue;
      seen[step] = at;
      const op = ops[step];
      if (op === Op.match) {
        stack.length = 0;
        return true;
      }
      if (op === Op.set) list.push(step);
      else if (op === Op.split) stack.push(other[step]!, next[step]!);
      else if (asserted(asserts[step]!, text, at)) stack.push(next[step]!);
    }
    return false;
  }

  private takes({ ranges, outside, negated }: CharacterSet, code: number): boolean {
    return (this.holds(ranges, code) || outside.some((o) => !this.holds(o, code))) !== negated;
  }

  private holds(ranges: Ranges, code: number): boolean {
    if (within(ranges, code)) return true;
    if (!this.ignoreCase) return false;
    const char = String.fromCodePoint(code);
    const lower = char.toLowerCase();
    const upper = char.toUpperCase();
    return [lower, upper, upper.toLowerCase(), lower.toUpperCase()].some(
      (c) => [...c].length === 1 && within(ranges, c.codePointAt(0)!),
    );
  }
}

function within(ranges: Ranges, code: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (code >= ranges[i]! && code <= ranges[i + 1]!) return true;
  return false;
}

function asserted(what: Assertion, text: string, at: number): boolean {
  if (what === 'start') return at === 0;
  if (what === 'end') return at === text.length;
  const before = at > 0 && within(wordRanges, text.charCodeAt(at - 1));
  const after = at < text.length && within(wordRanges, text.charCodeAt(at));
  return (before !== after) === (what === 'boundary');
}
