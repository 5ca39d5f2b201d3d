import type { NarrowRollup } from '../narrow-rollups.ts';

/** What the compiler must know of the place where the query will run. */
export interface CompileContext {
  readonly database: string;
  readonly nowMs: number;
  /** Flows of a bucket may come so long after its end. */
  readonly lagSeconds: number;
  readonly tables: TableReach;
  /** Columns that take room in `network_flows`; others hold their default in every row. */
  readonly liveColumns?: ReadonlySet<string>;
  readonly maxRows: number;
  readonly maxSeries: number;
  readonly maxBuckets: number;
  /** Days that a query may reach over; 0 for any. */
  readonly maxRangeDays: number;
  /** Asked for an alert rule: the last bucket is always complete. */
  readonly forAlert: boolean;
  /** The data source's tenant, for messages: the engine's settings enforce it, no text does. */
  readonly tenant?: string;
}

/** How far the tables reach, in seconds since 1970; what is not given is taken to be all that retention keeps. */
export interface TableReach {
  /** Oldest single flow. */
  readonly rawFromSeconds?: number;
  /** Oldest minute. */
  readonly minutesFromSeconds?: number;
  /** Ends of the newest minute and hour that are made; else three and ten minutes ago. */
  readonly minutesToSeconds?: number;
  readonly hoursToSeconds?: number;
  /**
   * Whole slots that narrow rollups have, without gap. They are younger than `flows_1m` and may lack what it has of earlier days: one
   * that is not given here is not read.
   */
  readonly narrow?: Readonly<Partial<Record<NarrowRollup, Span>>>;
}

/** In seconds since 1970; the end is not in it. */
export interface Span {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

export const defaultContext: Omit<CompileContext, 'database' | 'nowMs'> = {
  lagSeconds: 10,
  tables: {},
  maxRows: 10_000,
  maxSeries: 200,
  maxBuckets: 5_000,
  maxRangeDays: 0,
  forAlert: false,
};
