import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Rig } from '../../collector/src/inputs/netflow/testing/rig.ts';
import { Capture, keyOf } from '../support/capture.ts';
import { TestCollector, dotted, imbalances } from '../support/collector.ts';
import { Tap } from '../support/datagrams.ts';
import { provided } from '../support/packages.ts';
import { readByTshark, readingOfRow } from '../support/tshark.ts';
import { Workspace, sleep, until } from '../support/workspace.ts';

/*
 * Open vSwitch, which exports IPFIX and NetFlow v5 by its own code. It runs in user space, in a folder of its own, with a data
 * path that is fed frame by frame: neither the kernel nor an interface of this machine takes part.
 */

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const ETHERNET = 14;

const workspace = new Workspace();
afterAll(() => workspace.dispose());

let collector: TestCollector;
let ipfix: Tap | undefined;
let netflow: Tap | undefined;
const capture = new Capture(Date.now());

class Switch {
  private readonly dir = workspace.dir;

  private run(program: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, {
      encoding: 'utf8',
      env: this.env,
      timeout: 20_000,
    });
    if (status !== 0) throw new Error(`${program} ${args.join(' ').slice(0, 200)}: ${stderr}`);
    return stdout;
  }

  private get env(): NodeJS.ProcessEnv {
    return { ...process.env, OVS_RUNDIR: this.dir, OVS_LOGDIR: this.dir, OVS_DBDIR: this.dir };
  }

  async start(): Promise<void> {
    const options = { env: this.env, stdio: 'ignore' as const };
    const socket = join(this.dir, 'db.sock');
    const database = join(this.dir, 'conf.db');
    this.run('ovsdb-tool', 'create', database, SCHEMA);
    workspace.spawn(
      'ovsdb-server',
      [database, `--remote=punix:${socket}`, `--unixctl=${this.dir}/db.ctl`],
      options,
    );
    await until('the database of Open vSwitch', () => existsSync(socket) || undefined);
    this.configure('init');
    const args = [`unix:${socket}`, `--unixctl=${this.dir}/switch.ctl`, '--enable-dummy', '--disable-system'];
    workspace.spawn('ovs-vswitchd', args, options);
    await until('the switch', () => existsSync(`${this.dir}/switch.ctl`) || undefined);
  }

  configure(...args: readonly string[]): void {
    this.run('ovs-vsctl', `--db=unix:${this.dir}/db.sock`, '--no-wait', ...args);
  }

  control(...args: readonly string[]): string {
    return this.run('ovs-appctl', '-t', `${this.dir}/switch.ctl`, ...args);
  }
}

beforeAll(async () => {
  if (!provided('ovs-vswitchd') || !existsSync(SCHEMA)) return;
  collector = await TestCollector.start(workspace);
  [ipfix, netflow] = await Promise.all([
    Tap.open(collector.udpPort, '127.1.1.1'),
    Tap.open(collector.udpPort, '127.1.1.2'),
  ]);
  workspace.onDispose(() => ipfix?.close());
  workspace.onDispose(() => netflow?.close());
  for (let n = 0; n < 8; n++) {
    capture.tcp(
      { client: `10.3.0.${n + 1}`, server: '10.4.0.1', clientPort: 30_000 + n, serverPort: 8080, tos: 0x20 },
      2,
      200,
      3000 + n,
    );
    capture.udp(
      { client: `10.3.0.${n + 1}`, server: '10.4.0.53', clientPort: 31_000 + n, serverPort: 53 },
      1 + n,
      100,
      200,
    );
  }
  const ovs = new Switch();
  await ovs.start();
  ovs.configure('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy', 'fail-mode=standalone');
  for (const port of ['p1', 'p2'])
    ovs.configure('add-port', 'br0', port, '--', 'set', 'interface', port, 'type=dummy');
  ovs.configure(
    ...[
      '--',
      '--id=@i',
      'create',
      'IPFIX',
      `targets="127.0.0.1:${ipfix.port}"`,
      'obs_domain_id=77',
      'obs_point_id=5',
    ],
    ...['cache_active_timeout=1', 'sampling=1', '--', 'set', 'bridge', 'br0', 'ipfix=@i'],
    ...['--', '--id=@n', 'create', 'NetFlow', `targets="127.0.0.1:${netflow.port}"`, 'active_timeout=1'],
    ...['--', 'set', 'bridge', 'br0', 'netflow=@n'],
  );
  await until('its ports', () => (ovs.control('dpif/show').includes('p2') ? true : undefined));
  const frames = capture.wire.map((frame) => frame.toString('hex'));
  for (let at = 0; at < frames.length; at += 20) {
    ovs.control('netdev-dummy/receive', 'p1', ...frames.slice(at, at + 20));
    await sleep(10);
  }
}, 300_000);

