import fc from 'fast-check';
import { type Flow, NOON } from './flows.ts';

const host = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2',
  '198.51.100.7',
  '198.51.100.8',
  '2001:db8::1',
  'fd00::9',
);
const port = fc.constantFrom(0, 22, 53, 123, 443, 40_000, 50_000);

/** Flows of few hosts, of all that windows count, received within ten seconds after noon and ended up to thirty earlier. */
export const randomFlow: fc.Arbitrary<Flow> = fc.record({
  timestamp: fc.integer({ min: NOON, max: NOON + 9 }),
  end_lag_ms: fc.integer({ min: 0, max: 30_000 }),
  duration_ms: fc.constantFrom(0, 50, 3000, 15_000, 2_000_000),
  tenant_id: fc.constantFrom('', 'acme', 'other'),
  application: fc.constantFrom('', 'ssh', 'quic'),
  collector_ip: fc.constantFrom('192.0.2.1', '192.0.2.2'),
  source_ip: host,
  destination_ip: host,
  source_port: port,
  destination_port: port,
  protocol: fc.constantFrom(1, 6, 6, 6, 17, 17, 47, 58),
  tcp_flags: fc.constantFrom(0, 0x02, 0x12, 0x14, 0x1b),
  tcp_flags_out: fc.constantFrom(0, 0x12, 0x14, 0x1b),
  icmp_type: fc.constantFrom(0, 1, 3, 8, 128),
  bytes_in: fc.constantFrom(0, 40, 1500, 20_000, 7_000_000_000),
  packets_in: fc.constantFrom(0, 1, 2, 40),
  bytes_out: fc.constantFrom(0, 0, 900),
  packets_out: fc.constantFrom(0, 0, 3),
  sampling_rate: fc.constantFrom(0, 1, 10, 1000),
  input_interface: fc.constantFrom(0, 1, 2),
  output_interface: fc.constantFrom(0, 1, 2),
  tcp_rtt_us: fc.constantFrom(0, 0, 12_000),
  retransmissions: fc.constantFrom(0, 0, 2),
  verdict: fc.constantFrom(0, 1, 2),
  fragment_offset: fc.constantFrom(0, 0, 185),
});
