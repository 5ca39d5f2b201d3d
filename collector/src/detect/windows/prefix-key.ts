import { V4_MAPPED } from '@weir/core';
import { scattered } from '@weir/core/windows';

const V4_PREFIX_BITS = 120;
const V6_PREFIX_BITS = 48;
/** Of the last word of an IPv4 address, and of the second of an IPv6 one, in memory's byte order. */
const V4_PREFIX = 0x00ffffff;
const V6_PREFIX = 0x0000ffff;

/** Makes of a host's key (tenant, address) that of its /24 or /48, into `key`, which may be the same. Returns a number for the table's hash. */
export function prefixKey(host: Uint32Array, key: Uint32Array): number {
  const v4 = host[1] === 0 && host[2] === 0 && host[3] === V4_MAPPED;
  key[0] = host[0]!;
  key[1] = host[1]!;
  key[2] = host[2]! & V6_PREFIX;
  key[3] = v4 ? V4_MAPPED : 0;
  key[4] = v4 ? host[4]! & V4_PREFIX : 0;
  key[5] = v4 ? V4_PREFIX_BITS : V6_PREFIX_BITS;
  return scattered(key[1]! ^ Math.imul(key[2]!, 3) ^ key[4]!) + key[0]!;
}
