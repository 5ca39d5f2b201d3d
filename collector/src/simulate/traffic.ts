import { AliasTable } from './alias-table.ts';
import { APPLICATIONS, ICMP, TCP } from './applications.ts';
import {
  copyFlow,
  createFlowColumns,
  END_ACTIVE_TIMEOUT,
  END_IDLE,
  END_OF_FLOW,
  NO_NAME,
} from './flow-columns.ts';
import type { FlowColumns } from './flow-columns.ts';
import { BACKBONE_POSITION } from './network.ts';
import type { Network, Site } from './network.ts';
import type { Random } from './random.ts';

/** What shapes the traffic of one exporter. */
export interface TrafficOptions {
  readonly network: Network;
  /** position of the exporter's site in the network */
  readonly site: number;
  readonly random: Random;
  /** 1 packet of this many is looked at */
  readonly samplingRate: number;
  /** share of conversations over IPv6, 0 to 1 (NetFlow v5 knows none) */
  readonly ipv6Share: number;
  /** one record for both directions of a conversation (RFC 5103) */
  readonly biflow: boolean;
  /** now and then a host on the Internet tries the ports of one of the site's public servers */
  readonly scan?: boolean;
}

/** A scan begins after so many conversations, the first soon; while it lasts, every sixth is a probe: 500 ports. */
const SCAN_EVERY = 100_000;
const SCAN_FIRST = 6_000;
const SCAN_LENGTH = 3_000;
const SCAN_SHARE = 6;

/** The exporter reports a flow that lasts after this long, and then again. */
const ACTIVE_TIMEOUT_MS = 60_000;
/** A flow is reported this long after its last packet: at least a second, so that it ends before the header's whole second. */
const MIN_AGE_MS = 1000;
const AGE_SPREAD_MS = 14_000;
/** No conversation carries more in one active timeout: 32-bit counters hold it. */
const MAX_PAYLOAD = 2_000_000_000;
const BULK_ALPHA = 1.15;
const REFUSED_SHARE = 0.015;
const ROUND_TRIP_MS = 15;

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;

const applicationMix = new AliasTable(APPLICATIONS.map((application) => application.weight));

/**
 * Invents the flows that the router of one site reports: conversations of the site's machines with the Internet and with
 * other sites, each as two flows (request and reply), or as one biflow.
 *
 * The flows depend on the seed alone, not on the time nor on how many are asked for at once.
 */
export class TrafficModel {
  private readonly network: Network;
  private readonly siteNumber: number;
  private readonly site: Site;
  private readonly random: Random;
  private readonly samplingRate: number;
  private readonly ipv6Share: number;
  private readonly biflow: boolean;
  /** a reply for which there was no row: the first of the next batch, if `held` */
  private readonly pending: FlowColumns;
  private held = false;
  private readonly scan: boolean;
  /** conversations so far */
  private count = 0;

  constructor(options: TrafficOptions) {
    this.network = options.network;
    this.siteNumber = options.site;
    this.site = options.network.sites[options.site]!;
    this.random = options.random;
    this.samplingRate = options.samplingRate;
    this.ipv6Share = options.ipv6Share;
    this.biflow = options.biflow;
    this.scan = options.scan === true;
    this.pending = createFlowColumns(this.network, this.site, 1);
  }

  /** Fills the rows from `from` to before `end` and sets the length of `flows` to `end`. */
  fill(flows: FlowColumns, from: number, end: number): void {
    if (end > flows.capacity) throw new RangeError(`${end} flows do not fit into ${flows.capacity} rows`);
    let row = from;
    if (this.held && row < end) {
      copyFlow(this.pending, 0, flows, row++);
      this.held = false;
    }
    while (row < end) row += this.conversation(flows, row, end);
    flows.length = end;
  }

