/** Texts more than these find no number, and their rows are not learnt. */
const MOST_TEXTS = 16_384;

/** Gives tenants' and applications' names numbers that hold over windows, and over restarts with what is saved. */
export class TextNumbers {
  private readonly texts: string[] = [''];
  private readonly numbers = new Map<string, number>([['', 0]]);
  /** By the list of texts of a window, which may grow at its end. */
  private readonly lists = new WeakMap<readonly string[], number[]>();

  /** For each place in a list its text's number; -1 where there is no room. */
  ofList(texts: readonly string[]): readonly number[] {
    let list = this.lists.get(texts);
    if (list === undefined) this.lists.set(texts, (list = []));
    while (list.length < texts.length) list.push(this.of(texts[list.length]!));
    return list;
  }

  private of(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    if (this.texts.length >= MOST_TEXTS) return -1;
    this.numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }

  save(): readonly string[] {
    return [...this.texts];
  }

  static load(texts: readonly string[]): TextNumbers {
    const loaded = new TextNumbers();
    for (const text of texts.slice(0, MOST_TEXTS)) loaded.of(text);
    return loaded;
  }
}
