import { datagramReasons, lossReasons, setReasons } from '../../collector/src/ledger/reasons.ts';
import { reasonTexts } from '../../collector/src/ledger/reason-texts.ts';

/** The reference page of the ledger. */
export function ledgerPage(): string {
  const table = (reasons: readonly (keyof typeof reasonTexts)[]): string[] => [
    '| Reason | Meaning |',
    '| --- | --- |',
    ...reasons.map((r) => `| \`${r}\` | ${reasonTexts[r]} |`),
    '',
  ];
  return [
    '# The ledger',
    '',
    'Generated from `collector/src/ledger/` by `npm run docs`. Do not edit.',
    '',
    'The table `ledger` has, for each exporter and minute, how much each count has grown. The same counts are at `/metrics` and',
    '`/exporters`. For every exporter two identities hold at any moment:',
    '',
    '```text',
    'datagrams_received = datagrams_decoded + Σ datagrams_refused',
    'records_announced  = flows + options_records + records_waiting + Σ records_lost',
    '```',
    '',
    'and `flows` are rows of `network_flows`, counted by the engine itself in `stored_1m`. The view `ledger_balance` does the sums;',
    'its columns `…_unexplained` are 0. `records_announced` comes from what the exporter says: v5 counts flows in its sequence and',
    'IPFIX data records; v9 counts datagrams, so that what a missing datagram held is the mean of those that came',
    '(`datagrams_missing` has the datagrams themselves). What the kernel dropped is known for a socket, not for an exporter:',
    '`datagrams_dropped` with the reason `kernel` and the exporter `::`.',
    '',
    '## Why datagrams are refused (`datagrams_refused`)',
    '',
    ...table(datagramReasons),
    '## Why part of a datagram is not understood (`sets_malformed`)',
    '',
    ...table(setReasons),
    '## Why records are lost (`records_lost`)',
    '',
    ...table(lossReasons),
  ].join('\n');
}
