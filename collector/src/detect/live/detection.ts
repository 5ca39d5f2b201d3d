import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { Database } from '../../store/clickhouse/database.ts';
import {
  AnomalyWriter,
  type AnomalyWriterState,
  FlowEvidence,
  type FlowEvidenceState,
} from '../anomalies/index.ts';
import type { DetectionSettings } from '../settings.ts';
import { DetectionClient, type DetectionLog } from './detection-client.ts';
import type { DetectionCounts } from './messages.ts';

export interface DetectionOptions {
  readonly settings: DetectionSettings;
  /** Days of stored windows to learn from where nothing was saved. */
  readonly warmUpDays: number;
  /** Written beside each window: which collector counted. */
  readonly collector: string;
  readonly dataDir: string;
  readonly database: Database;
  readonly databaseName: string;
  /** The longest that flows wait to be stored. */
  readonly storedWithinMs: number;
  readonly log: DetectionLog;
  /** Gives the receiving thread its end of the feed. */
  readonly connect: (feed: MessagePort) => void;
  /** Takes a closed window as a Native block for `windows_10s`. */
  readonly onWindow: (block: Uint8Array<ArrayBuffer>, rows: number) => void;
}

/** What detection tells of itself. */
export interface DetectionState {
  readonly alive: boolean;
  /** How often its thread has died, and of what last. */
  readonly deaths: number;
  readonly lastDeath: string | null;
  /** As of the last second; undefined before the first. Begins anew when the thread does. */
  readonly counts: DetectionCounts | undefined;
  readonly writer: AnomalyWriterState;
  readonly evidence: FlowEvidenceState;
}

/** Flows are in the table so long after the longest that they wait. */
const EVIDENCE_MS = 8_000;

/** Detection in the collector: its thread, and on this one what goes into the database. */
export class Detection {
  private readonly client: DetectionClient;
  private readonly writer: AnomalyWriter;
  private readonly evidence: FlowEvidence;

  constructor(options: DetectionOptions) {
    const { database, databaseName, log } = options;
    this.writer = new AnomalyWriter(database, databaseName, { log });
    this.evidence = new FlowEvidence(database, databaseName, {
      attach: (id, flows) => this.writer.attach(id, flows),
      log,
      delayMs: options.storedWithinMs + EVIDENCE_MS,
    });
    this.client = new DetectionClient({
      settings: {
        detection: options.settings,
        warmUpDays: options.warmUpDays,
        collector: options.collector,
        database: databaseName,
        stateFile: join(options.dataDir, 'detection.state'),
      },
      reads: database,
      log,
      connect: options.connect,
      onWindow: options.onWindow,
      onAnomalies: (rows) => {
        this.writer.write(rows);
        this.evidence.observe(rows);
      },
    });
  }

  start(): void {
    this.client.start();
  }

  /** Settings as they hold from the next window on; own networks, lateness and capacities stay as they were at the start. */
  reconfigure(settings: DetectionSettings): void {
    this.client.reconfigure(settings);
  }

  /** Names of exporters by their address, for anomalies. */
  nameExporters(names: ReadonlyMap<string, string>): void {
    this.client.nameExporters(names);
  }

  state(): DetectionState {
    return {
      ...this.client.failures,
      counts: this.client.counts(),
      writer: this.writer.state(),
      evidence: this.evidence.state(),
    };
  }

  /** When the receiving thread has ended: stores open windows and what waits, saves what was learnt. */
  async stop(graceMs: number): Promise<void> {
    await this.client.stop();
    await this.evidence.stop();
    await this.writer.stop(graceMs);
  }

  /** Ends it at once, for a start that failed. */
  async terminate(): Promise<void> {
    await this.client.terminate();
  }
}
