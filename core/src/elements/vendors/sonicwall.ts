import type { VendorTable } from '../table.ts';

/** SonicWall «IPFIX with extensions»; the device also sends the map of its own columns (28-33). */
export const SONICWALL: VendorTable = {
  pen: 8741,
  name: 'sonicwall',
  title: 'SonicWall',
  rows: `
1 timestamp dateTimeSeconds
2 flowId unsigned32
3 initiatorGatewayMac macAddress
4 responderGatewayMac macAddress
5 initiatorIPv4Address ipv4Address
6 responderIPv4Address ipv4Address
7 initiatorGatewayIPv4Address ipv4Address
8 responderGatewayIPv4Address ipv4Address
9 initiatorInterface unsigned32
10 responderInterface unsigned32
11 initiatorPort unsigned16
12 responderPort unsigned16
13 initiatorToResponderPackets unsigned32 packets
14 initiatorToResponderOctets unsigned32 octets
15 responderToInitiatorPackets unsigned32 packets
16 responderToInitiatorOctets unsigned32 octets
17 flowStartTime unsigned32
18 flowEndTime unsigned32
19 flowFlags unsigned16
20 protocol unsigned8
22 applicationId unsigned32
23 userId unsigned64
25 intrusionId unsigned32
26 virusId unsigned32
27 spywareId unsigned32
28 templateId unsigned32
29 tableName string
30 columnId unsigned32
31 columnName string
32 columnType unsigned32
33 columnStandardElement unsigned32
34 userIndex unsigned64
35 userName string
37 userDomain string
38 userAuthenticationType unsigned32
39 applicationIndex unsigned32
41 applicationName string
42 applicationCategoryId unsigned32
43 applicationCategoryName string
44 applicationSignatureId unsigned32
46 virusName string
49 intrusionName string
54 spywareName string
59 urlName string
60 urlIPv4Address ipv4Address
63 ratingName string
64 regionId unsigned32
65 countryId unsigned32
66 countryName string
67 regionName string
123 urlFlowId unsigned32
134 serviceName string
154 deviceName string
157 vpnTunnelName string
169 initiatorToResponderDeltaPackets unsigned32 packets
170 initiatorToResponderDeltaOctets unsigned32 octets
171 responderToInitiatorDeltaPackets unsigned32 packets
172 responderToInitiatorDeltaOctets unsigned32 octets
173 flowBlockReason unsigned8
178 userIPv4Address ipv4Address
`,
};
