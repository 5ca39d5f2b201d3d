/** IANA's keywords of protocols, as people who run networks write them; the first of a number is the one that is written. */
export const protocolNames: readonly (readonly [name: string, number: number])[] = [
  ['icmp', 1],
  ['igmp', 2],
  ['ipip', 4],
  ['ipv4', 4],
  ['tcp', 6],
  ['egp', 8],
  ['udp', 17],
  ['dccp', 33],
  ['ipv6', 41],
  ['rsvp', 46],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmp6', 58],
  ['icmpv6', 58],
  ['ipv6-icmp', 58],
  ['eigrp', 88],
  ['ospf', 89],
  ['ospfigp', 89],
  ['etherip', 97],
  ['pim', 103],
  ['ipcomp', 108],
  ['vrrp', 112],
  ['l2tp', 115],
  ['isis', 124],
  ['sctp', 132],
  ['udplite', 136],
];

/** Services by the names in use. */
export const serviceNames: readonly (readonly [name: string, port: number])[] = [
  ['ftp-data', 20],
  ['ftp', 21],
  ['ssh', 22],
  ['telnet', 23],
  ['smtp', 25],
  ['dns', 53],
  ['domain', 53],
  ['dhcp', 67],
  ['tftp', 69],
  ['http', 80],
  ['kerberos', 88],
  ['pop3', 110],
  ['rpcbind', 111],
  ['ntp', 123],
  ['msrpc', 135],
  ['netbios', 139],
  ['imap', 143],
  ['snmp', 161],
  ['snmptrap', 162],
  ['bgp', 179],
  ['ldap', 389],
  ['https', 443],
  ['smb', 445],
  ['smtps', 465],
  ['ike', 500],
  ['syslog', 514],
  ['dhcpv6', 547],
  ['rtsp', 554],
  ['submission', 587],
  ['ldaps', 636],
  ['dns-tls', 853],
  ['rsync', 873],
  ['imaps', 993],
  ['pop3s', 995],
  ['openvpn', 1194],
  ['mssql', 1433],
  ['oracle', 1521],
  ['pptp', 1723],
  ['radius', 1812],
  ['mqtt', 1883],
  ['nfs', 2049],
  ['netflow', 2055],
  ['etcd', 2379],
  ['proxy', 3128],
  ['iscsi', 3260],
  ['mysql', 3306],
  ['rdp', 3389],
  ['stun', 3478],
  ['ipsec-nat', 4500],
  ['ipfix', 4739],
  ['vxlan', 4789],
  ['sip', 5060],
  ['sips', 5061],
  ['iperf', 5201],
  ['mdns', 5353],
  ['postgres', 5432],
  ['amqp', 5672],
  ['vnc', 5900],
  ['sflow', 6343],
  ['redis', 6379],
  ['kubernetes', 6443],
  ['http-alt', 8080],
  ['clickhouse', 8123],
  ['https-alt', 8443],
  ['kafka', 9092],
  ['elastic', 9200],
  ['memcached', 11211],
  ['mongodb', 27017],
  ['wireguard', 51820],
];

/** TCP's control bits (RFC 9293, RFC 3168). */
export const flagNames: readonly (readonly [name: string, bit: number])[] = [
  ['fin', 1],
  ['syn', 2],
  ['rst', 4],
  ['psh', 8],
  ['ack', 16],
  ['urg', 32],
  ['ece', 64],
  ['cwr', 128],
];

/** Differentiated services code points (RFC 4594, RFC 5865, RFC 8622). */
export const dscpNames: readonly (readonly [name: string, codePoint: number])[] = [
  ['CS0', 0],
  ['BE', 0],
  ['DF', 0],
  ['LE', 1],
  ['CS1', 8],
  ['AF11', 10],
  ['AF12', 12],
  ['AF13', 14],
  ['CS2', 16],
  ['AF21', 18],
  ['AF22', 20],
  ['AF23', 22],
  ['CS3', 24],
  ['AF31', 26],
  ['AF32', 28],
  ['AF33', 30],
  ['CS4', 32],
  ['AF41', 34],
  ['AF42', 36],
  ['AF43', 38],
  ['CS5', 40],
  ['VA', 44],
  ['EF', 46],
  ['CS6', 48],
  ['CS7', 56],
];

type Names = readonly (readonly [string, number])[];

export function numberNamed(names: Names, name: string): number | undefined {
  const lower = name.toLowerCase();
  return names.find(([n]) => n.toLowerCase() === lower)?.[1];
}

export function nameOf(names: Names, number: number): string | undefined {
  return names.find(([, n]) => n === number)?.[0];
}

/** `syn+ack` for 18; a number where a bit has no name. */
export function flagsText(bits: number): string {
  const names = flagNames.filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name);
  return bits === 0 || bits > 255 ? String(bits) : names.join('+');
}
