/**
 * Texts of keys met lately: the same ones are looked at in each window, and to write them takes longer than to look at them; and a
 * text that is the same object as before is found in a map at once. Each has one place, by its hash, which the next that has the same
 * takes over.
 */
export class KnownTexts {
  private readonly width: number;
  private readonly words: Uint32Array;
  private readonly texts: string[];

  /** `width`: words of a key, the tenant's among them. `places`: a power of two. */
  constructor(width: number, places: number) {
    this.width = width;
    this.words = new Uint32Array(width * places);
    this.texts = new Array<string>(places).fill('');
  }

  /** The text of a tenant's number and the words from a place on, or `text()`, which is remembered. */
  of(hash: number, tenant: number, words: Uint32Array, from: number, text: () => string): string {
    const place = hash & (this.texts.length - 1);
    const { words: own, width } = this;
    const at = place * width;
    let same = own[at] === tenant;
    for (let k = 1; same && k < width; k++) same = own[at + k] === words[from + k - 1];
    if (same && this.texts[place] !== '') return this.texts[place]!;
    own[at] = tenant;
    for (let k = 1; k < width; k++) own[at + k] = words[from + k - 1]!;
    return (this.texts[place] = text());
  }
}