const PACKETS = (exporter: string): string =>
  `SELECT ${dotted('source_ip')} AS source, ${dotted('destination_ip')} AS destination, source_port, destination_port, protocol,
     sum(packets_in) AS packets, sum(bytes_in) AS bytes, groupBitOr(tcp_flags) AS flags, max(tos) AS tos
   FROM network_flows WHERE ${dotted('collector_ip')} = '${exporter}' AND flow_direction != 'egress' GROUP BY ALL`;

interface Row {
  readonly source: string;
  readonly destination: string;
  readonly source_port: number;
  readonly destination_port: number;
  readonly protocol: number;
  readonly packets: number;
  readonly bytes: number;
  readonly flags: number;
  readonly tos: number;
}

/**
 * Waits until the table has as many packets of the exporter as went in. Its IPFIX meters them once more at each port that they
 * leave by, and says so: only those coming in are looked at.
 */
async function settled(exporter: string): Promise<Map<string, string>> {
  const wanted = [...capture.traffic.values()].reduce((sum, { packets }) => sum + packets, 0);
  let rows: Row[] = [];
  await until(
    () => `${wanted} packets of ${exporter}: ${rows.reduce((sum, { packets }) => sum + packets, 0)}`,
    async () => {
      rows = await collector.query<Row>(PACKETS(exporter));
      return rows.reduce((sum, { packets }) => sum + packets, 0) >= wanted || undefined;
    },
    40_000,
  );
  return new Map(
    rows.map((r) => [
      keyOf(r.source, r.source_port, r.destination, r.destination_port, r.protocol),
      `${r.packets} packets, ${r.bytes} bytes`,
    ]),
  );
}

const expected = (layer2: number): Map<string, string> =>
  new Map(
    [...capture.traffic.values()].map((t) => [
      keyOf(t.source, t.sourcePort, t.destination, t.destinationPort, t.protocol),
      `${t.packets} packets, ${t.bytes + layer2 * t.packets} bytes`,
    ]),
  );

test.each([
  { title: 'IPFIX: IP octets of each conversation', address: '127.1.1.1', tap: () => ipfix, layer2: 0 },
  { title: 'NetFlow v5: it counts whole frames', address: '127.1.1.2', tap: () => netflow, layer2: ETHERNET },
])(
  '$title',
  async ({ address, tap, layer2 }) => {
    const own = tap();
    if (own === undefined) return;
    expect(await settled(address)).toEqual(expected(layer2));
    const payloads = own.received.map(({ payload }) => payload);
    const balance = await until('all datagrams in the ledger', async () => {
      const found = (await collector.balances()).get(address);
      return found !== undefined && found.datagrams_received >= payloads.length ? found : undefined;
    });
    expect(imbalances(new Map([[address, balance]]))).toEqual([]);
    expect(balance).toMatchObject({ records_lost: 0, records_waiting: 0, datagrams_refused: 0 });
    const theirs = provided('tshark') ? readByTshark(payloads) : [];
    const rig = new Rig();
    const ours = payloads.map((payload, i) =>
      rig.flowsOf(payload, { atMs: Date.now() }).map((row, r) => readingOfRow(row, theirs[i]?.[r] ?? {})),
    );
    expect(theirs.length === 0 ? [] : ours).toEqual(theirs);
    const records = ours.reduce((sum, one) => sum + one.length, 0);
    process.stdout.write(`openvswitch ${address}: ${payloads.length} datagrams, ${records} records\n`);
  },
  60_000,
);
