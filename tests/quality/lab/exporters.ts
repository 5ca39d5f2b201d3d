import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LEG } from './office.ts';

/** A real exporter on the router's leg. */
export interface LabExporter {
  /** `softflowd-netflow9-1in100`: also its recording's name. */
  readonly name: string;
  readonly program: 'softflowd' | 'pmacctd';
  readonly version: 5 | 9 | 10;
  readonly samplingRate: number;
  readonly biflows: boolean;
  readonly port: number;
}

const FIRST_PORT = 19_001;
/** Seconds without a packet after which a flow is reported; of one that lasts, each minute. What many operators set. */
const IDLE = 15;
const ACTIVE = 60;
const ENDED = 5;
const EVERY = 5;
const FORMAT = { 5: 'netflow5', 9: 'netflow9', 10: 'ipfix' } as const;

export const timeoutsInWords =
  `flows are reported ${IDLE} s after their last packet, ${ENDED} s after a TCP connection’s end, each ${ACTIVE} s while they ` +
  `last; looked for every ${EVERY} s`;

export const labExporters: readonly LabExporter[] = [
  of('softflowd', 9, 1),
  of('softflowd', 5, 1),
  of('softflowd', 10, 1, true),
  of('pmacctd', 9, 1),
  of('pmacctd', 10, 1),
  of('softflowd', 9, 10),
  of('softflowd', 9, 100),
  of('softflowd', 9, 1_000),
  of('pmacctd', 9, 10),
  of('pmacctd', 9, 100),
  of('pmacctd', 9, 1_000),
].map((exporter, i) => ({ ...exporter, port: FIRST_PORT + i }));

function of(
  program: LabExporter['program'],
  version: LabExporter['version'],
  samplingRate: number,
  biflows = false,
): Omit<LabExporter, 'port'> {
  const rate = samplingRate === 1 ? 'unsampled' : `1in${samplingRate}`;
  const name = `${program}-${FORMAT[version]}${biflows ? '-biflows' : ''}-${rate}`;
  return { name, program, version, samplingRate, biflows };
}

/** Program and arguments. Each packet is taken once, when it comes in. */
export function commandOf(exporter: LabExporter, folder: string): readonly [string, readonly string[]] {
  const { program, version, samplingRate, biflows, port, name } = exporter;
  if (program === 'softflowd')
    return [
      'softflowd',
      [
        '-d',
        ...[
          '-i',
          `1:${LEG}`,
          '-n',
          `127.0.0.1:${port}`,
          '-v',
          String(version),
          '-m',
          '65536',
          '-B',
          String(8 << 20),
        ],
        ...['-c', 'none', '-p', join(folder, `${name}.pid`)],
        ...(samplingRate > 1 ? ['-s', String(samplingRate)] : []),
        ...(biflows ? ['-b'] : []),
        ...Object.entries({
          tcp: IDLE,
          udp: IDLE,
          icmp: IDLE,
          general: IDLE,
          'tcp.rst': ENDED,
          'tcp.fin': ENDED,
          maxlife: ACTIVE,
          expint: EVERY,
        }).flatMap(([timeout, seconds]) => ['-t', `${timeout}=${seconds}`]),
        'inbound',
      ],
    ];
  const file = join(folder, `${name}.conf`);
  writeFileSync(
    file,
    [
      'daemonize: false',
      `pcap_interface: ${LEG}`,
      'pcap_filter: inbound',
      'plugins: nfprobe[flows]',
      'aggregate[flows]: src_host, dst_host, src_port, dst_port, proto, tos, tcpflags',
      `nfprobe_receiver[flows]: 127.0.0.1:${port}`,
      `nfprobe_version[flows]: ${version}`,
      `nfprobe_timeouts[flows]: tcp=${IDLE}:tcp.rst=${ENDED}:tcp.fin=${ENDED}:udp=${IDLE}:icmp=${IDLE}:general=${IDLE}:maxlife=${ACTIVE}:expint=${EVERY}`,
      'nfprobe_maxflows[flows]: 65536',
      'plugin_pipe_size[flows]: 33554432',
      'plugin_buffer_size[flows]: 65536',
      ...(samplingRate > 1 ? [`sampling_rate: ${samplingRate}`] : []),
      '',
    ].join('\n'),
  );
  return ['pmacctd', ['-f', file]];
}
