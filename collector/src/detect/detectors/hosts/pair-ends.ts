import { V4_MAPPED } from '@weir/core';
import { addressHash } from '@weir/core/windows';
import type { Entity } from '../../step.ts';

/** A hash of a pair's destination network, a /24 or /48: addresses within one change by themselves. */
export function destinationNetwork({ key }: Entity): number {
  const v4 = key[5] === 0 && key[6] === 0 && key[7] === V4_MAPPED;
  return v4
    ? addressHash(0, 0, V4_MAPPED, key[8]! & 0x00ffffff)
    : addressHash(key[5]!, key[6]! & 0x0000ffff, 0, 0);
}

/** A hash of a pair's source. */
export function sourceHash({ key }: Entity): number {
  return addressHash(key[1]!, key[2]!, key[3]!, key[4]!);
}

/** A hash of a pair's destination. */
export function destinationHash({ key }: Entity): number {
  return addressHash(key[5]!, key[6]!, key[7]!, key[8]!);
}
