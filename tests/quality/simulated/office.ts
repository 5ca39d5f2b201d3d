import { AliasTable, zipfWeights } from '../../../collector/src/simulate/alias-table.ts';
import { Random } from '../../../collector/src/simulate/random.ts';
import { addressWord } from './flow-ring.ts';

/** Who is in the simulated office: about 1,000 hosts with roles, and whom each usually talks to. */
export interface Office {
  readonly workstations: readonly Workstation[];
  readonly phones: readonly number[];
  readonly cameras: readonly number[];
  readonly things: readonly number[];
  readonly printers: readonly number[];
  readonly servers: Servers;
  readonly all: readonly number[];
  /** Hosts of the Internet by how popular they are. */
  readonly sites: Uint32Array;
  readonly sitePopularity: AliasTable;
}

export interface Workstation {
  readonly address: number;
  /** How much its user does, relative to the others; mean 1. */
  readonly activity: number;
  /** Sites that its user comes back to, as places in `sites`. */
  readonly favourites: readonly number[];
  readonly fileServer: number;
  readonly printer: number;
  /** Servers that its user logs in to, where it is an administrator's. */
  readonly administers: readonly number[];
}

export interface Servers {
  readonly resolvers: readonly number[];
  readonly domainControllers: readonly number[];
  readonly files: readonly number[];
  readonly mail: number;
  readonly databases: readonly number[];
  readonly applications: readonly number[];
  readonly intranet: readonly number[];
  readonly publicWeb: readonly number[];
  readonly backup: number;
  readonly monitoring: number;
  readonly crawler: number;
  readonly gateway: number;
  readonly jump: number;
  readonly recorder: number;
  readonly builds: readonly number[];
  readonly all: readonly number[];
}

export const OFFICE_NETWORK = '10.20.0.0/16';
export const CLOUD = {
  endpointProtection: addressWord('52.84.10.20'),
  things: addressWord('34.64.7.9'),
  offsiteBackup: addressWord('52.85.99.1'),
  video: Array.from({ length: 12 }, (_, i) => addressWord(`20.70.3.${10 + i}`)),
  updates: Array.from({ length: 6 }, (_, i) => addressWord(`23.40.8.${20 + i}`)),
  drive: Array.from({ length: 8 }, (_, i) => addressWord(`142.250.4.${30 + i}`)),
  chat: Array.from({ length: 5 }, (_, i) => addressWord(`104.18.2.${40 + i}`)),
  time: Array.from({ length: 4 }, (_, i) => addressWord(`192.53.103.${100 + i}`)),
} as const;

const SITES = 6_000;
const WORKSTATIONS = 700;

export function buildOffice(seed: number): Office {
  const random = new Random(seed, 11);
  const range = (third: number, first: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) =>
      addressWord(`10.20.${third + Math.floor((first + i) / 250)}.${2 + ((first + i) % 250)}`),
    );
  const sites = Uint32Array.from({ length: SITES }, () => {
    const first = [142, 104, 52, 20, 157, 23, 151, 45, 88, 51, 34, 185][random.below(12)]!;
    return (
      (first | (random.below(256) << 8) | (random.below(256) << 16) | ((1 + random.below(254)) << 24)) >>> 0
    );
  });
  const servers = buildServers(range);
  const printers = range(30, 0, 30);
  const workstations = range(1, 0, WORKSTATIONS).map((address, i): Workstation => ({
    address,
    activity: random.logNormal(0.75, 0.75),
    favourites: Array.from({ length: 40 }, () => Math.floor(SITES * random.unit() ** 2.5)),
    fileServer: servers.files[i % servers.files.length]!,
    printer: printers[i % printers.length]!,
    administers:
      i % 70 === 0 ? Array.from({ length: 12 }, () => servers.all[random.below(servers.all.length)]!) : [],
  }));
  const phones = range(20, 0, 80);
  const cameras = range(25, 0, 30);
  const things = range(26, 0, 60);
  return {
    workstations,
    phones,
    cameras,
    things,
    printers,
    servers,
    all: [
      ...workstations.map((w) => w.address),
      ...phones,
      ...cameras,
      ...things,
      ...printers,
      ...servers.all,
    ],
    sites,
    sitePopularity: new AliasTable(zipfWeights(SITES, 1.0)),
  };
}

function buildServers(range: (third: number, first: number, count: number) => number[]): Servers {
  const all = range(200, 0, 100);
  let next = 0;
  const take = (count: number): number[] => all.slice(next, (next += count));
  const one = (): number => take(1)[0]!;
  return {
    resolvers: take(2),
    domainControllers: take(2),
    files: take(4),
    mail: one(),
    databases: take(6),
    applications: take(12),
    intranet: take(6),
    publicWeb: take(4),
    backup: one(),
    monitoring: one(),
    crawler: one(),
    gateway: one(),
    jump: one(),
    recorder: one(),
    builds: take(5),
    all,
  };
}
