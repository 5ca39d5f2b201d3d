import type { AnomalyType } from '@weir/core/anomalies';

/** What was done on purpose in labelled traffic, and what detectors should have said of it. */
export interface Label {
  /** Unique in its traffic: `nmap -sS -T4`. */
  readonly id: string;
  readonly kind: 'attack' | 'benign';
  readonly description: string;
  /** An attack is found when an anomaly of any of these types says so; it counts for the first. Empty for benign traffic. */
  readonly expected: readonly AnomalyType[];
  /** Types that are true as well: consequences, and other views of the same. Of benign traffic: neither true nor false. */
  readonly also: readonly AnomalyType[];
  /** Addresses and prefixes of which one has to be an end of the anomaly: `10.77.3.5`, `10.77.2.0/24`. Any where empty. */
  readonly hosts: readonly string[];
  /** Who suffers: consequences (`also`) may name these as their destination. */
  readonly victims?: readonly string[];
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Seconds after `from` at which the detector's default threshold is crossed. */
  readonly crossesAfter: number;
  /** Not set where what was done is below the defaults on purpose: then it is neither missed nor a false alarm. */
  readonly required: boolean;
}

/** Traffic of which everything that is out of the ordinary is labelled. */
export interface Labelled {
  readonly labels: readonly Label[];
  /** Seconds since 1970: what is outside is not scored. */
  readonly from: number;
  readonly to: number;
  /** Hosts of the own networks that were active. */
  readonly ownHosts: number;
}
