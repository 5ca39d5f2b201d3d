import { u16 } from './bytes.ts';
import type { Plan } from './plan.ts';
import type { Template } from './template.ts';

/**
 * Where the records of one set lie: for segment s (the stretch after the s-th variable-length field) and record r,
 * `starts[s * records + r]` is its offset in the datagram, and for s ≥ 1 `lengths[s * records + r]` is the length of the
 * variable-length field that ends there. Reused from set to set.
 */
export class RecordLayout {
  starts = new Int32Array(4096);
  lengths = new Int32Array(4096);
  records = 0;
  /** The last record ran over the end of the set. */
  cutShort = false;

  /** Lays out the records in `bytes[from, to)`. What is left at the end and shorter than a record is padding. */
  lay(template: Template, plan: Plan, bytes: Uint8Array, from: number, to: number): void {
    this.cutShort = false;
    const most = Math.floor((to - from) / template.minLength);
    const segments = plan.segmentLengths.length;
    if (this.starts.length < most * segments) {
      this.starts = new Int32Array(most * segments * 2);
      this.lengths = new Int32Array(most * segments * 2);
    }
    if (!template.variable) {
      const { starts } = this;
      for (let r = 0, at = from; r < most; r++, at += template.minLength) starts[r] = at;
      this.records = most;
      return;
    }
    this.records = this.count(template, plan, bytes, from, to, most);
    this.walk(plan, bytes, from);
  }

  /** How many whole records there are: only then is the stride of `starts` known. */
  private count(
    template: Template,
    plan: Plan,
    bytes: Uint8Array,
    from: number,
    to: number,
    most: number,
  ): number {
    const { segmentLengths } = plan;
    let at = from;
    let records = 0;
    while (records < most && to - at >= template.minLength) {
      for (let s = 0; s < segmentLengths.length; s++) {
        if (s > 0) {
          if (at >= to) return this.overrun(records);
          let length = bytes[at++]!;
          if (length === 255) {
            if (at + 2 > to) return this.overrun(records);
            length = u16(bytes, at);
            at += 2;
          }
          at += length;
        }
        at += segmentLengths[s]!;
        if (at > to) return this.overrun(records);
      }
      records++;
    }
    return records;
  }

  private overrun(records: number): number {
    this.cutShort = true;
    return records;
  }

  private walk(plan: Plan, bytes: Uint8Array, from: number): void {
    const { records: n, starts, lengths } = this;
    const { segmentLengths } = plan;
    let at = from;
    for (let r = 0; r < n; r++) {
      for (let s = 0; s < segmentLengths.length; s++) {
        if (s > 0) {
          let length = bytes[at++]!;
          if (length === 255) {
            length = u16(bytes, at);
            at += 2;
          }
          at += length;
          lengths[s * n + r] = length;
        }
        starts[s * n + r] = at;
        at += segmentLengths[s]!;
      }
    }
  }
}
