import type { VendorTable } from '../table.ts';

/** Niagara Networks packet broker metadata. */
export const NIAGARA: VendorTable = {
  pen: 47729,
  name: 'niagara',
  title: 'Niagara Networks',
  rows: `
100 sslServerNameIndication string
101 sslServerVersion unsigned16
102 sslServerVersionText string
103 sslServerCipher unsigned16
104 sslServerCipherText string
105 sslConnectionEncryptionType string
106 sslServerCompressionMethod string
107 sslServerSessionId octetArray
108 sslCertificateIssuer string
109 sslCertificateIssuerName string
110 sslCertificateSubject string
111 sslCertificateSubjectName string
112 sslCertificateValidNotBefore string
113 sslCertificateValidNotAfter string
114 sslCertificateSerialNumber string
115 sslCertificateSignatureAlgorithm string
116 sslCertificateSignatureAlgorithmText string
117 sslCertificateSubjectPublicKeySize unsigned16
118 sslCertificateSubjectPublicAlgorithm string
119 sslCertificateSubjectPublicAlgorithmText string
120 sslCertificateSubjectAlgorithmText string
121 sslCertificateSubjectAlternativeName string
122 sslCertificateSha1 octetArray
200 dnsIdentifier unsigned16
201 dnsOpCode unsigned8
202 dnsResponseCode unsigned8
203 dnsQueryName string
204 dnsResponseName string
205 dnsResponseTTL unsigned32
206 dnsResponseIPv4Addr string
207 dnsResponseIPv4AddrText string
208 dnsResponseIPv6Addr string
209 dnsResponseIPv6AddrText string
210 dnsBits string
211 dnsQDCount unsigned16
212 dnsANCount unsigned16
213 dnsNSCount unsigned16
214 dnsARCount unsigned16
215 dnsQueryType unsigned16
216 dnsQueryTypeText string
217 dnsQueryClass unsigned16
218 dnsQueryClassText string
219 dnsResponseType unsigned16
220 dnsResponseTypeText string
221 dnsResponseClass unsigned16
222 dnsResponseClassText string
223 dnsResponseRDLength unsigned16
224 dnsResponseRData string
225 dnsAuthorityName string
226 dnsAuthorityType unsigned16
227 dnsAuthorityTypeText string
228 dnsAuthorityClass unsigned16
229 dnsAuthorityClassText string
230 dnsAuthorityTTL unsigned32
231 dnsAuthorityRDLength unsigned16
232 dnsAuthorityRData string
233 dnsAdditionalName string
234 dnsAdditionalType unsigned16
235 dnsAdditionalTypeText string
236 dnsAdditionalClass unsigned16
237 dnsAdditionalClassText string
238 dnsAdditionalTTL unsigned32
239 dnsAdditionalRDLength unsigned16
240 dnsAdditionalRData string
300 radiusPacketTypeCode unsigned8
301 radiusPacketTypeCodeText string
302 radiusPacketIdentifier unsigned8
303 radiusAuthenticator octetArray
304 radiusUserName string
305 radiusCallingStationId string
306 radiusCalledStationId string
307 radiusNasIpAddress ipv4Address
308 radiusNasIpv6Address ipv6Address
309 radiusNasIdentifier string
310 radiusFramedIpAddress ipv4Address
311 radiusFramedIpv6Address ipv6Address
312 radiusAcctSessionId string
313 radiusAcctStatusType string
314 radiusAcctInOctets unsigned32
315 radiusAcctOutOctets unsigned32
316 radiusAcctInPackets unsigned32
317 radiusAcctOutPackets unsigned32
318 radiusVsaVendorId unsigned32
319 radiusVsaName string
320 radiusVsaId unsigned8
321 radiusVsaValue octetArray
`,
};
