import type { Database } from '../../../collector/src/store/clickhouse/database.ts';
import { Roller } from '../../../collector/src/store/rollups/roller.ts';
import { LiveColumns } from '../../../collector/src/store/schema/live-columns.ts';
import { migrate } from '../../../collector/src/store/schema/migrations.ts';
import { sleep, until } from '../../support/workspace.ts';

/** What a store is filled with: so many flows, evenly over the hours before `toSeconds`. */
export interface Filling {
  readonly flows: number;
  readonly hours: number;
  /** Seconds since 1970; a whole minute. */
  readonly toSeconds: number;
}

/** What filling took, in seconds on the clock. */
export interface FillingTimes {
  readonly flows: number;
  readonly rollups: number;
  readonly merges: number;
}

const DATABASE = 'weir';
const EXPORTERS = 10;
/** As the collector's configuration has it by default. */
const ROLLUP_TOP = 1000;
const RETENTION = {
  flowsDays: 3650,
  rollup1mDays: 3650,
  rollup1hDays: 3650,
  ledgerDays: 3650,
  windowsDays: 3650,
  anomaliesDays: 3650,
};
const ROWS_PER_INSERT = 1_000_000;

/** Exporter of a conversation and the name it is known by. */
const exporterIp = (number: string): string => `IPv4ToIPv6(CAST(toUInt32(3221225994 + ${number}) AS IPv4))`;
const exporterName = (number: string): string =>
  `arrayElement(['core-1', 'core-2', 'edge-1', 'edge-2', 'edge-3', 'dc-1', 'dc-2', 'branch-1', 'branch-2', 'branch-3'], ${number} + 1)`;

/**
 * The columns of a flow from its number. A client talks to eight servers, both heavy-tailed (the first of 6,000 clients has some 5 % of all
 * flows, the first of 8,000 servers some 10 %); a server has one service, one AS, one country; a client one site, one exporter, one interface
 * of it; half of the flows are the answers. A seventh of clients has IPv6. What depends on nothing else comes from bits of three hashes.
 */
const FLOW_WITH = `
  cityHash64(n) AS h1, cityHash64(n, 1) AS h2, cityHash64(n, 2) AS h3,
  bitAnd(h1, 1048575) / 1048576 AS u_client, bitAnd(bitShiftRight(h1, 20), 1048575) / 1048576 AS u_server,
  toUInt32(pow(u_client, 3) * 6000) AS client,
  toUInt32(pow(bitAnd(cityHash64(client, toUInt8(pow(u_server, 2) * 8)), 1048575) / 1048576, 4) * 8000) AS server,
  client % ${EXPORTERS} AS exporter, toUInt32(4 + intDiv(client, ${EXPORTERS}) % 20) AS inner_interface, toUInt32(1 + server % 3) AS outer_interface,
  concat('ge-0/0/', toString(inner_interface)) AS inner_name, concat('xe-1/0/', toString(outer_interface)) AS outer_name,
  bitAnd(bitShiftRight(h1, 40), 1) AS answer,
  CAST(if(client % 7 = 3, toUInt128('42540766411282592856903984951653826560') + client,
    toUInt128(281470681743360 + 167772160 + client % 4 * 65536 * 4 + client)) AS IPv6) AS client_ip,
  CAST(if(client % 7 = 3, toUInt128('42541956123769884636017138956568135680') + server,
    toUInt128(281470681743360 + 1543503872 + server * 251)) AS IPv6) AS server_ip,
  toUInt32(pow((server * 7919 % 1000) / 1000, 2.5) * 20) AS service,
  arrayElement([443, 80, 53, 443, 22, 993, 123, 3389, 8080, 5432, 25, 445, 389, 1194, 5060, 8443, 3306, 6379, 9092, 27017], service + 1) AS service_port,
  arrayElement(['https', 'http', 'dns', 'quic', 'ssh', 'imaps', 'ntp', 'rdp', 'http-alt', 'postgresql', 'smtp', 'smb', 'ldap', 'openvpn', 'sip', 'https-alt', 'mysql', 'redis', 'kafka', 'mongodb'], service + 1) AS service_name,
  toUInt8(if(service IN (2, 3, 6, 13, 14), 17, 6)) AS transport,
  toUInt16(32768 + bitAnd(h2, 1048575) % 28232) AS client_port,
  toUInt32(64512 + client % 4) AS client_as, toUInt32(1000 + server * 7919 % 400) AS server_as,
  arrayElement(['DE', 'PT', 'US', 'SG'], client % 4 + 1) AS client_country,
  arrayElement(['US', 'US', 'IE', 'NL', 'DE', 'FR', 'GB', 'SE', 'JP', 'SG', 'BR', 'IN', 'CN', 'AU', 'CA', 'CZ', 'PL', 'IT', 'ES', 'CH'], server_as % 20 + 1) AS server_country,
  concat('site-', toString(client % 4 + 1)) AS client_network, if(server_as % 5 = 0, concat('cdn-', toString(server_as % 16)), '') AS server_network,
  bitAnd(bitShiftRight(h2, 20), 1023) + bitAnd(bitShiftRight(h2, 30), 1023) + bitAnd(bitShiftRight(h2, 40), 1023) AS bell,
  bitAnd(bitShiftRight(h2, 50), 1023) AS draw,
  toUInt64(least(1e9, 40 + exp(5.2 + 4 * (bell - 1534.5) / 1023 + if(answer = 1, 1.2, 0)))) AS octets,
  transport = 6 AS tcp`;

