import { addressText } from '@weir/core';
import { addressHash } from '@weir/core/windows';

const PLACES = 2 ** 15;

/**
 * Texts of addresses met lately: the same hosts are looked at in each window, and to write an address takes longer than to look at it.
 * Each has one place, which the next that has the same takes over.
 */
export class AddressTexts {
  private readonly words = new Uint32Array(4 * PLACES);
  private readonly texts = new Array<string>(PLACES).fill('');

  text(words: ArrayLike<number>, at: number): string {
    const [a, b, c, d] = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!];
    const place = addressHash(a, b, c, d) & (PLACES - 1);
    const known = this.words;
    const k = 4 * place;
    if (known[k] === a && known[k + 1] === b && known[k + 2] === c && known[k + 3] === d) {
      const text = this.texts[place]!;
      if (text !== '') return text;
    }
    known[k] = a;
    known[k + 1] = b;
    known[k + 2] = c;
    known[k + 3] = d;
    return (this.texts[place] = addressText(words, at));
  }
}
