import type { VendorTable } from '../table.ts';

/** Palo Alto Networks: two NetFlow v9 field types, text of fixed length padded with NUL. */
export const PALO_ALTO: VendorTable = {
  pen: 25461,
  name: 'paloalto',
  title: 'Palo Alto Networks',
  rows: `
56701 appId string
56702 userId string
`,
};

/** Barracuda firewalls; some releases send the same elements under 12326. */
export const BARRACUDA: VendorTable = {
  pen: 10704,
  name: 'barracuda',
  title: 'Barracuda Networks',
  aliases: [12326],
  rows: `
1 timestamp dateTimeSeconds
2 logOp unsigned8
3 trafficType unsigned8
4 firewallRule string
5 serviceName string
6 reason unsigned32
7 reasonText string
8 bindIPv4Address ipv4Address
9 bindTransportPort unsigned16
10 connIPv4Address ipv4Address
11 connTransportPort unsigned16
12 auditCounter unsigned32
`,
};

/** VMware: distributed switch (880-890), Open vSwitch tunnels (891-898), NSX distributed firewall (950-961). */
export const VMWARE: VendorTable = {
  pen: 6876,
  name: 'vmware',
  title: 'VMware',
  rows: `
880 tenantProtocol unsigned8
881 tenantSourceIPv4 ipv4Address
882 tenantDestIPv4 ipv4Address
883 tenantSourceIPv6 ipv6Address
884 tenantDestIPv6 ipv6Address
886 tenantSourcePort unsigned16
887 tenantDestPort unsigned16
888 egressInterfaceAttr unsigned16
889 vxlanExportRole unsigned8
890 ingressInterfaceAttr unsigned16
891 tunnelType unsigned8
892 tunnelKey octetArray
893 tunnelSourceIPv4Address ipv4Address
894 tunnelDestinationIPv4Address ipv4Address
895 tunnelProtocolIdentifier unsigned8
896 tunnelSourceTransportPort unsigned16
897 tunnelDestinationTransportPort unsigned16
898 virtualObsId string
950 ruleId unsigned32
951 vmUuid octetArray
952 vnicIndex unsigned32
953 sessionFlags unsigned8
954 flowDirection unsigned8
955 algControlFlowId unsigned64
956 algType unsigned8
957 algFlowType unsigned8
958 averageLatency unsigned32
959 retransmissionCount unsigned32
960 vifUuid octetArray
961 vifId string
`,
};

/** VMware SD-WAN edges. */
export const VELOCLOUD: VendorTable = {
  pen: 45346,
  name: 'velocloud',
  title: 'VMware SD-WAN (VeloCloud)',
  rows: `
12232 interfaceType unsigned8
12233 destinationUUID octetArray
12234 vcPriority unsigned8
12235 vcRouteType unsigned8
12236 vcLinkPolicy unsigned8
12237 vcTrafficType unsigned8
12239 vcFlowPath unsigned8
12240 linkUUID octetArray
12241 replicatedPacketsRxDeltaCount unsigned64 packets
12242 replicatedPacketsTxDeltaCount unsigned64 packets
12243 lostPacketsRxDeltaCount unsigned64 packets
12244 retransmittedPacketsTxDeltaCount unsigned64 packets
12245 primaryIPv4Address ipv4Address
12290 jitterTxMs unsigned32 milliseconds
12292 latencyTxMs unsigned32 milliseconds
12293 jitterRxMs unsigned32 milliseconds
12295 latencyRxMs unsigned32 milliseconds
12299 siteUUID octetArray
12310 linkName string
12311 lostPacketsTxDeltaCount unsigned64 packets
12312 bizPolicyRuleId octetArray
12313 firewallPolicyRuleId octetArray
12314 nextHopUUID octetArray
12317 lossTxPercent float32
12318 lossRxPercent float32
`,
};

