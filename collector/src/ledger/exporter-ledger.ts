import {
  type Counts,
  type DatagramReason,
  type LossReason,
  type SetReason,
  datagramReasons,
  lossReasons,
  setReasons,
  zeroCounts,
} from './reasons.ts';

/**
 * What came from one exporter and what became of it, since the collector started. Two identities hold at any moment:
 *
 *     datagramsReceived = datagramsDecoded + Σ datagramsRefused
 *     recordsAnnounced  = flows + optionsRecords + Σ recordsLost + recordsWaiting
 *
 * `recordsAnnounced` is counted from what the exporter says (v5: its flow sequence; IPFIX: its record sequence; v9: the
 * counts in headers, and for datagrams that its sequence shows as missing the mean of those that came), the right side from
 * what was seen. `flows` are the rows handed to the store, which answers for them from there on.
 */
export class ExporterLedger {
  datagramsReceived = 0;
  datagramsDecoded = 0;
  bytesReceived = 0;
  /** Datagrams that a gap in v9's sequence shows as missing; known to the exporter alone. */
  datagramsMissing = 0;
  readonly datagramsRefused: Counts<DatagramReason> = zeroCounts(datagramReasons);
  readonly setsMalformed: Counts<SetReason> = zeroCounts(setReasons);

  recordsAnnounced = 0;
  flows = 0;
  optionsRecords = 0;
  recordsWaiting = 0;
  readonly recordsLost: Counts<LossReason> = zeroCounts(lossReasons);

  templatesReceived = 0;
  sequenceGaps = 0;
  sequenceResets = 0;
  reordered = 0;

  /** How far the record identity is from closing; 0 when it does. */
  imbalance(): number {
    let lost = 0;
    for (const reason of lossReasons) lost += this.recordsLost[reason];
    return this.recordsAnnounced - this.flows - this.optionsRecords - this.recordsWaiting - lost;
  }
}
