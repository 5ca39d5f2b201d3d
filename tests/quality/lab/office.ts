import { LabNetwork, type Namespace } from './network.ts';

/*
 * An office and its internet. Every segment is a namespace that holds many addresses, joined by a bridge to one router with one
 * leg: what the router takes in by that leg is each packet once, and that is what exporters see.
 *
 *     clients  10.77.1.0/24 ─┐                          ┌─ internet  many networks, every address of them answers
 *     servers  10.77.2.0/24 ─┤                          ├─ wild      attackers from outside
 *     insiders 10.77.3.0/24 ─┼── bridge ── router ──────┤
 *     ops      10.77.4.0/24 ─┤             (one leg)    │
 *     branch   10.77.5.0/24 ─┘                          └─
 */

export const OWN_NETWORK = '10.77.0.0/16';
export const GATEWAY = '10.77.0.1';
/** The router's leg, on which exporters listen. */
export const LEG = 'leg0';

export const clientAddresses = range('10.77.1', 10, 49);
/** One address with as many people behind it as an office has. */
export const NAT = '10.77.1.2';
export const CRAWLER = '10.77.1.201';
export const PEER_TO_PEER = '10.77.1.60';
export const PHONES = ['10.77.1.70', '10.77.1.71'];
export const SPEED_TESTER = '10.77.1.72';
export const ADMIN = '10.77.1.73';
export const DEVELOPER = '10.77.1.74';
/** Beacons come from hosts that do what others do as well. */
export const BEACONS = ['10.77.1.20', '10.77.1.30'] as const;
const clients = [...clientAddresses, NAT, CRAWLER, PEER_TO_PEER, ...PHONES, SPEED_TESTER, ADMIN, DEVELOPER];

export const RESOLVER = '10.77.2.53';
export const NTP = '10.77.2.12';
export const SYSLOG = '10.77.2.14';
export const INTRANET = '10.77.2.10';
export const WEB = '10.77.2.80';
export const MAIL = '10.77.2.25';
export const FILES = '10.77.2.45';
export const DATABASE = '10.77.2.54';
/** Machines that are administered, and victims. */
export const machines = range('10.77.2', 100, 139);
const servers = [RESOLVER, NTP, SYSLOG, INTRANET, WEB, MAIL, FILES, DATABASE, ...machines];

export const MONITORING = '10.77.4.250';
export const BACKUP = '10.77.4.90';
const ops = [MONITORING, BACKUP];

/** The server whose line is made slow and lossy. */
export const BRANCH_SERVER = '10.77.5.10';

export const internetNetworks = [
  '203.0.113.0/24',
  '198.51.100.0/24',
  '192.0.2.0/24',
  '23.185.0.0/24',
  '34.117.59.0/24',
  '52.84.12.0/24',
  '93.184.216.0/24',
  '104.16.132.0/24',
  '142.250.74.0/24',
  '151.101.65.0/24',
  '172.64.150.0/24',
  '185.15.59.0/24',
] as const;
export const INTERNET_DNS = '203.0.113.53';
export const TUNNEL_SERVER = '203.0.113.200';
export const TUNNEL_DOMAIN = 't.example';
export const UPLOAD_SERVER = '198.51.100.66';
/** In a network of its own, where nobody else goes. */
export const COMMAND_AND_CONTROL = '45.61.136.13';
export const UPDATE_SERVER = '104.16.132.10';
export const CALL_SERVER = '142.250.74.77';
export const SPEED_TEST_SERVER = '23.185.0.9';

export const WILD_NETWORK = '185.220.0.0/16';

function range(prefix: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${prefix}.${from + i}`);
}

export const ownHosts = clients.length + servers.length + ops.length + 1;

export interface Office {
  readonly lab: LabNetwork;
  readonly router: Namespace;
  readonly clients: Namespace;
  readonly servers: Namespace;
  readonly insiders: Namespace;
  readonly ops: Namespace;
  readonly branch: Namespace;
  readonly internet: Namespace;
  readonly wild: Namespace;
}

export function buildOffice(): Office {
  const lab = new LabNetwork();
  const bridge = lab.namespace('bridge');
  bridge.ip('link add name br0 type bridge');
  bridge.ip('link set br0 up');
  const joined = (name: string, link = 'eth0'): Namespace => {
    const made = lab.namespace(name);
    lab.cable(made, link, bridge, name);
    bridge.ip(`link set ${name} master br0`);
    return made;
  };
  const router = joined('router', LEG);
  router.set('net.ipv4.ip_forward=1');
  router.set(`net.ipv4.conf.${LEG}.send_redirects=0`);
  router.ipBatch([
    `addr add ${GATEWAY}/16 dev ${LEG}`,
    `addr add 10.255.0.1/30 dev ${LEG}`,
    `addr add 10.255.1.1/30 dev ${LEG}`,
    `route add ${WILD_NETWORK} via 10.255.1.2`,
    'route add default via 10.255.0.2',
  ]);
  /** With single addresses there are gaps, which scanners find; with whole networks every address answers. */
  const segment = (
    name: string,
    addresses: readonly string[],
    networks: readonly string[] = [],
  ): Namespace => {
    const made = joined(name);
    made.ipBatch([
      ...addresses.map((address) => `addr add ${address}/32 dev eth0`),
      ...networks.map((network) => `route add local ${network} dev lo`),
      `route add ${GATEWAY} dev eth0 scope link`,
      `route add default via ${GATEWAY} dev eth0${addresses[0] === undefined ? '' : ` src ${addresses[0]}`}`,
    ]);
    return made;
  };
  const outside = (
    name: string,
    address: string,
    gateway: string,
    networks: readonly string[],
  ): Namespace => {
    const made = joined(name);
    made.ipBatch([
      `addr add ${address}/30 dev eth0`,
      ...networks.map((network) => `route add local ${network} dev lo`),
      `route add default via ${gateway}`,
    ]);
    return made;
  };
  return {
    lab,
    router,
    clients: segment('clients', clients),
    servers: segment('servers', servers),
    insiders: segment('insiders', ['10.77.3.254'], ['10.77.3.0/24']),
    ops: segment('ops', ops),
    branch: segment('branch', [BRANCH_SERVER]),
    internet: outside('internet', '10.255.0.2', '10.255.0.1', [...internetNetworks, '45.61.136.0/24']),
    wild: outside('wild', '10.255.1.2', '10.255.1.1', [WILD_NETWORK]),
  };
}
