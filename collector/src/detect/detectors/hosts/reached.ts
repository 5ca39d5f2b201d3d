import type { Entity, Step } from '../../step.ts';
import { MOST_WINDOWS_BACK } from '../../step.ts';
import { destinationHash } from './pair-ends.ts';

const TCP = 6;
/** Packets from which on a flow was a connection. */
const CONNECTED_PACKETS = 3;

export const reachedReads = ['flows', 'failed_flows', 'syn_flows', 'answered_flows', 'packets'] as const;

/** Whether, within a minute, a connection of a pair came about, or its answers stand in its own records. */
export function isReached(pair: Entity): boolean {
  const failed = pair.sum('failed_flows');
  if (pair.sum('answered_flows') > failed) return true;
  if (pair.number('protocol') !== TCP) return false;
  const vain = Math.max(pair.sum('syn_flows'), failed);
  const made = pair.sum('flows') - vain;
  // Of what is left, after a packet or two for each that failed.
  return made > 0 && pair.sum('packets') - 2 * vain >= CONNECTED_PACKETS * made;
}

/** Hosts that a host failed to reach by one service within the minute, and reached by another: it knows them. */
export function knownThoughFailed(step: Step, host: Entity): number {
  const failed = new Set<number>();
  const reached = new Set<number>();
  for (const pair of step.pairsOf(host, 'source', MOST_WINDOWS_BACK)) {
    const hash = destinationHash(pair);
    if (isReached(pair)) reached.add(hash);
    else if (pair.sum('failed_flows') > 0) failed.add(hash);
  }
  let known = 0;
  for (const hash of failed) if (reached.has(hash)) known++;
  return known;
}
