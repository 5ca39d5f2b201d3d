/** An autonomous system and prefixes it announces; plausible, so that names and countries look right in a demonstration. */
export interface AutonomousSystem {
  readonly number: number;
  readonly label: string;
  /** share of the Internet peers that are in it */
  readonly weight: number;
  readonly ipv4: string;
  /** empty where it has no IPv6 */
  readonly ipv6: string;
}

// prettier-ignore
export const AUTONOMOUS_SYSTEMS: readonly AutonomousSystem[] = [
  { number: 15169, label: 'search', weight: 14, ipv4: '142.250.0.0/15', ipv6: '2a00:1450::/32' },
  { number: 13335, label: 'edge', weight: 12, ipv4: '104.16.0.0/13', ipv6: '2606:4700::/32' },
  { number: 16509, label: 'cloud', weight: 14, ipv4: '52.84.0.0/15', ipv6: '2600:9000::/28' },
  { number: 8075, label: 'office', weight: 12, ipv4: '20.64.0.0/10', ipv6: '2603:1000::/24' },
  { number: 32934, label: 'social', weight: 6, ipv4: '157.240.0.0/16', ipv6: '2a03:2880::/32' },
  { number: 20940, label: 'cdn', weight: 9, ipv4: '23.32.0.0/11', ipv6: '2a02:26f0::/32' },
  { number: 54113, label: 'static', weight: 5, ipv4: '151.101.0.0/16', ipv6: '2a04:4e42::/32' },
  { number: 2906, label: 'video', weight: 4, ipv4: '45.57.0.0/17', ipv6: '2a00:86c0::/32' },
  { number: 24940, label: 'hosting', weight: 4, ipv4: '88.198.0.0/16', ipv6: '2a01:4f8::/32' },
  { number: 16276, label: 'servers', weight: 4, ipv4: '51.68.0.0/16', ipv6: '2001:41d0::/32' },
  { number: 3320, label: 'dsl', weight: 4, ipv4: '80.128.0.0/11', ipv6: '2003::/19' },
  { number: 7922, label: 'cable', weight: 3, ipv4: '73.0.0.0/8', ipv6: '2601::/20' },
  { number: 4134, label: 'mirror', weight: 2, ipv4: '116.208.0.0/14', ipv6: '240e::/20' },
  { number: 7018, label: 'fiber', weight: 2, ipv4: '12.0.0.0/9', ipv6: '' },
  // A number of 32 bits (RFC 6793): where a record has 16, the exporter writes AS_TRANS, 23456.
  { number: 396982, label: 'compute', weight: 3, ipv4: '34.64.0.0/10', ipv6: '2600:1900::/28' },
  { number: 212238, label: 'stream', weight: 2, ipv4: '185.59.220.0/22', ipv6: '2a02:6ea0::/32' },
];
