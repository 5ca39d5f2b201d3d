import type { DatagramReason, LossReason, SetReason } from './reasons.ts';

/** What each reason means, for people. */
export const reasonTexts: Readonly<Record<DatagramReason | SetReason | LossReason, string>> = {
  too_short: 'Shorter than the header of its version.',
  unknown_version: 'Neither NetFlow v5, v9 nor IPFIX.',
  bad_length: 'The length in an IPFIX header is less than the header itself.',
  no_records: 'A v5 datagram without a whole record.',
  exporter_limit: 'As many exporters as allowed are known, and all have sent flows.',
  duplicate: 'The same datagram has come before.',
  fault: 'Weir failed on it: a fault to report. The log has the details.',

  set_truncated: 'A set ends beyond its datagram.',
  set_bad_length: 'A set says it is shorter than its own header.',
  set_reserved_id: 'A set of an id that is neither template nor data.',
  record_truncated: 'The last record of a set is cut short.',
  count_too_large: 'A v5 header counts more records than the datagram holds.',
  template_truncated: 'A template ends before its fields do.',
  template_empty: 'A template whose records would have no bytes.',
  template_bad_id: 'A template with an id below 256.',
  template_too_many_fields: 'A template with more fields than allowed.',
  template_limit: 'As many templates as allowed are known.',
  domain_limit: 'As many observation domains as allowed are known; the least recently used was forgotten.',

  sequence_gap:
    'The sequence numbers show that they were sent and have not come: lost on the way or in the kernel.',
  template_missing: 'Their template did not come in time, or too much was waiting.',
  malformed: 'Announced by a header, and not readable.',
  queue: 'The spool did not keep up, and the memory set aside for that was full.',
  store: 'The spool could not be written: disk full or failing.',
};
