import type { VendorTable } from '../table.ts';

/** CESNET ipfixprobe. */
export const CESNET: VendorTable = {
  pen: 8057,
  name: 'cesnet',
  title: 'CESNET',
  rows: `
1 DNSRCode unsigned8
2 DNSName string
3 DNSQType unsigned16
4 DNSClass unsigned16
5 DNSRRTTL unsigned32
6 DNSRDataLength unsigned16
7 DNSRData string
8 DNSPSize unsigned16
9 DNSRDO unsigned8
10 DNSTransactionID unsigned16
11 DNSAType unsigned16
14 DNSAnswers unsigned16
18 NTPLeap unsigned8
19 NTPVersion unsigned8
20 NTPMode unsigned8
21 NTPStratum unsigned8
22 NTPPoll unsigned8
23 NTPPrecision unsigned8
24 NTPDelay unsigned32
25 NTPDispersion unsigned32
26 NTPRefID string
27 NTPRef string
28 NTPOrig string
29 NTPRecv string
30 NTPSent string
31 ARPHAFormat unsigned16
32 ARPPAFormat unsigned16
33 ARPOpcode unsigned16
34 ARPSrcHA string
35 ARPSrcPA string
36 ARPDstHA string
37 ARPDstPa string
100 SIPMsgType unsigned16
101 SIPStatusCode unsigned16
102 SIPCallID string
103 SIPCallingParty string
104 SIPCalledParty string
105 SIPVia string
106 SIPUserAgent string
107 SIPRequestURI string
108 SIPCseq string
200 httpMethod string
201 httpServer string
202 httpCookieNames string
802 tlsExtTypeField unsigned16
803 tlsExtLenField unsigned16
804 statsTLSSize unsigned16 octets
805 statsTLSTimestamp dateTimeMilliseconds milliseconds
806 statsTLSDirection signed8
807 statsTLSType unsigned8
808 TLSSNI string
810 SMTPCommands unsigned32
811 SMTPMailCount unsigned32
812 SMTPRcptCount unsigned32
813 SMTPSender string
814 SMTPRecipient string
815 SMTPStatusCodes unsigned32
816 SMTPCode2XXCount unsigned32
817 SMTPCode3XXCount unsigned32
818 SMTPCode4XXCount unsigned32
819 SMTPCode5XXCount unsigned32
820 SMTPDomain string
821 SSDPLocationPort unsigned16
822 SSDPServer string
823 SSDPUserAgent string
824 SSDPNT string
825 SSDPST string
826 DNSSDQueries string
827 DNSSDResponses string
828 OVPNConfLevel unsigned8
831 NBName string
832 NBSuffix unsigned8
850 IDPContent octetArray
851 IDPContentRev octetArray
852 OSQueryProgramName string
853 OSQueryUsername string
854 OSQueryOSName string
855 OSQueryOSMajor unsigned16
856 OSQueryOSMinor unsigned16
857 OSQueryOSBuild string
858 OSQueryOSPlatform string
859 OSQueryOSPlatformLike string
860 OSQueryOSArch string
861 OSQueryKernelVersion string
862 OSQuerySystemHostname string
883 quicTlsExt octetArray
884 quicTlsExtLen unsigned16
885 quicTlsExtType unsigned16
886 quicCHParsed unsigned8
887 quicServerPort unsigned16
888 quicPackets unsigned8
889 quicZeroRTT unsigned8
890 quicSNI string
891 quicUserAgent string
892 quicVersion unsigned32
893 quicClientVersion unsigned32
894 quicTokenLength unsigned64
895 quicOCCID octetArray
896 quicOSCID octetArray
897 quicSCID octetArray
898 quicRetrySCID octetArray
899 quicMultiplexed unsigned8
900 tcpMss unsigned32
901 tcpMssRev unsigned32
902 tcpSynSize unsigned16
903 ssaConfLevel unsigned8
1013 packetLength signed16 octets
1014 packetTime dateTimeMilliseconds milliseconds
1015 packetFlag unsigned8
1016 packetDirection signed8
1020 ntsMeanPacketPayload float32
1021 ntsMinPacketPayload unsigned16
1022 ntsMaxPacketPayload unsigned16
1023 ntsStdevPacketPayload float32
1024 ntsKurtosisPacketPayload float32
1025 ntsRootMeanSquarePacketPayload float32
1026 ntsAverageDispersionPacketPayload float32
1027 ntsMeanScaledTime float32
1028 ntsMeanDifftimes float32
1029 ntsMinDifftimes float32
1030 ntsMaxDifftimes float32
1031 ntsTimeDistribution float32
1032 ntsSwitchingRatio float32
1050 burstSrcPackets unsigned16 packets
1051 burstSrcBytes unsigned16 octets
1052 burstSrcTimeStart dateTimeMilliseconds milliseconds
1053 burstSrcTimeStop dateTimeMilliseconds milliseconds
1054 burstDstPackets unsigned16 packets
1055 burstDstBytes unsigned16 octets
1056 burstDstTimeStart dateTimeMilliseconds milliseconds
1057 burstDstTimeStop dateTimeMilliseconds milliseconds
1060 phistSrcSizes unsigned32
1061 phistSrcInterPacketTime unsigned32
1062 phistDstSizes unsigned32
1063 phistDstInterPacketTime unsigned32
1100 WGConfLevel unsigned8
1101 WGSrcPeer unsigned32
1102 WGDstPeer unsigned32
1200 scitagExperimentID unsigned16
1201 scitagExperimentAct unsigned8
`,
};
