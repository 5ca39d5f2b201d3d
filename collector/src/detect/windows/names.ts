import { Dictionary, type FlowBatch } from '@weir/core';

/** Texts that keys hold, numbered once for all windows: not more than `limit`, the rest are the empty text. */
export class Names {
  readonly texts: string[] = [''];
  /** Times that a text found no room. */
  refused = 0;
  private readonly dictionary = new Dictionary();
  private readonly limit: number;
  private batch: FlowBatch | undefined;
  private generation = -1;
  private readonly ids: number[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  id(text: string): number {
    return this.kept(this.dictionary.size < this.limit ? this.dictionary.internText(text) : this.find(text));
  }

  /** The number of each text of a batch's column, by its id there. Valid until the next call. */
  ofBatch(batch: FlowBatch, column: number): readonly number[] {
    if (!batch.has(column)) return [0];
    if (this.batch !== batch || this.generation !== batch.generation) {
      this.batch = batch;
      this.generation = batch.generation;
      this.ids.length = 0;
    }
    const dictionary = batch.dictionary(column);
    while (this.ids.length < dictionary.size) this.ids.push(this.id(dictionary.text(this.ids.length)));
    return this.ids;
  }

  private find(text: string): number {
    const known = this.texts.indexOf(text);
    if (known < 0) this.refused++;
    return Math.max(0, known);
  }

  private kept(id: number): number {
    if (id >= this.texts.length) this.texts.push(this.dictionary.text(id));
    return id;
  }
}
