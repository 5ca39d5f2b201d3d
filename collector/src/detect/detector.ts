import type { AnomalyEvidence, AnomalyType, Severity } from '@weir/core/anomalies';
import type { WindowDistinct, WindowHistogram, WindowKind, WindowNumber } from '@weir/core/windows';
import type { Usual } from './baselines/usual.ts';
import type { Step } from './step.ts';

/** A number that a detector's behaviour depends on. */
export interface Parameter {
  readonly default: number;
  /** `ports/min`, `bytes/s`, `s`, `ratio`, `flag` (0 or 1). */
  readonly unit: string;
  /** What it does, and why the default is what it is. */
  readonly doc: string;
  /** Values that make sense; 0 and no upper bound where not said. */
  readonly least?: number;
  readonly most?: number;
  /** A threshold: sensitivity `high` halves it, `low` doubles it (never beyond `most`, never below `least`). */
  readonly threshold?: boolean;
}

export type Parameters = Readonly<Record<string, Parameter>>;
/** The parameters' values as they hold for a tenant. */
export type Values<P extends Parameters = Parameters> = Readonly<Record<keyof P, number>>;

export type WindowColumnName = WindowNumber | WindowDistinct | WindowHistogram;

/**
 * What a detector is. Its file says why it works, what looks alike, and where its defaults come from.
 *
 * It sees windows and what is usual, and nothing else: no clock, no I/O, no chance. So the same windows give the same findings, live and
 * in a replay.
 */
export interface Detector<P extends Parameters = Parameters> {
  /** In configuration and on the command line: `port_scan`. */
  readonly name: string;
  readonly title: string;
  readonly types: readonly AnomalyType[];
  /** What it finds and how, in a paragraph for the reference page. */
  readonly doc: string;
  readonly parameters: P;
  /** What of the windows it reads: a replay loads nothing else. Keys are always there. */
  readonly reads: Readonly<Partial<Record<WindowKind, readonly WindowColumnName[]>>>;
  /**
   * Windows back from the current one that it may ask `Step` for, the current one counted: 6 is a minute. Not more than
   * `MOST_WINDOWS_BACK` (step.ts).
   */
  readonly windowsBack: number;
  /**
   * Whether it may look at windows that still take flows: only where more flows can never undo a finding, and where nothing that is
   * learnt decides. Then an anomaly opens when a threshold is crossed, not when the window is closed.
   */
  readonly early: boolean;
  /** `false` where it never asks what is usual, in baselines: a replay of such detectors alone learns none. */
  readonly usesUsual?: boolean;
  /** A running one, which remembers nothing yet. */
  start(settings: (tenant: string) => Values<P>): RunningDetector;
}

export type Report = (finding: Finding) => void;

/** Runs on the windows of all tenants; each row of a window says whose it is. */
export interface RunningDetector {
  /** Looks at the current windows of a step and reports. Changes nothing that it remembers: it may be called twice for a window. */
  detect(step: Step, usual: Usual, report: Report): void;
  /** Remembers what it must of a window that takes no more flows. Called once for each, in order of time, after `detect`. */
  learn?(step: Step): void;
  /** What it remembers: anything that `v8.serialize` takes, bounded in size. */
  save?(): unknown;
  /** Takes up what was saved. What is not of this version's form is to be ignored, not to be failed on. */
  load?(saved: unknown): void;
  /** For metrics: entities remembered, and those still being learnt. */
  counts?(): { readonly entities: number; readonly learning: number };
}

/** What a detector says of one entity in one window. Findings of the same `type`, `rule`, `tenant` and `entity` are one anomaly. */
export interface Finding {
  readonly type: AnomalyType;
  /** For the type `rule`: whose name it has. */
  readonly rule?: string;
  readonly tenant: string;
  /** Says which: an address, `10.0.0.1 → 10.0.0.2`, a prefix, `exporter interface direction`. The same as long as it is the same thing. */
  readonly entity: string;
  readonly severity: Severity;
  /** From 0 to 1: how sure, and how far from usual. Lower where high sampling rates leave few records. */
  readonly score: number;
  /** One line on which a person can act: who does what to whom, how much. */
  readonly title: string;
  /** What was seen, against what; what it may be otherwise; what to look at. Two or three sentences. */
  readonly description: string;
  /** Addresses as text, v4 dotted. */
  readonly source?: string;
  readonly destination?: string;
  /** Bits of the destination prefix, as of an IPv6 address (a /24 is 120). */
  readonly destinationPrefix?: number;
  /** The exporter's address. */
  readonly exporter?: string;
  readonly interface?: number;
  readonly protocol?: number;
  /** Destination port. */
  readonly port?: number;
  /** What was measured, with its unit: `ports_per_minute`, `bytes_per_second`. */
  readonly metric: string;
  readonly value: number;
  /** 0 where there is none. */
  readonly baseline: number;
  readonly threshold: number;
  /** MITRE ATT&CK: `T1046`. */
  readonly technique?: string;
  /** In the filter language: the flows that it was seen in. */
  readonly flowFilter: string;
  readonly evidence: AnomalyEvidence;
  /** When what was found began, in seconds since 1970, where that is before the window: of a connection that lasts, of a slow scan. */
  readonly since?: number;
  /** Seconds without a finding after which the anomaly has ended; 60 where left out. */
  readonly holdSeconds?: number;
}
