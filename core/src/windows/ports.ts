/**
 * Ports behind which people and programs log in or administer: guessing passwords and moving from host to host happens there.
 * From IANA's registry and the products that listen there by default.
 */
export const loginPorts: readonly number[] = [
  21, // FTP
  22, // SSH
  23, // Telnet
  110, // POP3
  135, // DCE RPC, WMI
  139, // NetBIOS session
  143, // IMAP
  389, // LDAP
  445, // SMB
  465, // SMTP submission over TLS
  512, // rexec
  513, // rlogin
  514, // rsh
  587, // SMTP submission
  636, // LDAP over TLS
  993, // IMAP over TLS
  995, // POP3 over TLS
  1433, // Microsoft SQL Server
  1521, // Oracle
  2222, // SSH, the usual other port
  2323, // Telnet, the usual other port
  3306, // MySQL
  3389, // RDP
  5432, // PostgreSQL
  5900, // VNC
  5901, // VNC
  5985, // WinRM
  5986, // WinRM over TLS
  6379, // Redis
  8291, // MikroTik Winbox
  27017, // MongoDB
];

/**
 * UDP ports whose services answer a small question of a forged source with much (CISA alert TA14-017A and its supplements). The
 * place in the list is the bit of `amplifiers`: add at the end only, 32 at most.
 */
export const amplifierPorts: readonly { readonly port: number; readonly name: string }[] = [
  { port: 53, name: 'DNS' },
  { port: 123, name: 'NTP' },
  { port: 389, name: 'CLDAP' },
  { port: 1900, name: 'SSDP' },
  { port: 11211, name: 'memcached' },
  { port: 161, name: 'SNMP' },
  { port: 19, name: 'CharGEN' },
  { port: 17, name: 'QOTD' },
  { port: 111, name: 'portmap' },
  { port: 137, name: 'NetBIOS' },
  { port: 520, name: 'RIPv1' },
  { port: 69, name: 'TFTP' },
  { port: 5353, name: 'mDNS' },
  { port: 3702, name: 'WS-Discovery' },
  { port: 5683, name: 'CoAP' },
  { port: 27015, name: 'Source engine' },
  { port: 10001, name: 'Ubiquiti discovery' },
  { port: 3283, name: 'Apple Remote Desktop' },
  { port: 37810, name: 'DHDiscover' },
  { port: 427, name: 'SLP' },
];
