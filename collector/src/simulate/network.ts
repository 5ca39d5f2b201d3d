import { formatAddress, parseAddress } from './addresses.ts';
import { AliasTable, zipfWeights } from './alias-table.ts';
import { AUTONOMOUS_SYSTEMS } from './internet.ts';
import { Random } from './random.ts';

/** What an interface of an exporter is for. */
export type InterfaceRole = 'transit' | 'backbone' | 'lan';

/** One interface of a site's router. */
export interface SimulatedInterface {
  /** ifIndex, as flow records and SNMP give it */
  readonly index: number;
  readonly name: string;
  readonly description: string;
  readonly speedBitsPerSecond: number;
  readonly role: InterfaceRole;
  /** 802.1Q VLAN, 0 = untagged */
  readonly vlan: number;
  /** VRF that it belongs to: an index into {@link VRFS} + 1 */
  readonly vrf: number;
  /** routers reached through it, 16 bytes each; all zero (mapped 0.0.0.0 and ::) where hosts are attached directly */
  readonly nextHopIpv4: Uint8Array;
  readonly nextHopIpv6: Uint8Array;
}

export const VRFS: readonly string[] = ['CORPORATE', 'DMZ', 'INTERNET'];

/** A site: prefixes of its own, one router that exports flows. */
export interface Site {
  readonly name: string;
  readonly utcOffsetHours: number;
  readonly interfaces: readonly SimulatedInterface[];
  /** machines by kind, as numbers into the host table */
  readonly clients: Uint32Array;
  readonly servers: Uint32Array;
  readonly publicServers: Uint32Array;
  readonly clientPopularity: AliasTable;
  readonly serverPopularity: AliasTable;
}

/**
 * Every machine of the simulated world, in columns. A machine has two addresses: host number 2 × machine is its IPv4,
 * 2 × machine + 1 its IPv6 address.
 */
export interface Hosts {
  /** 16 bytes a host, IPv4 mapped */
  readonly addresses: Uint8Array;
  /** by host: length of the announced prefix, of 32 or 128 */
  readonly masks: Uint8Array;
  /** by machine */
  readonly autonomousSystems: Uint32Array;
  /** by machine: 1 where it speaks IPv6 too */
  readonly hasIpv6: Uint8Array;
  /** by machine: position of its LAN in its site's `interfaces`; for Internet machines the transit that leads there */
  readonly interfacePositions: Uint8Array;
}

/** The simulated world: the same for the same seed. */
export interface Network {
  readonly sites: readonly Site[];
  readonly hosts: Hosts;
  /** Internet machines, the most popular first */
  readonly peers: Uint32Array;
  readonly peerPopularity: AliasTable;
  /** UTF-8 host names, by peer rank modulo their number */
  readonly names: readonly Uint8Array[];
  /** UTF-8 user names, by client machine modulo their number */
  readonly users: readonly Uint8Array[];
}

const SITES = [
  { name: 'berlin', utcOffsetHours: 1 },
  { name: 'lisbon', utcOffsetHours: 0 },
  { name: 'chicago', utcOffsetHours: -6 },
  { name: 'singapore', utcOffsetHours: 8 },
] as const;

/** LANs of a site: third octet of 10.x.y.0/24, how many machines, what for. */
const LANS = [
  { octet: 0, machines: 110, kind: 'clients', description: 'Staff, first floor' },
  { octet: 1, machines: 110, kind: 'clients', description: 'Staff, second floor' },
  { octet: 2, machines: 90, kind: 'clients', description: 'Wireless' },
  { octet: 3, machines: 40, kind: 'clients', description: 'Voice and printers' },
  { octet: 200, machines: 24, kind: 'servers', description: 'Servers' },
  { octet: 250, machines: 8, kind: 'publicServers', description: 'Public servers' },
] as const;

const TRANSITS = 2;
const BACKBONE = TRANSITS;
const FIRST_LAN = BACKBONE + 1;
const PEERS = 20_000;
const NONE_IPV4 = parseAddress('0.0.0.0');
const NONE_IPV6 = new Uint8Array(16);

/** Position of the backbone in every site's `interfaces`. */
export const BACKBONE_POSITION = BACKBONE;

function interfacesOf(site: number): SimulatedInterface[] {
  const outward = (
    position: number,
    name: string,
    description: string,
    role: InterfaceRole,
    speed: number,
    ipv4: string,
    ipv6: string,
  ): SimulatedInterface => ({
    index: position + 1,
    name,
    description,
    speedBitsPerSecond: speed,
    role,
    vlan: 0,
    vrf: role === 'transit' ? 3 : 1,
    nextHopIpv4: parseAddress(ipv4),
    nextHopIpv6: parseAddress(ipv6),
  });
  return [
    outward(
      0,
      'TenGigE0/0/0/0',
      'Transit A',
      'transit',
      10e9,
      `62.115.${site}.1`,
      `2001:2000:${site + 1}::1`,
    ),
    outward(1, 'TenGigE0/0/0/1', 'Transit B', 'transit', 10e9, `154.54.${site}.1`, `2001:550:${site + 1}::1`),
    outward(
      BACKBONE,
      'HundredGigE0/1/0/0',
      'Backbone',
      'backbone',
      100e9,
      `10.255.${site}.1`,
      `2001:db8:ff00:${site}::1`,
    ),
    ...LANS.map((lan, i) => ({
      index: 100 + i,
      name: `Bundle-Ether10.${100 + i}`,
      description: lan.description,
      speedBitsPerSecond: lan.kind === 'clients' ? 1e9 : 25e9,
      role: 'lan' as const,
      vlan: 100 + i,
      vrf: lan.kind === 'publicServers' ? 2 : 1,
      nextHopIpv4: NONE_IPV4,
      nextHopIpv6: NONE_IPV6,
    })),
  ];
}

