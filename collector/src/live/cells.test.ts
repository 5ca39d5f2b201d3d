import { describe, expect, it } from '@jest/globals';
import { FlowBatch, addressWords, at, fields, fillText, storedColumns } from '@weir/core';
import { cellOf } from './cells.ts';

const TIME = 1_720_000_000;

function batch(): FlowBatch {
  const made = new FlowBatch(16);
  made.u32(at.timestamp)[0] = TIME;
  made.u32(at.collector_ip).set(addressWords('192.0.2.1'));
  made.u32(at.source_ip).set(addressWords('10.0.0.1'));
  made.u32(at.destination_ip).set(addressWords('2001:db8::1'));
  made.u16(at.source_port)[0] = 50_000;
  made.u16(at.destination_port)[0] = 443;
  made.u8(at.protocol)[0] = 6;
  made.u8(at.tos)[0] = 46 << 2;
  made.u16(at.tcp_flags)[0] = 18;
  made.u32(at.bytes_in).set([5, 1]);
  made.u32(at.input_interface)[0] = 7;
  made.u32(at.output_interface)[0] = 8;
  fillText(made, at.output_interface_name, 'xe-0', 0, 1);
  made.u32(at.source_as)[0] = 64_512;
  made.u8(at.flow_source)[0] = 3;
  made.u32(at.source_mac).set([0x22334455, 0x0011]);
  made.u32(at.end_lag_ms).set([-1500 >>> 0, 0xffffffff]);
  made.u32(at.duration_ms)[0] = 250;
  made.rows = 1;
  return made;
}

function value(made: FlowBatch, name: string): string | number {
  const cell = cellOf(name)!;
  const words = new Uint32Array(cell.words + 1);
  const bound = cell.bind(made);
  bound.put(0, words, 1);
  return bound.show(words, 1);
}

describe('a cell', () => {
  it.each([
    ['timestamp', TIME * 1000],
    ['flow_end_time', TIME * 1000 + 1500],
    ['flow_start_time', TIME * 1000 + 1250],
    ['end_lag_ms', -1500],
    ['exporter', '192.0.2.1'],
    ['collector_ip', '192.0.2.1'],
    ['exporter_name', ''],
    ['source_ip', '10.0.0.1'],
    ['dst', '2001:db8::1'],
    ['destination_port', 443],
    ['service', 443],
    ['protocol', 'tcp'],
    ['dscp', 'EF'],
    ['tos', 184],
    ['tcp_flags', 'syn+ack'],
    ['bytes', 4294967301],
    ['bytes_in', 4294967301],
    ['packets', 0],
    ['input_interface', '7'],
    ['output_interface', 'xe-0'],
    ['in_if', '7'],
    ['source_as', 'AS64512'],
    ['flow_source', 'ipfix'],
    ['verdict', 'unknown'],
    ['source_mac', '00:11:22:33:44:55'],
    ['application', ''],
    ['vlan_id', 0],
  ])('shows %s as people read it', (name, shown) => {
    expect(value(batch(), name)).toBe(shown);
  });

  it('shows the exporter by name where it has one', () => {
    const made = batch();
    fillText(made, at.exporter_name, 'edge', 0, 1);
    expect(value(made, 'exporter')).toBe('edge');
  });

  it('brings no column into being', () => {
    const made = new FlowBatch(4);
    made.rows = 1;
    for (const { name } of storedColumns) value(made, name);
    for (const { name, columns } of fields) if (columns.length === 1) value(made, name);
    expect(storedColumns.filter(({ name }) => made.has(at[name as keyof typeof at]))).toEqual([]);
  });

  it('is not there for either end, for what is computed in SQL, nor for what there is not', () => {
    for (const name of ['host', 'port', 'interface', 'flow_id', 'nonsense'])
      expect(cellOf(name)).toBeUndefined();
  });
});
