import type { VendorTable } from '../table.ts';

/** CERT/CC: YAF, SiLK, super_mediator. Number + 16384 is the reverse direction of the element. */
export const CERT: VendorTable = {
  pen: 6871,
  name: 'cert',
  title: 'CERT/CC YAF',
  rows: `
12 obsoleteReverseOctetTotalCount unsigned64
13 obsoleteReversePacketTotalCount unsigned64
14 initialTCPFlags unsigned16
15 unionTCPFlags unsigned16
16 obsoleteReverseInitialTCPFlags unsigned8
17 obsoleteReverseUnionTCPFlags unsigned8
18 payload octetArray
19 obsoleteReversePayload octetArray
20 obsoleteReverseTcpSequenceNumber unsigned32
21 reverseFlowDeltaMilliseconds unsigned32 milliseconds
29 obsoleteReverseVlanId unsigned16
30 silkFlowType unsigned8
31 silkFlowSensor unsigned16
32 silkTCPState unsigned8
33 silkAppLabel unsigned16
35 payloadEntropy unsigned8
36 osName string
37 osVersion string
38 firstPacketBanner octetArray
39 secondPacketBanner octetArray
100 expiredFragmentCount unsigned32 packets
101 assembledFragmentCount unsigned32 packets
102 meanFlowRate unsigned32 flows
103 meanPacketRate unsigned32 packets
104 flowTableFlushEventCount unsigned32 flows
105 flowTablePeakCount unsigned32 flows
106 yafFlowKeyHash unsigned32
107 osFingerPrint string
110 httpServerString string
111 httpUserAgent string
112 httpGet string
113 httpConnection string
114 httpVersion string
115 httpReferer string
116 httpLocation string
117 httpHost string
118 httpContentLength string
119 httpAge string
120 httpAccept string
121 httpAcceptLanguage string
122 httpContentType string
123 httpResponse string
124 pop3TextMessage string
125 ircTextMessage string
126 tftpFilename string
127 tftpMode string
128 slpVersion unsigned8
129 slpMessageType unsigned8
130 slpString string
131 ftpReturn string
132 ftpUser string
133 ftpPass string
134 ftpType string
135 ftpRespCode string
136 imapCapability string
137 imapLogin string
138 imapStartTLS string
139 imapAuthenticate string
140 imapCommand string
141 imapExists string
142 imapRecent string
143 rtspURL string
144 rtspVersion string
145 rtspReturnCode string
146 rtspContentLength string
147 rtspCommand string
148 rtspContentType string
149 rtspTransport string
150 rtspCSeq string
151 rtspLocation string
152 rtspPacketsReceived string
153 rtspUserAgent string
154 rtspJitter string
155 sipInvite string
156 sipCommand string
157 sipVia string
158 sipMaxForwards string
159 sipAddress string
160 sipContentLength string
161 sipUserAgent string
162 smtpHello string
163 smtpFrom string
164 smtpTo string
165 smtpContentType string
166 smtpSubject string
167 smtpFilename string
168 smtpContentDisposition string
169 smtpResponse string
170 smtpEnhanced string
171 sshVersion string
172 nntpResponse string
173 nntpCommand string
174 dnsQueryResponse unsigned8
175 dnsQRType unsigned16
176 dnsAuthoritative unsigned8
177 dnsNXDomain unsigned8
178 dnsRRSection unsigned8
179 dnsQName string
180 dnsCName string
181 dnsMXPreference unsigned16
182 dnsMXExchange string
183 dnsNSDName string
184 dnsPTRDName string
185 sslCipher unsigned32
186 sslClientVersion unsigned8
187 sslServerCipher unsigned32
188 sslCompressionMethod unsigned8
189 sslCertVersion unsigned8
190 sslCertSignature octetArray
191 sslCertIssuerCountryName string
192 sslCertIssuerOrgName string
193 sslCertIssuerOrgUnitName string
194 sslCertIssuerZipCode string
195 sslCertIssuerState string
196 sslCertIssuerCommonName string
197 sslCertIssuerLocalityName string
198 sslCertIssuerStreetAddress string
199 dnsTTL unsigned32
200 sslCertSubCountryName string
201 sslCertSubOrgName string
202 sslCertSubOrgUnitName string
203 sslCertSubZipCode string
204 sslCertSubState string
205 sslCertSubCommonName string
206 sslCertSubLocalityName string
207 sslCertSubStreetAddress string
208 dnsTXTData string
209 dnsSOASerial unsigned32
210 dnsSOARefresh unsigned32
211 dnsSOARetry unsigned32
212 dnsSOAExpire unsigned32
213 dnsSOAMinimum unsigned32
214 dnsSOAMName string
215 dnsSOARName string
216 dnsSRVPriority unsigned16
217 dnsSRVWeight unsigned16
218 dnsSRVPort unsigned16
219 dnsSRVTarget string
220 httpCookie string
221 httpSetCookie string
222 smtpSize string
223 mysqlUsername string
224 mysqlCommandCode unsigned8
225 mysqlCommandText string
226 dnsID unsigned16
227 dnsAlgorithm unsigned8
228 dnsKeyTag unsigned16
229 dnsSigner string
230 dnsSignature octetArray
231 dnsDigest octetArray
232 dnsPublicKey octetArray
233 dnsSalt octetArray
234 dnsHashData octetArray
235 dnsIterations unsigned16
236 dnsSignatureExpiration unsigned32
237 dnsSignatureInception unsigned32
238 dnsDigestType unsigned8
239 dnsLabels unsigned8
240 dnsTypeCovered unsigned16
241 dnsFlags unsigned16
242 dhcpFingerPrint string
243 dhcpVendorCode string
244 sslCertSerialNumber octetArray
245 sslObjectType unsigned8
246 sslObjectValue octetArray
247 sslCertValidityNotBefore string
248 sslCertValidityNotAfter string
249 sslPublicKeyAlgorithm octetArray
250 sslPublicKeyLength unsigned16
251 smtpDate string
252 httpAuthorization string
253 httpVia string
254 httpX-Forwarded-For string
255 httpExpires string
256 httpRefresh string
257 httpIMEI string
258 httpIMSI string
259 httpMSISDN string
260 httpSubscriber string
261 httpAcceptCharset string
262 httpAcceptEncoding string
263 httpAllow string
264 httpDate string
265 httpExpect string
266 httpFrom string
267 httpProxyAuthentication string
268 httpUpgrade string
269 httpWarning string
270 httpDNT string
271 httpX-Forwarded-Proto string
272 httpX-Forwarded-Host string
273 httpX-Forwarded-Server string
274 httpX-DeviceID string
275 httpX-Profile string
276 httpLastModified string
277 httpContentEncoding string
278 httpContentLanguage string
279 httpContentLocation string
280 httpX-UA-Compatible string
281 dnp3SourceAddress unsigned16
282 dnp3DestinationAddress unsigned16
283 dnp3Function unsigned8
284 dnp3ObjectData octetArray
285 modbusData octetArray
286 ethernetIPData octetArray
287 rtpPayloadType unsigned8
288 sslRecordVersion unsigned16
289 mptcpInitialDataSequenceNumber unsigned64
290 mptcpReceiverToken unsigned32
291 mptcpMaximumSegmentSize unsigned16
292 mptcpAddressID unsigned8
293 mptcpFlags unsigned8
294 sslServerName string
295 sslCertificateHash octetArray
296 sslCertificate octetArray
297 dhcpOption unsigned8
298 sslCertificateSHA1 octetArray
299 sslCertificateMD5 octetArray
300 nDPIL7Protocol unsigned16
301 nDPIL7SubProtocol unsigned16
500 smallPacketCount unsigned32 packets
501 nonEmptyPacketCount unsigned32 packets
502 dataByteCount unsigned64 octets
503 averageInterarrivalTime unsigned64 milliseconds
504 standardDeviationInterarrivalTime unsigned64 milliseconds
505 firstNonEmptyPacketSize unsigned16 octets
506 maxPacketSize unsigned16 octets
507 firstEightNonEmptyPacketDirections unsigned8
508 standardDeviationPayloadLength unsigned16 octets
509 tcpUrgentCount unsigned32 packets
510 largePacketCount unsigned32 packets
550 tombstoneId unsigned32
551 exporterConfiguredId unsigned16
552 exporterUniqueId unsigned16
927 dnsRName string
928 dnsHitCount unsigned16
929 observedDataTotalCount unsigned64
930 observedData octetArray
1000 templateName string
1001 templateDescription string
`,
};
