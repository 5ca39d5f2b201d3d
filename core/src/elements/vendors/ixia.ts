import type { VendorTable } from '../table.ts';

/** Ixia, now Keysight: ATIP and AppStack (IxFlow). */
export const IXIA: VendorTable = {
  pen: 3054,
  name: 'ixia',
  title: 'Ixia (Keysight) ATIP',
  rows: `
110 l7ApplicationID unsigned32
111 l7ApplicationName string
120 sourceIPCountryCode string
121 sourceIPCountryName string
122 sourceIPRegionCode string
123 sourceIPRegionName string
125 sourceIPCityName string
126 sourceIPLatitude float32
127 sourceIPLongitude float32
140 destinationIPCountryCode string
141 destinationIPCountryName string
142 destinationIPRegionCode string
143 destinationIpRegionName string
145 destinationIPCityName string
146 destinationIPLatitude float32
147 destinationIPLongitude float32
160 osDeviceID unsigned8
161 osDeviceName string
162 browserID unsigned8
163 browserName string
176 reverseOctetDeltaCount unsigned64
177 reversePacketDeltaCount unsigned64
178 connectionEncryptionType string
179 encryptionCipherSuite string
180 encryptionKeyLength unsigned16
181 imsi string
182 httpRequestUserAgent string
183 hostName string
184 httpURI string
185 dnsTxtRecord string
186 sourceASName string
187 destinationASName string
188 transactionLatency unsigned32 microseconds
189 dnsQueryNames string
190 dnsAnswerNames string
191 dnsClasses string
192 threatType string
193 threatIPv4 ipv4Address
194 threatIPv6 ipv6Address
195 httpSessions subTemplateList
196 requestTime dateTimeSeconds
197 dnsRecords subTemplateList
198 dnsName string
199 dnsRdataIPv4 ipv4Address
200 dnsRdataIPv6 ipv6Address
201 tlsSNI string
202 dhcpClientId octetArray
203 dhcpClientMAC macAddress
204 dhcpEvents subTemplateList
205 dhcpEventTimestamp dateTimeSeconds
206 dhcpEventType unsigned8
207 dhcpLeaseDuration unsigned32
208 dhcpServername string
209 radiusMessages subTemplateList
210 radiusMessageRxTimestamp dateTimeSeconds
211 radiusEventTimestamp dateTimeSeconds
212 radiusUsername string
213 radiusNASIPv4 ipv4Address
214 radiusServiceType unsigned32
215 radiusFramedProtocol unsigned32
216 radiusFilterID string
217 radiusReplyMessage string
218 radiusCalledStationID string
219 httpConnection string
220 httpAccept string
221 httpAcceptLanguage string
222 httpAcceptEncoding string
223 httpReason string
224 httpServer string
225 radiusCallingStationID string
226 httpContentLength unsigned32
227 httpReferer string
228 httpUACPU string
229 emailMessages subTemplateList
230 emailMsgID string
231 emailMsgDate string
232 emailMsgSubject string
233 emailMsgTo string
234 emailMsgFrom string
235 emailMsgCC string
236 emailMsgBCC string
237 emailMsgAttachments string
238 tlsServerCert subTemplateList
239 tlsServerCertIssuer subTemplateList
240 tlsServerCertIssuerAttr string
241 tlsServerCertIssuerValue string
242 tlsServerCertSubject subTemplateList
243 tlsServerCertSubjectAttr string
244 tlsServerCertSubjectValue string
245 tlsServerCertValidNotBefore string
246 tlsServerCertValidNotAfter string
247 tlsServerCertSerialNumber string
248 tlsServerCertSignAlgorithm string
249 tlsServerCertSubjectPKIAlgorithm string
250 tlsServerCertAltNames subTemplateList
251 tlsServerCertAltNamesAttr string
252 tlsServerCertAltNamesValue string
253 dnsMessages subTemplateList
254 dnsTransactionId unsigned16
255 dnsMsgOpcode unsigned8
256 dnsRecRequestType unsigned16
257 dnsMsgRcode unsigned8
258 dnsRecordTTL unsigned32
259 dnsRawRdata string
260 dnsResponseType unsigned16
261 radiusFramedIP string
262 dnsMsgQDCount unsigned16
263 dnsMsgANCount unsigned16
264 dnsMsgNSCount unsigned16
265 dnsMsgARCount unsigned16
266 dnsMsgAuthoritativeAnswer unsigned8
267 dnsMsgTruncation unsigned8
268 dnsMsgRecursionDesired unsigned8
269 dnsMsgRecursionAvailable unsigned8
270 dnsRdataLength unsigned16
271 dnsQuestions subTemplateList
272 dnsQueryType unsigned16
273 dnsQueryName string
274 dnsSectionType unsigned8
275 dnsMsgQRFlag unsigned8
276 dnsCname string
277 dnsMailExchangeDomain string
278 dhcpAgentCircuitID string
279 ja3FingerprintString string
280 tcpConnectionSetupTime unsigned32 microseconds
281 tcpApplicationResponseTime unsigned32 microseconds
282 tcpRetransmittedPackets unsigned32
283 connectionAverageRoundTripTime unsigned32 microseconds
284 udpAverageResponseTime unsigned32 microseconds
285 quicHandshakeTime unsigned32 microseconds
286 quicNetworkRoundTripTime unsigned32 microseconds
287 quicApplicationRoundTripTime unsigned32 microseconds
288 matchedFilterName string
`,
};
