import { type WindowRows, keyOfKind, keyWords, scattered } from '@weir/core/windows';
import type { TextNumbers } from './text-numbers.ts';

export interface KeyTexts {
  readonly tenants: TextNumbers;
  readonly applications: TextNumbers;
}

/** Reads the keys of a window's rows as words in which texts are the baselines' own numbers. */
export class KeyReader {
  /** The words of the key last read. */
  readonly key: Uint32Array;
  private readonly columns: readonly {
    readonly values: Uint32Array | undefined;
    readonly words: number;
    readonly numbers: readonly number[] | undefined;
  }[];

  constructor(rows: WindowRows, texts: KeyTexts, key: Uint32Array) {
    this.key = key;
    this.columns = keyOfKind(rows.kind).map((name) => ({
      values: rows.keys[name],
      words: keyWords(name),
      numbers:
        name === 'tenant_id'
          ? texts.tenants.ofList(rows.texts.tenant_id)
          : name === 'application'
            ? texts.applications.ofList(rows.texts.application)
            : undefined,
    }));
  }

  /** Reads a row's key; false where it has a text for which there is no number. */
  read(row: number): boolean {
    const { key } = this;
    let at = 0;
    for (const { values, words, numbers } of this.columns) {
      if (numbers !== undefined) {
        const number = numbers[values?.[row] ?? 0] ?? 0;
        if (number < 0) return false;
        key[at++] = number;
      } else for (let w = 0; w < words; w++) key[at++] = values?.[row * words + w] ?? 0;
    }
    return true;
  }
}

export function keyHash(words: Uint32Array, from: number, width: number): number {
  let hash = 0;
  for (let k = 0; k < width; k++) hash = (scattered(hash ^ words[from + k]!) + k) >>> 0;
  return hash;
}

export function sameKey(a: Uint32Array, at: number, b: Uint32Array, from: number, width: number): boolean {
  for (let k = 0; k < width; k++) if (a[at + k] !== b[from + k]) return false;
  return true;
}
