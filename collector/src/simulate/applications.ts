/** Where the two ends of an application's conversations are, as seen from the site of the exporter. */
export type Locality =
  /** a client of the site asks a host on the Internet */
  | 'internet'
  /** a host on the Internet asks a public server of the site */
  | 'inbound'
  /** a client asks a server of another site, over the backbone */
  | 'intersite';

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;

/** How one application behaves on the wire. Sizes are payload bytes in one conversation. */
export interface Application {
  /** NBAR-like name; its place in the table + 1 is the selector of `applicationId` */
  readonly name: string;
  readonly description: string;
  readonly protocol: number;
  /** the server's port; 0 where the protocol has none */
  readonly port: number;
  /** share of conversations, relative to the others */
  readonly weight: number;
  readonly locality: Locality;
  /** median of what the client sends, and of what the server sends (log-normal) */
  readonly up: number;
  readonly down: number;
  /** standard deviation of the logarithm of both */
  readonly sigma: number;
  /** probability of a bulk transfer: then the larger side is Pareto (α 1.15), from ten times its median */
  readonly bulk: number;
  /** median duration in milliseconds, log-normal */
  readonly duration: number;
  /** payload of one datagram, for what is not TCP */
  readonly datagram: number;
  /** DSCP, RFC 4594's classes */
  readonly dscp: number;
  /** how many different Internet hosts serve it: 0 = all */
  readonly servers: number;
  /** what names a conversation holds: the host of a web request, the name of a DNS question, nothing */
  readonly names: 'host' | 'question' | 'none';
}

const tcp = {
  protocol: TCP,
  datagram: 1448,
  sigma: 1.4,
  bulk: 0.02,
  dscp: 0,
  servers: 0,
  names: 'none',
} as const;
const udp = {
  protocol: UDP,
  datagram: 1200,
  sigma: 0.5,
  bulk: 0,
  dscp: 0,
  servers: 0,
  names: 'none',
} as const;

/** The mix of an office network with a data centre; weights are of conversations, not of bytes. */
// prettier-ignore
export const APPLICATIONS: readonly Application[] = [
  { ...tcp, name: 'https', description: 'HTTP over TLS', port: 443, weight: 300, locality: 'internet', up: 1800, down: 9000, duration: 4000, names: 'host' },
  { ...udp, name: 'quic', description: 'HTTP/3 over QUIC', port: 443, weight: 160, locality: 'internet', up: 2400, down: 16000, sigma: 1.5, bulk: 0.03, duration: 6000, datagram: 1250, names: 'host' },
  { ...tcp, name: 'http', description: 'World Wide Web', port: 80, weight: 35, locality: 'internet', up: 500, down: 5000, duration: 900, names: 'host' },
  { ...udp, name: 'dns', description: 'Domain Name System', port: 53, weight: 230, locality: 'internet', up: 42, down: 130, duration: 18, datagram: 512, servers: 6, names: 'question' },
  { ...udp, name: 'ntp', description: 'Network Time Protocol', port: 123, weight: 22, locality: 'internet', up: 48, down: 48, sigma: 0, duration: 25, datagram: 48, dscp: 46, servers: 12 },
  { ...tcp, name: 'ssh', description: 'Secure Shell', port: 22, weight: 9, locality: 'intersite', up: 9000, down: 24000, duration: 40000, dscp: 16 },
  { ...tcp, name: 'smtp', description: 'Mail transfer', port: 25, weight: 12, locality: 'inbound', up: 24000, down: 900, bulk: 0.05, duration: 2200, servers: 400 },
  { ...tcp, name: 'submission', description: 'Mail submission', port: 587, weight: 5, locality: 'internet', up: 30000, down: 1200, bulk: 0.05, duration: 1800, servers: 40 },
  { ...tcp, name: 'imaps', description: 'Mail access over TLS', port: 993, weight: 18, locality: 'internet', up: 1500, down: 6000, bulk: 0.03, duration: 25000, servers: 60 },
  { ...tcp, name: 'web-server', description: 'Our own web servers', port: 443, weight: 70, locality: 'inbound', up: 1200, down: 14000, duration: 3000, names: 'host' },
  { ...tcp, name: 'rdp', description: 'Remote Desktop', port: 3389, weight: 7, locality: 'intersite', up: 40000, down: 600000, duration: 50000, dscp: 18 },
  { ...tcp, name: 'smb', description: 'File sharing', port: 445, weight: 26, locality: 'intersite', up: 8000, down: 30000, sigma: 1.9, bulk: 0.06, duration: 12000 },
  { ...udp, name: 'sip', description: 'Call signalling', port: 5060, weight: 8, locality: 'intersite', up: 1900, down: 1700, duration: 3000, datagram: 600, dscp: 24 },
  { ...udp, name: 'rtp-audio', description: 'Voice', port: 16384, weight: 10, locality: 'intersite', up: 480000, down: 480000, duration: 55000, datagram: 172, dscp: 46 },
  { ...udp, name: 'video-call', description: 'Video conference', port: 3480, weight: 5, locality: 'internet', up: 6000000, down: 9000000, duration: 55000, datagram: 1100, dscp: 34, servers: 80 },
  { ...tcp, name: 'postgresql', description: 'Database', port: 5432, weight: 16, locality: 'intersite', up: 2600, down: 12000, sigma: 1.7, duration: 9000, dscp: 18 },
  { ...tcp, name: 'backup', description: 'Backup', port: 10000, weight: 2, locality: 'intersite', up: 60000000, down: 400000, sigma: 1.1, bulk: 0.1, duration: 58000, dscp: 8 },
  { ...udp, name: 'snmp', description: 'Network management', port: 161, weight: 12, locality: 'intersite', up: 380, down: 900, duration: 60, datagram: 400, dscp: 16 },
  { ...udp, name: 'syslog', description: 'Log messages', port: 514, weight: 7, locality: 'intersite', up: 700, down: 0, duration: 3000, datagram: 240 },
  { ...udp, name: 'ping', description: 'ICMP echo', protocol: ICMP, port: 0, weight: 14, locality: 'internet', up: 224, down: 224, sigma: 0.8, duration: 3000, datagram: 56, servers: 30 },
  { ...udp, name: 'ipsec-esp', description: 'Site-to-site tunnel', protocol: 50, port: 0, weight: 2, locality: 'inbound', up: 900000, down: 900000, sigma: 1.2, bulk: 0.05, duration: 58000, datagram: 1300, dscp: 0, servers: 10 },
  { ...tcp, name: 'bgp', description: 'Routing', port: 179, weight: 1, locality: 'inbound', up: 200, down: 200, sigma: 0.6, bulk: 0, duration: 30000, dscp: 48, servers: 2 },
];
