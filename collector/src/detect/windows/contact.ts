const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;
const ICMP = 1;
const TCP = 6;
const ICMP6 = 58;

/**
 * Whether a flow is a contact: of the end that began, towards the service. Exporters that report each direction by itself do not
 * say; neither do TCP flags alone, since those of a whole connection are alike both ways. So, the surest first:
 *
 * - a biflow is reported from its initiator (RFC 5103);
 * - TCP with SYN and without ACK began, whatever its ports: a scan from port 53 is one; RST alone, or with ACK, refuses; one packet of
 *   SYN and ACK answers a SYN that came to nothing;
 * - ICMP errors and echo replies answer, all other ICMP begins;
 * - otherwise the lower port is the service's. Of two like ports both ends are contacts.
 */
export function isContact(
  protocol: number,
  flags: number,
  sourcePort: number,
  destinationPort: number,
  icmpType: number,
  packets: number,
  packetsBack: number,
): boolean {
  if (packetsBack > 0) return true;
  if (protocol === TCP && (flags & (SYN | ACK)) === SYN) return true;
  if (protocol === TCP && (flags & (FIN | SYN | RST | PSH)) === RST) return false;
  if (protocol === TCP && packets === 1 && (flags & (FIN | SYN | RST | PSH | ACK)) === (SYN | ACK))
    return false;
  if (protocol === ICMP) return icmpType !== 0 && icmpType !== 3 && icmpType !== 11 && icmpType !== 12;
  if (protocol === ICMP6) return icmpType >= 128 && icmpType !== 129;
  return destinationPort <= sourcePort;
}
