/** The vendors: those with tables of elements, and the names of some whose numbers are met without a public table. */
import type { VendorTable } from './table.ts';
import { CERT } from './vendors/cert.ts';
import { CESNET } from './vendors/cesnet.ts';
import { CISCO } from './vendors/cisco.ts';
import { CITRIX } from './vendors/citrix.ts';
import { F5 } from './vendors/f5.ts';
import { FLOWMON } from './vendors/flowmon.ts';
import { GIGAMON } from './vendors/gigamon.ts';
import { IXIA } from './vendors/ixia.ts';
import { NETFLOW9 } from './vendors/netflow9.ts';
import { NIAGARA } from './vendors/niagara.ts';
import { NTOP } from './vendors/ntop.ts';
import {
  ANTREA,
  BARRACUDA,
  CACE,
  FASTIP,
  JUNIPER,
  NETFILTER,
  NOKIA,
  PALO_ALTO,
  PLIXER,
  PLURIBUS,
  PMACCT,
  PROCERA,
  RIVERBED,
  SOPHOS,
  VELOCLOUD,
  VIPTELA,
  VMWARE,
} from './vendors/others.ts';
import { SONICWALL } from './vendors/sonicwall.ts';

export const VENDORS: readonly VendorTable[] = [
  NETFLOW9,
  CISCO,
  NTOP,
  PALO_ALTO,
  VMWARE,
  VELOCLOUD,
  JUNIPER,
  BARRACUDA,
  CITRIX,
  CERT,
  IXIA,
  PROCERA,
  GIGAMON,
  NIAGARA,
  FLOWMON,
  CESNET,
  F5,
  SONICWALL,
  NOKIA,
  RIVERBED,
  VIPTELA,
  SOPHOS,
  NETFILTER,
  PMACCT,
  ANTREA,
  PLIXER,
  CACE,
  FASTIP,
  PLURIBUS,
];

/** Vendors known by number alone. FortiGate, MikroTik, Huawei, H3C and others export IANA elements only. */
export const OTHER_VENDORS: ReadonlyMap<number, string> = new Map([
  [674, 'dell'],
  [1588, 'brocade'],
  [1916, 'extreme'],
  [1991, 'foundry'],
  [2011, 'huawei'],
  [2620, 'checkpoint'],
  [3224, 'netscreen'],
  [4056, 'streamcore'],
  [6321, 'calix'],
  [6486, 'alcatel'],
  [6527, 'timetra'],
  [12356, 'fortinet'],
  [14823, 'aruba'],
  [14988, 'mikrotik'],
  [16982, 'muni'],
  [22610, 'a10'],
  [23867, 'silverpeak'],
  [25506, 'h3c'],
  [30065, 'arista'],
  [41112, 'ubiquiti'],
]);