const FLOW_COLUMNS: readonly (readonly [name: string, sql: string])[] = [
  ['timestamp', 'toDateTime({from} + toUInt32(intDiv((n - {first}) * {seconds}, {rows})))'],
  ['end_lag_ms', 'toInt64(bitAnd(h3, 16383))'],
  ['duration_ms', 'toUInt32(if(draw < 300, 0, exp(bitAnd(bitShiftRight(h3, 14), 1023) / 93)))'],
  ['collector_ip', exporterIp('exporter')],
  ['exporter_name', exporterName('exporter')],
  ['observation_domain', 'exporter + 1'],
  ['flow_source', `if(exporter % 2 = 0, 'netflow9', 'ipfix')`],
  ['sampling_rate', 'arrayElement([1, 1, 100, 1000, 1], exporter % 5 + 1)'],
  ['source_ip', 'if(answer = 1, server_ip, client_ip)'],
  ['destination_ip', 'if(answer = 1, client_ip, server_ip)'],
  ['source_port', 'if(answer = 1, service_port, client_port)'],
  ['destination_port', 'if(answer = 1, client_port, service_port)'],
  ['protocol', 'transport'],
  ['bytes_in', 'octets'],
  ['packets_in', 'greatest(1, intDiv(octets, 200 + draw))'],
  ['tcp_flags', 'if(tcp, arrayElement([2, 16, 18, 24, 25, 26, 27, 27, 27, 27, 30, 31], draw % 12 + 1), 0)'],
  ['tos', 'if(service IN (2, 4, 14), arrayElement([40, 72, 184], service % 3 + 1), 0)'],
  ['input_interface', 'if(answer = 1, outer_interface, inner_interface)'],
  ['output_interface', 'if(answer = 1, inner_interface, outer_interface)'],
  ['input_interface_name', 'if(answer = 1, outer_name, inner_name)'],
  ['output_interface_name', 'if(answer = 1, inner_name, outer_name)'],
  ['flow_direction', `'ingress'`],
  ['source_as', 'if(answer = 1, server_as, client_as)'],
  ['destination_as', 'if(answer = 1, client_as, server_as)'],
  ['source_mask', 'if(answer = 1, 24, 16)'],
  ['destination_mask', 'if(answer = 1, 16, 24)'],
  ['source_country', 'if(answer = 1, server_country, client_country)'],
  ['destination_country', 'if(answer = 1, client_country, server_country)'],
  ['source_network', 'if(answer = 1, server_network, client_network)'],
  ['destination_network', 'if(answer = 1, client_network, server_network)'],
  ['next_hop', exporterIp(`((exporter + 1 + server % 3) % ${EXPORTERS})`)],
  ['vlan_id', '100 + inner_interface'],
  ['verdict', `if(draw < 5, 'dropped', 'forwarded')`],
  ['dropped_packets', 'if(draw < 5, 1, 0)'],
  ['dropped_bytes', 'if(draw < 5, 40, 0)'],
  ['application', 'service_name'],
  [
    'tcp_rtt_us',
    'if(tcp AND draw % 2 = 0, toUInt32(300 + exp(bitAnd(bitShiftRight(h3, 24), 1023) / 90)), 0)',
  ],
  [
    'server_response_us',
    'if(tcp AND draw % 2 = 0, toUInt32(500 + exp(bitAnd(bitShiftRight(h3, 34), 1023) / 85)), 0)',
  ],
  ['retransmissions', 'if(tcp AND draw % 50 = 0, 1 + draw % 4, 0)'],
];

