import { describe, expect, it } from '@jest/globals';
import { addressText, at } from '@weir/core';
import { BiflowOrientation } from './biflow-orientation.ts';
import { type Flow, batchOf } from './windows/testing/flows.ts';

const SYN = 2;
const RST = 4;
const ACK = 16;
const WHOLE = 0x1b;

const biflow = (more: Flow = {}): Flow => ({
  collector_ip: '192.0.2.1',
  source_ip: '10.0.0.1',
  destination_ip: '10.0.0.2',
  source_port: 443,
  destination_port: 50_000,
  protocol: 6,
  tcp_flags: WHOLE,
  tcp_flags_out: WHOLE,
  bytes_in: 9_000,
  packets_in: 9,
  bytes_out: 500,
  packets_out: 5,
  input_interface: 1,
  output_interface: 2,
  ...more,
});

/** `source:port > destination:port bytes/back in/out` of each. */
function oriented(flows: readonly Flow[], orientation = new BiflowOrientation()): string[] {
  const batch = batchOf(flows);
  orientation.orient(batch);
  return flows.map((_, r) => {
    const end = (ip: number, port: number): string =>
      `${addressText(batch.u32(ip), 4 * r)}:${batch.u16(port)[r]}`;
    return `${end(at.source_ip, at.source_port)} > ${end(at.destination_ip, at.destination_port)} ${batch.u32(at.bytes_in)[2 * r]}/${batch.u32(at.bytes_out)[2 * r]} ${batch.u32(at.input_interface)[r]}/${batch.u32(at.output_interface)[r]}`;
  });
}

const AS_IT_CAME = '10.0.0.1:443 > 10.0.0.2:50000 9000/500 1/2';
const TURNED = '10.0.0.2:50000 > 10.0.0.1:443 500/9000 2/1';

describe('a biflow', () => {
  it('stays as it is where nothing says otherwise', () => {
    expect(oriented([biflow()])).toEqual([AS_IT_CAME]);
  });

  it.each([
    [
      'the destination sent SYN alone: nobody answered',
      { tcp_flags: 0, tcp_flags_out: SYN, packets_in: 0, bytes_in: 0 },
    ],
    ['the source did nothing but refuse', { tcp_flags: RST | ACK, tcp_flags_out: SYN }],
    ['nothing went from source to destination', { protocol: 17, packets_in: 0, bytes_in: 0 }],
  ])('is turned round where %s', (_, more) => {
    expect(oriented([biflow(more)])[0]).toMatch(/^10\.0\.0\.2:50000 > 10\.0\.0\.1:443/);
  });

  it('stays where its source sent SYN alone, whatever the ports', () => {
    expect(oriented([biflow({ tcp_flags: SYN, tcp_flags_out: RST | ACK })])).toEqual([AS_IT_CAME]);
  });

  it('of an exporter that always has the lower address first is from the higher port', () => {
    const flows = Array.from({ length: 60 }, () => biflow());
    const [first, last] = [oriented(flows)[0], oriented(flows).at(-1)];
    expect([first, last]).toEqual([AS_IT_CAME, TURNED]);
    const other = biflow({ source_ip: '10.0.0.9' });
    expect(oriented([other, ...flows]).at(-1)).toBe(AS_IT_CAME);
    // Another exporter's habit is its own.
    const orientation = new BiflowOrientation();
    oriented(flows, orientation);
    expect(oriented([biflow({ collector_ip: '192.0.2.2' })], orientation)).toEqual([AS_IT_CAME]);
    expect(oriented([biflow()], orientation)).toEqual([TURNED]);
  });

  it('is told by the order of bytes, not of words', () => {
    const flows = Array.from({ length: 60 }, () =>
      biflow({ source_ip: '10.0.2.1', destination_ip: '10.1.0.1' }),
    );
    expect(oriented(flows).at(-1)).toMatch(/^10\.1\.0\.1:50000/);
  });

  it('of one direction is none', () => {
    const alone = biflow({ packets_out: 0, bytes_out: 0, tcp_flags: RST, tcp_flags_out: 0 });
    expect(oriented([alone, biflow()])[0]).toBe('10.0.0.1:443 > 10.0.0.2:50000 9000/0 1/2');
  });
});