  /** Writes one conversation at `row`, holds its reply where that would be at `end`, and says how many rows it took. */
  private conversation(target: FlowColumns, row: number, end: number): number {
    const { network, site, random } = this;
    const { hosts } = network;
    const applicationNumber = applicationMix.draw(random);
    const application = APPLICATIONS[applicationNumber]!;

    // Who talks to whom, and through which outward interface.
    let client: number;
    let server: number;
    let outward: number;
    let clientIsLocal = true;
    let user = NO_NAME;
    let name = NO_NAME;
    if (application.locality === 'intersite') {
      // Servers are spread over the sites; traffic within a site does not pass its router's outward interfaces.
      const step = 1 + random.below(network.sites.length - 1);
      const other = network.sites[(this.siteNumber + step) % network.sites.length]!;
      clientIsLocal = random.unit() < 0.5;
      const from = clientIsLocal ? site : other;
      const to = clientIsLocal ? other : site;
      const rank = from.clientPopularity.draw(random);
      client = from.clients[rank]!;
      server = to.servers[to.serverPopularity.draw(random)]!;
      outward = BACKBONE_POSITION;
      user = rank % network.users.length;
    } else {
      let rank = network.peerPopularity.draw(random);
      if (application.servers > 0) rank = (rank % application.servers) + applicationNumber * 7;
      const peer = network.peers[rank]!;
      outward = hosts.interfacePositions[peer]!;
      if (application.names !== 'none') name = rank % network.names.length;
      if (application.names === 'question') name = network.peerPopularity.draw(random) % network.names.length;
      if (application.locality === 'internet') {
        const clientRank = site.clientPopularity.draw(random);
        client = site.clients[clientRank]!;
        server = peer;
        user = clientRank % network.users.length;
      } else {
        client = peer;
        server = site.publicServers[random.below(site.publicServers.length)]!;
        clientIsLocal = false;
      }
    }
    // By the number of conversations, not by time: the same for a seed, however many are asked for at once.
    const inScan = (this.count++ % SCAN_EVERY) - SCAN_FIRST;
    const probe = this.scan && inScan >= 0 && inScan < SCAN_LENGTH && inScan % SCAN_SHARE === 0;
    if (probe) {
      clientIsLocal = false;
      client = network.peers[network.peers.length - 1]!;
      server = site.publicServers[0]!;
      outward = hosts.interfacePositions[client]!;
      user = NO_NAME;
      name = NO_NAME;
    }
    const ipv6 =
      !probe && random.unit() < this.ipv6Share && (hosts.hasIpv6[client]! & hosts.hasIpv6[server]!) === 1
        ? 1
        : 0;
    const lan = hosts.interfacePositions[clientIsLocal ? client : server]!;

    // How much, and how long.
    let up = random.logNormal(application.up, application.sigma);
    let down = application.down === 0 ? 0 : random.logNormal(application.down, application.sigma);
    if (random.unit() < application.bulk) {
      if (application.up > application.down) up = random.pareto(application.up * 10, BULK_ALPHA);
      else down = random.pareto(application.down * 10, BULK_ALPHA);
    }
    let duration = random.logNormal(application.duration, 0.9);
    // A gigabit access line is never exceeded: what is large takes its time.
    duration = Math.max(duration, (up + down) / 100_000);
    let endReason = END_IDLE;
    if (duration > ACTIVE_TIMEOUT_MS) {
      up *= ACTIVE_TIMEOUT_MS / duration;
      down *= ACTIVE_TIMEOUT_MS / duration;
      duration = ACTIVE_TIMEOUT_MS;
      endReason = END_ACTIVE_TIMEOUT;
    }
    up = Math.min(MAX_PAYLOAD, Math.round(up));
    down = Math.min(MAX_PAYLOAD, Math.round(down));

    // Packets that carry it, within an MTU of 1,500 bytes.
    const ipHeader = ipv6 === 1 ? 40 : 20;
    let upPackets: number;
    let downPackets: number;
    let header: number;
    let upFlags = 0;
    let downFlags = 0;
    let refused = false;
    let protocol = probe ? TCP : application.protocol;
    if (protocol === TCP) {
      header = ipHeader + 32; // with the timestamp option
      if (random.unit() < REFUSED_SHARE || probe) {
        refused = true;
        up = 0;
        down = 0;
        upPackets = 1;
        downPackets = 1;
        upFlags = SYN;
        downFlags = RST | ACK;
        duration = Math.min(duration, 40);
        endReason = END_OF_FLOW;
      } else {
        const segment = 1500 - header;
        const upData = Math.ceil(up / segment);
        const downData = Math.ceil(down / segment);
        upPackets = upData + (downData >>> 1) + 3;
        downPackets = downData + (upData >>> 1) + 2;
        upFlags = ACK | PSH;
        downFlags = ACK | PSH;
        if (endReason !== END_ACTIVE_TIMEOUT) {
          upFlags |= SYN | FIN;
          downFlags |= SYN | FIN;
          if (random.unit() < 0.06) upFlags |= RST;
          endReason = END_OF_FLOW;
        }
      }
    } else {
      header = ipHeader + 8;
      const datagram = application.datagram;
      if (protocol === ICMP && ipv6 === 1) protocol = 58;
      upPackets = Math.max(1, Math.ceil(up / datagram));
      downPackets = down === 0 ? 0 : Math.max(1, Math.ceil(down / datagram));
      if (application.name === 'quic') {
        // the receiver of bulk acknowledges every other datagram
        const upAcks = downPackets >>> 1;
        upPackets += upAcks;
        up += upAcks * 40;
      }
    }
    const upBytes = up + upPackets * header;
    const downBytes = down + downPackets * header;

    const portless = application.port === 0 && !probe;
    const clientPort = portless ? 0 : application.port === 123 ? 123 : 32768 + (random.uint32() >>> 17);
    const serverPort = probe
      ? 1 + inScan / SCAN_SHARE
      : application.name === 'rtp-audio'
        ? 16384 + 2 * random.below(8192)
        : portless
          ? 0
          : application.port;
    const endAge = MIN_AGE_MS + random.below(AGE_SPREAD_MS);
    const startAge = endAge + Math.round(duration);
    const tos = application.dscp << 2;
    const requestType = protocol === 58 ? 128 : 8;
    const replyType = protocol === 58 ? 129 : 0;
    const isIcmp = protocol === ICMP || protocol === 58;

    const hasReply = downPackets > 0;
    const clientHost = client * 2 + ipv6;
    const serverHost = server * 2 + ipv6;
    const rows = this.biflow || !hasReply ? 1 : 2;
    this.held = rows === 2 && row + 1 === end;
    const upSampled = this.sampled(upPackets);
    const downSampled = hasReply ? this.sampled(downPackets) : 0;

    for (let r = 0; r < rows; r++) {
      const forward = r === 0;
      const hold = !forward && this.held;
      const flows = hold ? this.pending : target;
      const i = hold ? 0 : row + r;
      flows.sourceHost[i] = forward ? clientHost : serverHost;
      flows.destinationHost[i] = forward ? serverHost : clientHost;
      flows.sourcePort[i] = forward ? clientPort : serverPort;
      flows.destinationPort[i] = forward ? serverPort : clientPort;
      flows.icmpTypeCode[i] = isIcmp ? (forward ? requestType : replyType) << 8 : 0;
      flows.protocol[i] = protocol;
      flows.tcpFlags[i] = forward ? upFlags : downFlags;
      flows.tos[i] = tos;
      const packets = forward ? upSampled : downSampled;
      flows.packets[i] = packets;
      flows.bytes[i] = forward
        ? Math.round((upBytes / upPackets) * packets)
        : Math.round((downBytes / downPackets) * packets);
      const reverse = this.biflow && hasReply;
      flows.reversePackets[i] = reverse ? downSampled : 0;
      flows.reverseBytes[i] = reverse ? Math.round((downBytes / downPackets) * downSampled) : 0;
      flows.reverseTcpFlags[i] = reverse ? downFlags : 0;
      // The reply starts a round trip later; a flow of one packet ends when it starts.
      const start = forward ? startAge : Math.max(endAge, startAge - ROUND_TRIP_MS);
      flows.startAgeMs[i] = start;
      flows.endAgeMs[i] = packets === 1 && !this.biflow ? start : endAge;
      const outbound = forward === clientIsLocal;
      flows.input[i] = outbound ? lan : outward;
      flows.output[i] = outbound ? outward : lan;
      flows.direction[i] = outbound ? 1 : 0;
      flows.endReason[i] = endReason;
      flows.application[i] = applicationNumber;
      flows.name[i] = refused ? NO_NAME : name;
      flows.user[i] = user;
    }
    return this.held ? 1 : rows;
  }

  /**
   * How many of a flow's packets the sampler saw. A flow of which it saw none is not reported at all, so that each one
   * reported has at least one.
   */
  private sampled(packets: number): number {
    const rate = this.samplingRate;
    return rate === 1 ? packets : 1 + this.random.round((packets - 1) / rate);
  }
}