/** Fills an empty database as a collector would have: flows minute by minute, then rollups, inventory and ledger; merges settled. */
export async function fillStore(
  database: Database,
  filling: Filling,
  log: (text: string) => void,
): Promise<FillingTimes> {
  await migrate(database, { database: DATABASE, retention: RETENTION }, () => undefined);
  await new LiveColumns(database, DATABASE).ensure(FLOW_COLUMNS.map(([name]) => name));
  const flows = await seconds(() => insertFlows(database, filling, log));
  await insertInventory(database, filling);
  const rollups = await seconds(() => makeRollups(database, filling, log));
  const merges = await seconds(() => settleMerges(database));
  return { flows, rollups, merges };
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

async function insertFlows(
  database: Database,
  { flows, hours, toSeconds }: Filling,
  log: (text: string) => void,
): Promise<void> {
  const begin = toSeconds - hours * 3600;
  const perMinute = Math.round(flows / (hours * 60));
  // Whole minutes, so that no minute's rollup is made twice.
  const minutes = Math.max(1, Math.min(60, Math.round(ROWS_PER_INSERT / perMinute)));
  for (let minute = 0; minute < hours * 60; minute += minutes) {
    const slice = Math.min(minutes, hours * 60 - minute);
    const first = minute * perMinute;
    const values: Readonly<Record<string, number>> = {
      from: begin + minute * 60,
      first,
      seconds: slice * 60,
      rows: slice * perMinute,
    };
    const selected = FLOW_COLUMNS.map(([name, sql]) => `${sql} AS c_${name}`)
      .join(',\n')
      .replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
    await database.command(
      `INSERT INTO ${DATABASE}.network_flows (${FLOW_COLUMNS.map(([name]) => name).join(', ')})
WITH number + ${first} AS n,${FLOW_WITH}
SELECT ${selected}
FROM numbers(${values['rows']!})`,
      { insert_deduplicate: 0, min_insert_block_size_rows: ROWS_PER_INSERT, max_insert_threads: 1 },
    );
    if ((minute / minutes) % 20 === 19) log(`${((first + values['rows']!) / 1e6).toFixed(1)} M flows`);
  }
}

/** Interfaces with their speeds, exporters, the ledger minute by minute, and a few anomalies. */
async function insertInventory(database: Database, { hours, toSeconds, flows }: Filling): Promise<void> {
  const perMinute = flows / (hours * 60) / EXPORTERS;
  const minutes = `toDateTime(${toSeconds - hours * 3600} + 60 * intDiv(number, ${EXPORTERS}))`;
  const exporter = `(number % ${EXPORTERS})`;
  const ledger: [measure: string, value: number][] = [
    ['datagrams_received', perMinute / 20],
    ['datagrams_decoded', perMinute / 20],
    ['records_announced', perMinute],
    ['flows', perMinute],
  ];
  const statements = [
    `INSERT INTO ${DATABASE}.interfaces (collector_ip, interface, name, description, seen, speed, exporter_name)
SELECT ${exporterIp('intDiv(number, 23)')}, number % 23 + 1, if(number % 23 < 3, concat('xe-1/0/', toString(number % 23 + 1)), concat('ge-0/0/', toString(number % 23 + 1))),
  '', toDateTime(${toSeconds}), if(number % 23 < 3, 100000000000, 10000000000), ${exporterName('toUInt8(intDiv(number, 23))')}
FROM numbers(${EXPORTERS * 23})`,
    `INSERT INTO ${DATABASE}.exporters (collector_ip, exporter_name, seen, first_seen, versions, sampling_rate, verdict, state)
SELECT ${exporterIp('number')}, ${exporterName('toUInt8(number)')}, toDateTime(${toSeconds}), toDateTime(${toSeconds - hours * 3600}), [9], 1, 'ok', '{}'
FROM numbers(${EXPORTERS})`,
    ...ledger.map(
      ([measure, value]) =>
        `INSERT INTO ${DATABASE}.ledger (minute, collector_ip, exporter_name, measure, value)
SELECT ${minutes}, ${exporterIp(exporter)}, ${exporterName(exporter)}, '${measure}', ${Math.round(value)} FROM numbers(${hours * 60 * EXPORTERS})`,
    ),
    `INSERT INTO ${DATABASE}.ledger (minute, collector_ip, exporter_name, measure, reason, value)
SELECT ${minutes}, ${exporterIp(exporter)}, ${exporterName(exporter)}, 'records_lost', 'sequence_gap', ${Math.ceil(perMinute / 1000)}
FROM numbers(${hours * 60 * EXPORTERS}) WHERE cityHash64(number) % 10 = 0`,
    `INSERT INTO ${DATABASE}.anomalies (id, type, severity, score, state, opened, updated, closed, title, source_ip, collector_ip, exporter_name)
SELECT generateUUIDv4(), ['traffic_spike', 'port_scan_vertical', 'syn_flood'][number % 3 + 1], toInt8(number % 4 + 1), 0.9, if(number % 10 = 0, 'open', 'closed'),
  toDateTime(${toSeconds} - number * ${Math.floor((hours * 3600) / 500)}), toDateTime(${toSeconds}) - 1, if(number % 10 = 0, toDateTime(0), toDateTime(${toSeconds} - number * ${Math.floor((hours * 3600) / 500)} + 300)),
  'A title', toIPv6('10.0.0.1'), ${exporterIp(exporter)}, ${exporterName(exporter)}
FROM numbers(500)`,
  ];
  for (const statement of statements) await database.command(statement, { insert_deduplicate: 0 });
}

/** By the collector's own roller, as it would have made them in time. */
async function makeRollups(
  database: Database,
  { hours, toSeconds }: Filling,
  log: (text: string) => void,
): Promise<void> {
  const trouble: string[] = [];
  const roller = new Roller(database, {
    database: DATABASE,
    top: ROLLUP_TOP,
    graceMs: 0,
    lookBackMs: (hours + 1) * 3_600_000,
    everyMs: 3_600_000,
    log: {
      info: () => undefined,
      warn: (text) => void trouble.push(text),
      error: (text) => void trouble.push(text),
    },
    now: () => toSeconds * 1000,
  });
  let made = -1;
  while (made !== roller.slotsMade) {
    made = roller.slotsMade;
    await roller.run();
    if (trouble.length > 0) throw new Error(trouble.join('\n'));
    log(`${roller.slotsMade} slots of rollups`);
  }
  await roller.stop();
}

/** Waits until the engine has merged what it wants to merge: as many parts stay as would in real life. */
async function settleMerges(database: Database): Promise<void> {
  let quietSince = performance.now();
  await until(
    'merges',
    async () => {
      const [row] = await database.query<{ n: number }>(`SELECT count() AS n FROM system.merges`);
      if (row!.n > 0) quietSince = performance.now();
      return performance.now() - quietSince > 10_000 ? true : undefined;
    },
    20 * 60_000,
  );
  await sleep(1000);
}
