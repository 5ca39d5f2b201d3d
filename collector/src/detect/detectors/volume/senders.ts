import type { AnomalyContributor } from '@weir/core/anomalies';
import { WINDOW_SECONDS, type WindowNumber, distinctKept } from '@weir/core/windows';
import type { Entity, Step } from '../../step.ts';

/** So many are named at most. */
const NAMED = 10;

/**
 * Who sent most of a number to a host in the current window, per second. Pairs tell it exactly, but are kept for some flows only; else
 * it is what each source sent in all, where the sources are few enough to be known by address. Of forged sources nobody is
 * named: each is as good as none.
 *
 * Reads of pairs and sources the number, of destinations `sources`.
 */
export function topSenders(step: Step, host: Entity, name: WindowNumber): AnomalyContributor[] {
  const destination = host.address('destination_ip');
  const pairs = step.pairsOf(host, 'destination').map((pair) => ({
    source_ip: pair.address('source_ip'),
    destination_ip: destination,
    protocol: pair.number('protocol'),
    ...(pair.number('port') > 0 ? { destination_port: pair.number('port') } : {}),
    value: pair.at(name) / WINDOW_SECONDS,
  }));
  const total = host.at(name) / WINDOW_SECONDS;
  const byPairs = pairs.filter((p) => p.value > 0);
  if (byPairs.reduce((sum, p) => sum + p.value, 0) >= total / 2) return largest(byPairs);
  const hashes = host.hashes('sources', 1);
  if (hashes.length >= distinctKept('destination'))
    return largest(byPairs.filter((p) => p.value > total / 100));
  const senders: AnomalyContributor[] = [];
  for (const hash of hashes) {
    const source_ip = step.addressOf(hash, 1);
    if (source_ip === undefined) continue;
    const value = Math.min(total, step.host('source', host.tenantId, source_ip).at(name) / WINDOW_SECONDS);
    if (value > 0) senders.push({ source_ip, destination_ip: destination, value });
  }
  return largest(senders);
}

export function largest(contributors: AnomalyContributor[]): AnomalyContributor[] {
  return contributors.sort((a, b) => b.value - a.value).slice(0, NAMED);
}

/** `from 192.0.2.1`, `from 192.0.2.1 and 3 more`, `from about 12,000 sources`. */
export function sendersText(senders: readonly AnomalyContributor[], sources: number): string {
  const first = senders[0]?.source_ip;
  if (first !== undefined && sources <= 1) return `from ${first}`;
  if (sources <= 1) return 'from one source';
  const about = sources >= 32 ? 'about ' : '';
  return `from ${about}${Number(sources.toPrecision(2)).toLocaleString('en-US')} sources`;
}