/** Procera PacketLogic. «Incoming» is towards the local (subscriber) host. */
export const PROCERA: VendorTable = {
  pen: 15397,
  name: 'procera',
  title: 'Procera PacketLogic (Sandvine)',
  rows: `
1 service string
2 baseService string
3 incomingOctets unsigned64 octets
4 outgoingOctets unsigned64 octets
5 incomingPackets unsigned64 packets
6 outgoingPackets unsigned64 packets
7 incomingShapingLatency unsigned16 milliseconds
8 outgoingShapingLatency unsigned16 milliseconds
9 incomingShapingDrops unsigned32 packets
10 outgoingShapingDrops unsigned32 packets
11 internalRtt signed32 milliseconds
12 externalRtt signed32 milliseconds
15 flowBehavior string
16 contentCategories string
17 property string
18 serverHostname string
19 httpRequestMethod string
20 httpUserAgent string
21 httpContentType string
22 httpUrl string
23 httpReferer string
24 httpResponseStatus unsigned16
25 httpFileLength unsigned32
26 httpLocation string
27 httpLanguage string
28 subscriberIdentifier string
29 msisdn unsigned64
30 imsi unsigned64
31 rat string
32 deviceId unsigned64
33 sgsn string
34 rnc unsigned16
35 apn string
36 userLocationInformation string
37 ggsn string
38 qoeIncomingInternal float32
39 qoeIncomingExternal float32
40 qoeOutgoingInternal float32
41 qoeOutgoingExternal float32
42 localIPv4Host ipv4Address
43 localIPv6Host ipv6Address
44 remoteIPv4Host ipv4Address
45 remoteIPv6Host ipv6Address
46 httpRequestVersion string
47 templateName string
49 incomingDscp unsigned8
50 outgoingDscp unsigned8
51 incomingDot1qVlanIdLevel1 unsigned16
52 incomingDot1qVlanIdLevel2 unsigned16
53 incomingDot1qVlanIdLevel3 unsigned16
54 incomingDot1qVlanIdLevel4 unsigned16
55 outgoingDot1qVlanIdLevel1 unsigned16
56 outgoingDot1qVlanIdLevel2 unsigned16
57 outgoingDot1qVlanIdLevel3 unsigned16
58 outgoingDot1qVlanIdLevel4 unsigned16
59 incomingDot1qPriorityLevel1 signed8
60 incomingDot1qPriorityLevel2 signed8
61 incomingDot1qPriorityLevel3 signed8
62 incomingDot1qPriorityLevel4 signed8
63 outgoingDot1qPriorityLevel1 signed8
64 outgoingDot1qPriorityLevel2 signed8
65 outgoingDot1qPriorityLevel3 signed8
66 outgoingDot1qPriorityLevel4 signed8
67 internalJitter signed32 milliseconds
69 serviceObject string
70 remoteGeoIP string
`,
};

/** Juniper: resiliency interface; the flow templates use IANA elements. */
export const JUNIPER: VendorTable = {
  pen: 2636,
  name: 'juniper',
  title: 'Juniper Networks',
  rows: `
137 observationDomainCommonProperties unsigned64
`,
};

/** Nokia SR OS: NAT flow logging. */
export const NOKIA: VendorTable = {
  pen: 637,
  name: 'nokia',
  title: 'Nokia (Alcatel-Lucent)',
  rows: `
91 natInsideServiceId unsigned16
92 natOutsideServiceId unsigned16
93 natSubscriberString string
`,
};

/** Sophos UTM flow classifier. */
export const SOPHOS: VendorTable = {
  pen: 9789,
  name: 'sophos',
  title: 'Sophos (Astaro)',
  rows: `
1 afcProtocol unsigned16
2 afcProtocolName string
4 flowDirection unsigned8
`,
};

/** netfilter: ulogd. */
export const NETFILTER: VendorTable = {
  pen: 21373,
  name: 'netfilter',
  title: 'netfilter',
  rows: `
4 mark unsigned32
6 conntrackId unsigned32
`,
};

/** Riverbed CascadeFlow: NetFlow v9 field types. */
export const RIVERBED: VendorTable = {
  pen: 17163,
  name: 'riverbed',
  title: 'Riverbed SteelHead',
  rows: `
51100 passThroughReason unsigned8
51101 wanVisibility unsigned8
51102 clientInpathAddress ipv4Address
51103 serverInpathAddress ipv4Address
51104 clientInpathPort unsigned16
51105 serverInpathPort unsigned16
51106 outerInpathAddress ipv4Address
51107 outerInpathPort unsigned16
51108 retransmittedPackets unsigned32 packets
51109 retransmittedBytes unsigned32 octets
51110 tcpConnectionRoundTripTime unsigned32
51111 endpointType unsigned8
`,
};

