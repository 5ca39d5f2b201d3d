/**
 * CityHash128 of version 1.0.2, which ClickHouse froze as the checksum of its compressed blocks. Later versions of the
 * algorithm give other values, and no package carries this one.
 */

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const K3 = 0xc949d7c7509e6557n;
const MULTIPLIER = 0x9ddfea08eb382d69n;

type Pair = readonly [low: bigint, high: bigint];

/** The checksum's 16 bytes, as they stand before a compressed block: the low half first, little-endian. */
export function cityHash128(data: Uint8Array): Buffer {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const result = Buffer.allocUnsafe(16);
  const [low, high] = hash(bytes);
  result.writeBigUInt64LE(low, 0);
  result.writeBigUInt64LE(high, 8);
  return result;
}

function hash(bytes: Buffer): Pair {
  const { length } = bytes;
  if (length >= 16) return seeded(bytes.subarray(16), [u64(bytes, 0) ^ K3, u64(bytes, 8)]);
  if (length >= 8) {
    return seeded(bytes.subarray(0, 0), [
      u64(bytes, 0) ^ wrap(BigInt(length) * K0),
      u64(bytes, length - 8) ^ K1,
    ]);
  }
  return seeded(bytes, [K0, K1]);
}

function seeded(bytes: Buffer, seed: Pair): Pair {
  const { length } = bytes;
  if (length < 128) return murmur(bytes, seed);

  let [x, y] = seed;
  let z = wrap(BigInt(length) * K1);
  let vLow = wrap(rotate(y ^ K1, 49n) * K1 + u64(bytes, 0));
  let vHigh = wrap(rotate(vLow, 42n) * K1 + u64(bytes, 8));
  let wLow = wrap(rotate(wrap(y + z), 35n) * K1 + x);
  let wHigh = wrap(rotate(wrap(x + u64(bytes, 88)), 53n) * K1);

  const whole = length - (length % 128);
  for (let at = 0; at < whole; at += 64) {
    x = wrap(rotate(wrap(x + y + vLow + u64(bytes, at + 16)), 37n) * K1);
    y = wrap(rotate(wrap(y + vHigh + u64(bytes, at + 48)), 42n) * K1);
    x ^= wHigh;
    y ^= vLow;
    z = rotate(z ^ wLow, 33n);
    [vLow, vHigh] = weak(bytes, at, wrap(vHigh * K1), wrap(x + wLow));
    [wLow, wHigh] = weak(bytes, at + 32, wrap(z + wHigh), y);
    [z, x] = [x, z];
  }

  y = wrap(y + rotate(wLow, 37n) * K0 + z);
  x = wrap(x + rotate(wrap(vLow + z), 49n) * K0);
  for (let done = 0; done < length - whole;) {
    done += 32; // from the end backwards, over what has been hashed before where the rest is no multiple
    y = wrap(rotate(wrap(y - x), 42n) * K0 + vHigh);
    wLow = wrap(wLow + u64(bytes, length - done + 16));
    x = wrap(rotate(x, 49n) * K0 + wLow);
    wLow = wrap(wLow + vLow);
    [vLow, vHigh] = weak(bytes, length - done, vLow, vHigh);
  }
  x = mix(x, vLow);
  y = mix(y, wLow);
  return [wrap(mix(wrap(x + vHigh), wHigh) + y), mix(wrap(x + wHigh), wrap(y + vHigh))];
}

/** For fewer than 128 bytes. */
function murmur(bytes: Buffer, seed: Pair): Pair {
  const { length } = bytes;
  let [a, b] = seed;
  let c: bigint;
  let d: bigint;
  if (length <= 16) {
    a = wrap(shiftMix(wrap(a * K1)) * K1);
    c = wrap(b * K1 + upTo16(bytes));
    d = shiftMix(wrap(a + (length >= 8 ? u64(bytes, 0) : c)));
  } else {
    c = mix(wrap(u64(bytes, length - 8) + K1), a);
    d = mix(wrap(b + BigInt(length)), wrap(c + u64(bytes, length - 16)));
    a = wrap(a + d);
    for (let at = 0; at < length - 16; at += 16) {
      a = wrap((a ^ wrap(shiftMix(wrap(u64(bytes, at) * K1)) * K1)) * K1);
      b ^= a;
      c = wrap((c ^ wrap(shiftMix(wrap(u64(bytes, at + 8) * K1)) * K1)) * K1);
      d ^= c;
    }
  }
  a = mix(a, c);
  b = mix(d, b);
  return [a ^ b, mix(b, a)];
}

function upTo16(bytes: Buffer): bigint {
  const { length } = bytes;
  const size = BigInt(length);
  if (length > 8) {
    const b = u64(bytes, length - 8);
    return mix(u64(bytes, 0), rotate(wrap(b + size), size)) ^ b;
  }
  if (length >= 4) {
    return mix(size + (BigInt(bytes.readUInt32LE(0)) << 3n), BigInt(bytes.readUInt32LE(length - 4)));
  }
  if (length > 0) {
    const y = BigInt(bytes[0]! + (bytes[length >> 1]! << 8));
    const z = BigInt(length + (bytes[length - 1]! << 2));
    return wrap(shiftMix(wrap(y * K2) ^ wrap(z * K3)) * K2);
  }
  return K2;
}

/** 32 bytes and two seeds, weakly mixed. */
function weak(bytes: Buffer, at: number, seedA: bigint, seedB: bigint): Pair {
  const z = u64(bytes, at + 24);
  const c = wrap(seedA + u64(bytes, at));
  const a = wrap(c + u64(bytes, at + 8) + u64(bytes, at + 16));
  const b = wrap(rotate(wrap(seedB + c + z), 21n) + rotate(a, 44n));
  return [wrap(a + z), wrap(b + c)];
}

/** Two numbers into one. */
function mix(u: bigint, v: bigint): bigint {
  const a = shiftMix(wrap((u ^ v) * MULTIPLIER));
  const b = shiftMix(wrap((v ^ a) * MULTIPLIER));
  return wrap(b * MULTIPLIER);
}

function shiftMix(value: bigint): bigint {
  return value ^ (value >> 47n);
}

function rotate(value: bigint, by: bigint): bigint {
  return wrap((value >> by) | (value << (64n - by)));
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function u64(bytes: Buffer, at: number): bigint {
  return bytes.readBigUInt64LE(at);
}