/** Builds the world of a seed: four sites, about 1,500 machines in them, 20,000 on the Internet. */
export function buildNetwork(seed: number): Network {
  const random = new Random(seed, 0x4e4554);
  const perSite = LANS.reduce((sum, lan) => sum + lan.machines, 0);
  const machines = SITES.length * perSite + PEERS;
  const hosts: Hosts = {
    addresses: new Uint8Array(machines * 2 * 16),
    masks: new Uint8Array(machines * 2),
    autonomousSystems: new Uint32Array(machines),
    hasIpv6: new Uint8Array(machines).fill(1),
    interfacePositions: new Uint8Array(machines),
  };
  let next = 0;
  const add = (
    ipv4: Uint8Array,
    mask4: number,
    ipv6: Uint8Array,
    mask6: number,
    as: number,
    position: number,
  ): number => {
    const machine = next++;
    hosts.addresses.set(ipv4, machine * 32);
    hosts.addresses.set(ipv6, machine * 32 + 16);
    hosts.masks[machine * 2] = mask4;
    hosts.masks[machine * 2 + 1] = mask6;
    hosts.autonomousSystems[machine] = as;
    hosts.interfacePositions[machine] = position;
    return machine;
  };

  const sites = SITES.map((site, s): Site => {
    const byKind: Record<'clients' | 'servers' | 'publicServers', number[]> = {
      clients: [],
      servers: [],
      publicServers: [],
    };
    LANS.forEach((lan, position) => {
      for (let n = 0; n < lan.machines; n++) {
        const ipv4 = parseAddress(`10.${10 + s}.${lan.octet}.${10 + n}`);
        const ipv6 = parseAddress(`2001:db8:${s + 1}:${lan.octet.toString(16)}::${(10 + n).toString(16)}`);
        byKind[lan.kind].push(add(ipv4, 24, ipv6, 64, 64512 + s, FIRST_LAN + position));
      }
    });
    const clients = Uint32Array.from(byKind.clients);
    const servers = Uint32Array.from(byKind.servers);
    return {
      ...site,
      interfaces: interfacesOf(s),
      clients,
      servers,
      publicServers: Uint32Array.from(byKind.publicServers),
      clientPopularity: new AliasTable(zipfWeights(clients.length, 0.6)),
      serverPopularity: new AliasTable(zipfWeights(servers.length, 0.9)),
    };
  });

  const systems = AUTONOMOUS_SYSTEMS.map((system) => {
    const [ipv4 = '', length4] = system.ipv4.split('/');
    const [ipv6 = '', length6] = system.ipv6.split('/');
    return {
      ...system,
      base4: parseAddress(ipv4),
      length4: Number(length4),
      base6: ipv6 === '' ? NONE_IPV6 : parseAddress(ipv6),
      length6: ipv6 === '' ? 0 : Number(length6),
    };
  });
  const systemOfPeer = new AliasTable(systems.map((system) => system.weight));
  const names: Uint8Array[] = [];
  const peers = new Uint32Array(PEERS);
  for (let rank = 0; rank < PEERS; rank++) {
    const position = systemOfPeer.draw(random);
    const system = systems[position]!;
    const ipv4 = Uint8Array.from(system.base4);
    for (let bit = 96 + system.length4; bit < 128; bit++) flipAtRandom(ipv4, bit, random);
    const ipv6 = Uint8Array.from(system.base6);
    // Only the subnet and the last 32 bits vary, as server addresses do.
    for (let bit = Math.max(system.length6, 32); bit < 48; bit++) flipAtRandom(ipv6, bit, random);
    for (let bit = 112; bit < 128; bit++) flipAtRandom(ipv6, bit, random);
    const machine = add(ipv4, system.length4, ipv6, system.length6, system.number, position % TRANSITS);
    if (system.length6 === 0) hosts.hasIpv6[machine] = 0;
    peers[rank] = machine;
    if (rank < 4000)
      names.push(
        new TextEncoder().encode(`${NAME_HEADS[rank % NAME_HEADS.length]!}${rank}.${system.label}.example`),
      );
  }
  const users = Array.from({ length: 350 }, (_, n) =>
    new TextEncoder().encode(
      `${USER_NAMES[n % USER_NAMES.length]!}.${USER_FAMILIES[n % USER_FAMILIES.length]!}${n}`,
    ),
  );
  return { sites, hosts, peers, peerPopularity: new AliasTable(zipfWeights(PEERS, 1.02)), names, users };
}

const NAME_HEADS = ['www', 'api', 'cdn-', 'static', 'img-', 'login', 'updates', 'telemetry-eu-west-'];
const USER_NAMES = ['anna', 'ben', 'chiara', 'david', 'elif', 'françois', 'grace', 'hugo', 'ines'];
const USER_FAMILIES = ['meyer', 'silva', 'okafor', 'tan', 'larsson', 'novák', 'moreau'];

function flipAtRandom(bytes: Uint8Array, bit: number, random: Random): void {
  if ((random.uint32() & 0x8000) !== 0) bytes[bit >>> 3]! ^= 0x80 >>> (bit & 7);
}

/** The text of a host's address, by host number. */
export function hostAddress(network: Network, host: number): string {
  return formatAddress(network.hosts.addresses, host * 16);
}