/** CACE Technologies, now Riverbed. */
export const CACE: VendorTable = {
  pen: 32622,
  name: 'cace',
  title: 'CACE Technologies',
  rows: `
0 localIPv4Address ipv4Address
1 remoteIPv4Address ipv4Address
2 localIPv6Address ipv6Address
3 remoteIPv6Address ipv6Address
4 localPort unsigned16
5 remotePort unsigned16
6 localIPv4Id unsigned16
7 localIcmpId unsigned16
8 localUserId unsigned32
9 localProcessId unsigned32
10 localUserName string
11 localCommand string
`,
};

/** Plixer replicator and mail records. */
export const PLIXER: VendorTable = {
  pen: 13745,
  name: 'plixer',
  title: 'Plixer',
  rows: `
100 clientIpV4 ipv4Address
101 clientHostname string
102 partnerName string
103 serverHostname string
104 serverIpV4 ipv4Address
105 recipientAddress string
106 eventId unsigned32
107 msgid string
108 priority string
109 recipientReportStatus unsigned32
110 numberRecipients unsigned32
111 originationTime dateTimeSeconds
112 encryption unsigned32
113 serviceVersion string
114 linkedMsgid string
115 messageSubject string
116 senderAddress string
117 dateTime dateTimeSeconds
118 clientIpV6 ipv6Address
119 serverIpV6 ipv6Address
120 sourceContext string
121 connectorId string
122 sourceComponent string
124 relatedRecipientAddress string
125 reference string
126 returnPath string
127 messageInfo string
128 directionality string
129 tenantId string
130 originalClientIpV4 ipv4Address
131 originalServerIpV4 ipv4Address
132 customData string
133 internalMessageId string
`,
};

/** Viptela: vEdge and cEdge cflowd. */
export const VIPTELA: VendorTable = {
  pen: 41916,
  name: 'viptela',
  title: 'Viptela (Cisco SD-WAN)',
  rows: `
4321 vpnId unsigned64
`,
};

/** pmacct nfprobe. */
export const PMACCT: VendorTable = {
  pen: 43874,
  name: 'pmacct',
  title: 'pmacct',
  rows: `
1 tag unsigned64
2 tag2 unsigned64
3 label string
`,
};

/** Antrea: Kubernetes flow exporter; early releases used 55829. */
export const ANTREA: VendorTable = {
  pen: 56506,
  name: 'antrea',
  title: 'Antrea',
  aliases: [55829],
  rows: `
100 sourcePodNamespace string
101 sourcePodName string
102 destinationPodNamespace string
103 destinationPodName string
104 sourceNodeName string
105 destinationNodeName string
106 destinationClusterIPv4 ipv4Address
107 destinationServicePort unsigned16
108 destinationServicePortName string
109 ingressNetworkPolicyName string
110 ingressNetworkPolicyNamespace string
111 egressNetworkPolicyName string
112 egressNetworkPolicyNamespace string
`,
};

/** fastip flow meters; NetFlow v9 field types are 33610 + number. */
export const FASTIP: VendorTable = {
  pen: 33610,
  name: 'fastip',
  title: 'fastip',
  rows: `
0 meterVersion string
1 meterOsSystemName string
2 meterOsNodeName string
3 meterOsRelease string
4 meterOsVersion string
5 meterOsMachine string
6 tcpFlags unsigned32
13 epochSecond dateTimeSeconds
14 nicName string
15 nicId unsigned16
16 nicMac macAddress
17 nicAddress ipv4Address
18 collisions unsigned32
19 errors unsigned32
20 nicDriverName string
21 nicDriverVersion string
22 nicFirmwareVersion string
23 meterOsDistributionName string
24 bondInterfaceMode unsigned8
25 bondInterfaceNicCount unsigned8
26 bondInterfaceId unsigned8
200 tcpHandshakeRoundTripTime unsigned32 microseconds
201 applicationRoundTripTime unsigned32 microseconds
`,
};

/** Pluribus Netvisor. */
export const PLURIBUS: VendorTable = {
  pen: 47269,
  name: 'pluribus',
  title: 'Pluribus Networks',
  rows: `
1 latency unsigned64 microseconds
`,
};
