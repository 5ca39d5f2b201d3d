import type { VendorTable } from '../table.ts';

/** F5 BIG-IP: AFM, CGNAT, DNS and PEM logging over IPFIX. */
export const F5: VendorTable = {
  pen: 12276,
  name: 'f5',
  title: 'F5 BIG-IP',
  rows: `
1 messageSeverity unsigned8
2 partitionName string
3 flowId unsigned64
4 errdefsMsgNo unsigned32
5 bigipMgmtIPv4Address ipv4Address
6 bigipMgmtIPv6Address ipv6Address
7 dnsQueryName string
8 dnsQueryType string
9 contextName string
10 bigipHostName string
11 deviceVendor string
12 deviceProduct string
13 deviceVersion string
14 msgName string
15 vlanName string
16 ipfixMsgNo unsigned32
20 dosAttackId unsigned32
21 dosAttackName string
22 dosPacketsReceived unsigned32 packets
23 dosPacketsDropped unsigned32 packets
24 contextType string
25 aclPolicyType string
26 aclPolicyName string
27 transIpProtocol unsigned8
28 transSourceIPv4Address ipv4Address
29 transSourceIPv6Address ipv6Address
30 transSourcePort unsigned16
31 transDestinationIPv4Address ipv4Address
32 transDestinationIPv6Address ipv6Address
33 transDestinationPort unsigned16
34 transVlanName string
35 transRouteDomain unsigned32
36 saTransType string
37 saTransPool string
38 aclRuleName string
39 action string
40 dropReason string
41 dosAttackEvent string
42 ipintelligenceThreatName string
43 destinationGeo string
44 sourceGeo string
45 ipintelligencePolicyName string
46 attackType string
48 applicationCategory unsigned16
49 classification string
71 subscriberId string
72 subscriberIdType string
74 httpHostname string
76 httpResponseCode unsigned16
77 httpUrl string
79 httpUserAgent string
87 urlCategory unsigned16
88 downlinkVolume unsigned64 octets
89 uplinkVolume unsigned64 octets
92 vlanId unsigned16
93 sourceUser string
95 logProfileName string
96 logMsgDrops unsigned32
97 logMsgName string
98 sourceFqdn string
99 destinationFqdn string
`,
};
