import { createHash } from 'node:crypto';
import type { AnomalyType } from '@weir/core/anomalies';

/** What an anomaly is about: findings of the same are one anomaly, as long as it lasts. */
export interface AnomalySubject {
  readonly tenant: string;
  readonly type: AnomalyType;
  readonly rule: string;
  readonly entity: string;
}

/** The namespace of anomalies, as name-based UUIDs have one (RFC 9562, section 5.5). */
const NAMESPACE = Buffer.from('8f3c5f4e9b1d4c0aa6f27d1e52c4b893', 'hex');

/** One text for one subject. */
export function subjectKey({ tenant, type, rule, entity }: AnomalySubject): string {
  return JSON.stringify([tenant, type, rule, entity]);
}

/**
 * A name-based UUID (version 5, SHA-1) of the subject and when it began: a replay, or a second collector, gives the same thing the same id.
 *
 * @param opened seconds since 1970
 */
export function anomalyId(subject: AnomalySubject, opened: number): string {
  const name = JSON.stringify([subjectKey(subject), opened]);
  const bytes = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
