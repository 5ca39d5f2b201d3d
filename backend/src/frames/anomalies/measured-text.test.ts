import { describe, expect, it } from '@jest/globals';
import { bytesText, durationText, measuredText, metricText, numberText, unitText } from './measured-text.ts';

describe('what was measured', () => {
  it.each([
    ['syn_per_second', 84_000, 40, 1_000, '84,000 SYN/s (usual 40, threshold 1,000)'],
    ['ports_per_minute', 468.195, 0, 20, '468 ports/min (threshold 20)'],
    ['attempts_per_ten_minutes', 40, 0, 20, '40 attempts/10 min (threshold 20)'],
    ['bytes_per_second', 12_340_000, 800_000, 10_000_000, '12.3 MB/s (usual 800 kB/s, threshold 10 MB/s)'],
    ['amplified_bytes_per_second', 2.5e9, 0, 1e6, 'amplified 2.5 GB/s (threshold 1 MB/s)'],
    ['bytes_to_new_places', 3e8, 0, 1e8, 'to new places 300 MB (threshold 100 MB)'],
    ['bytes_per_minute', 960, 0, 0, '960 B/min'],
    ['mean_query_bytes', 210, 0, 100, 'mean query 210 B (threshold 100 B)'],
    ['udp_packets_per_second', 50_000, 0, 10_000, '50,000 UDP packets/s (threshold 10,000)'],
    ['dns_queries_per_minute', 1_200, 12, 100, '1,200 DNS queries/min (usual 12, threshold 100)'],
    ['error_ratio', 0.123, 0.002, 0.05, 'errors 12.3 % (usual 0.2 %, threshold 5 %)'],
    ['retransmission_ratio', 0.55, 0, 0.5, 'retransmitted 55 % (threshold 50 %)'],
    ['rtt_us', 240_000, 31_000, 62_000, 'RTT 240 ms (usual 31 ms, threshold 62 ms)'],
    ['silent_seconds', 600, 0, 300, 'silent 10 min (threshold 5 min)'],
    ['duration_seconds', 9_000, 3_600, 7_200, 'duration 2.5 h (usual 60 min, threshold 2 h)'],
    ['protocol_mix_distance', 0.42, 0, 0.3, 'protocol mix distance 42 % (threshold 30 %)'],
    ['destination_port_entropy', 0.9, 0.4, 0.7, 'destination port entropy 90 % (usual 40 %, threshold 70 %)'],
    ['outlier_score', 0.83, 0, 0.7, 'outlier score 0.83 (threshold 0.7)'],
    ['new_hosts', 12, 1, 5, '12 new hosts (usual 1, threshold 5)'],
    ['bytes', 1.5e9, 0, 1e9, '1.5 GB (threshold 1 GB)'],
  ])(
    'of %s is said with its unit, and nothing of what there is none of',
    (metric, value, baseline, threshold, text) => {
      expect(measuredText(metric, { value, baseline, threshold })).toBe(text);
    },
  );

  it('is nothing where no metric is named', () => {
    expect(measuredText('', { value: 5, baseline: 1, threshold: 2 })).toBe('');
  });

  it('is said of one part alike', () => {
    expect(metricText('syn_per_second', 4_200)).toBe('4,200 SYN/s');
  });
});

describe('a number of evidence', () => {
  it.each([
    [1_500, 'bytes/s', '1.5 kB/s'],
    [2_600, 'bytes/flow', '2.6 kB/flow'],
    [0.25, 'ratio', '25 %'],
    [1_200, 'us', '1.2 ms'],
    [90, 's', '90 s'],
    [3, 'h', '3 h'],
    [12, 'hosts', '12 hosts'],
    [7, '', '7'],
  ])('%p %s is %s', (value, unit, text) => {
    expect(unitText(value, unit)).toBe(text);
  });
});

describe('numbers', () => {
  it('have three digits that count, and thousands apart', () => {
    expect([0, 0.0123, 1.016, 999.6, 12_345, 123_456, 1_234_567].map(numberText)).toEqual([
      '0',
      '0.01',
      '1.02',
      '1,000',
      '12,345',
      '123,000',
      '1,230,000',
    ]);
  });

  it('of bytes never say 1,000 of a unit', () => {
    expect([999, 999.7, 1e6 - 1, 1e15].map(bytesText)).toEqual(['999 B', '1 kB', '1 MB', '1 PB']);
  });

  it('of time are told in the unit that a person would take', () => {
    expect([0.35, 120, 45_000, 720_000, 7_560_000, 302_400_000].map(durationText)).toEqual([
      '350 µs',
      '120 ms',
      '45 s',
      '12 min',
      '2.1 h',
      '3.5 d',
    ]);
  });
});
