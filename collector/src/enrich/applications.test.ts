import { describe, expect, it } from '@jest/globals';
import { FlowBatch, at, fillText } from '@weir/core';
import { applicationEnricher } from './applications.ts';

/** Protocol, source port, destination port of each row. */
function batchOf(rows: readonly (readonly [number, number, number])[]): FlowBatch {
  const batch = new FlowBatch(16);
  batch.rows = rows.length;
  rows.forEach(([protocol, source, destination], r) => {
    batch.u8(at.protocol)[r] = protocol;
    batch.u16(at.source_port)[r] = source;
    batch.u16(at.destination_port)[r] = destination;
  });
  return batch;
}

function applications(batch: FlowBatch): string[] {
  const ids = batch.u32(at.application);
  return Array.from({ length: batch.rows }, (_, r) => batch.dictionary(at.application).text(ids[r]!));
}

describe('applications by port', () => {
  it('are those of the lower port, else of the higher, in both directions', () => {
    const batch = batchOf([
      [6, 51_000, 443],
      [6, 443, 51_000],
      [17, 53, 123],
      [6, 1_030, 3_389],
    ]);
    applicationEnricher()(batch, 0, batch.rows);
    expect(applications(batch)).toEqual(['https', 'https', 'dns', 'rdp']);
  });

  it('are the protocol where there are no ports, and none where nothing is known', () => {
    const batch = batchOf([
      [1, 0, 0],
      [50, 0, 0],
      [6, 50_001, 50_000],
      [253, 0, 0],
    ]);
    applicationEnricher()(batch, 0, batch.rows);
    expect(applications(batch)).toEqual(['icmp', 'esp', '', '']);
  });

  it('leave what the exporter has said', () => {
    const batch = batchOf([
      [6, 51_000, 443],
      [6, 51_000, 443],
    ]);
    fillText(batch, at.application, 'video-call', 0, 1);
    applicationEnricher()(batch, 0, batch.rows);
    expect(applications(batch)).toEqual(['video-call', 'https']);
  });

  it('are right again after the batch has been emptied', () => {
    const enrich = applicationEnricher();
    const batch = batchOf([[6, 51_000, 443]]);
    enrich(batch, 0, 1);
    batch.reset();
    batch.rows = 2;
    batch.u8(at.protocol).fill(6, 0, 2);
    batch.u16(at.source_port).fill(40_000, 0, 2);
    batch.u16(at.destination_port)[0] = 22;
    batch.u16(at.destination_port)[1] = 443;
    enrich(batch, 0, 2);
    expect(applications(batch)).toEqual(['ssh', 'https']);
  });
});
