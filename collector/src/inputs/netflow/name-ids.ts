import type { FlowBatch } from '@weir/core';

/**
 * Ids that names have in one text column of the batch being filled, by number (interface index, VRF, application): so that a
 * name is looked up once a batch and not once a flow. Holds for one filling of the batch and until names are learnt anew.
 */
export class NameIds {
  private readonly ids = new Map<number, number>();
  private batch: FlowBatch | undefined;
  private generation = -1;
  private version = -1;

  /** The ids known, emptied where they no longer hold. `version` counts changes to the names. */
  for(batch: FlowBatch, version: number): Map<number, number> {
    if (this.batch !== batch || this.generation !== batch.generation || this.version !== version) {
      this.ids.clear();
      this.batch = batch;
      this.generation = batch.generation;
      this.version = version;
    }
    return this.ids;
  }
}
