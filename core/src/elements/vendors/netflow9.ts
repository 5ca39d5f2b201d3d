import { NETFLOW9_PEN } from '../table.ts';
import type { VendorTable } from '../table.ts';

/** Field types that exist in NetFlow v9 only: no IANA element and no enterprise element has their number. */
export const NETFLOW9: VendorTable = {
  pen: NETFLOW9_PEN,
  name: 'netflow9',
  title: 'NetFlow v9 only',
  rows: `
65 flowFlags unsigned16
66 transportUnreachability unsigned32
67 transportLatency unsigned32
97 subApplicationTag octetArray
105 applicationVersion unsigned8
106 applicationVersionName string
107 applicationVendor string
109 subApplicationName string
110 subApplicationDescription string
111 templateParameterRangeEnd unsigned32
2881 p2pTechnologyAvc string
2891 tunnelTechnologyAvc string
2901 encryptedTechnologyAvc string
8192 streamcoreWanRoundTripTime unsigned32
8193 streamcoreNetworkResponseTime unsigned32
8194 streamcoreTotalResponseTime unsigned32
8195 streamcoreTcpRetransmissionRate unsigned16
8196 streamcoreCallDirection unsigned8
8256 streamcoreHostname string
8257 streamcoreUrl string
8258 streamcoreSslCommonName string
8259 streamcoreSslOrganization string
8320 streamcoreMosLq unsigned16
8321 streamcoreNetworkDelay unsigned16
8322 streamcoreNetworkLoss unsigned16
8323 streamcoreNetworkJitter unsigned16
8324 streamcoreNetworkDiscard unsigned16
8325 streamcoreRtpClockRateIn unsigned8
8326 streamcoreRtpClockRateOut unsigned8
8327 streamcoreCodecIn unsigned8
8328 streamcoreCodecOut unsigned8
8384 streamcoreRuleId1 unsigned32
8385 streamcoreRuleId2 unsigned32
8386 streamcoreRuleId3 unsigned32
8387 streamcoreRuleId4 unsigned32
8388 streamcoreRuleId5 unsigned32
8389 streamcoreRuleId6 unsigned32
8390 streamcoreRuleId7 unsigned32
8391 streamcoreRuleId8 unsigned32
8392 streamcoreRuleId9 unsigned32
8393 streamcoreRuleId10 unsigned32
20000 wlanId unsigned16
24628 ericssonNatContextId unsigned32
24629 ericssonNatContextName string
24630 ericssonNatAssignTime unsigned64 seconds
24631 ericssonNatUnassignTime unsigned64 seconds
24632 ericssonNatInternalAddress ipv4Address
24633 ericssonNatExternalAddress ipv4Address
24634 ericssonNatExternalPortStart unsigned16
24635 ericssonNatExternalPortEnd unsigned16
33610 meterVersion string
33611 meterOsSystemName string
33612 meterOsNodeName string
33613 meterOsRelease string
33614 meterOsVersion string
33615 meterOsMachine string
33623 meterEpochSecond dateTimeSeconds
33624 meterNicName string
33625 meterNicId unsigned16
33626 meterNicMac macAddress
33627 meterNicAddress ipv4Address
33628 meterCollisions unsigned32
33629 meterErrors unsigned32
33630 meterNicDriverName string
33631 meterNicDriverVersion string
33632 meterNicFirmwareVersion string
33633 meterOsDistributionName string
33634 meterBondInterfaceMode unsigned8
33635 meterBondInterfaceNicCount unsigned8
33636 meterBondInterfaceId unsigned8
`,
};
