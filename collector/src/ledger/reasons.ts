/** Why a datagram was refused whole. */
export const datagramReasons = [
  'too_short',
  'unknown_version',
  'bad_length',
  'no_records',
  'exporter_limit',
  'duplicate',
  'fault',
] as const;
export type DatagramReason = (typeof datagramReasons)[number];

/** Why part of a datagram was not understood; the rest of it was. */
export const setReasons = [
  'set_truncated',
  'set_bad_length',
  'set_reserved_id',
  'record_truncated',
  'count_too_large',
  'template_truncated',
  'template_empty',
  'template_bad_id',
  'template_too_many_fields',
  'template_limit',
  'domain_limit',
] as const;
export type SetReason = (typeof setReasons)[number];

/** Why records that an exporter announced are not in the table. */
export const lossReasons = ['sequence_gap', 'template_missing', 'malformed', 'queue', 'store'] as const;
export type LossReason = (typeof lossReasons)[number];

export type Counts<R extends string> = Record<R, number>;

export function zeroCounts<R extends string>(reasons: readonly R[]): Counts<R> {
  return Object.fromEntries(reasons.map((r) => [r, 0])) as Counts<R>;
}
