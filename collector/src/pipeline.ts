import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { type Api, type ApiSources, createApi } from './api/index.ts';
import { type ClickHouseUser, type Config, type DetectionConfig, formatEndpoint } from './config/index.ts';
import { Detection } from './detect/live/index.ts';
import type { ReceiverReports } from './receive/messages.ts';
import { ReceiverClient } from './receive/receiver-client.ts';
import type { Database } from './store/clickhouse/database.ts';
import { openRemoteDatabase } from './store/clickhouse/remote.ts';
import { lowerBackgroundPriority } from './store/embedded/background-priority.ts';
import {
  type EmbeddedEngine,
  type EngineOptions,
  type HttpInterface,
  openEmbeddedEngine,
} from './store/embedded/index.ts';
import type { InterfaceInventory } from './ledger/report.ts';
import { LiveHub } from './live/hub.ts';
import { CollectorGauges } from './store/collector-gauges.ts';
import { Inventory } from './store/inventory.ts';
import { Roller } from './store/rollups/roller.ts';
import { sharedTables, tenantTables } from './store/schema/ddl.ts';
import { LiveColumns } from './store/schema/live-columns.ts';
import { migrate } from './store/schema/migrations.ts';
import { Spool } from './store/spool/spool.ts';
import { Store } from './store/store.ts';
import { VERSION } from './version.ts';

/** How long sealed batches may be on their way to the spool before they are refused. */
const QUEUE_BYTES = 192 * 2 ** 20;
/** How far detection may be behind before it passes blocks over: about a million flows. */
const FEED_BYTES = 96 * 2 ** 20;
const REPORT_MS = 1_000;
const INVENTORY_MS = 30_000;
/** Soon after the start, so that dashboards know their exporters. */
const INVENTORY_FIRST_MS = 5_000;
const STOP_GRACE_MS = 10_000;
const ANOMALIES_GRACE_MS = 3_000;
const ROLLUP_GRACE_MS = 20_000;
const ROLLUP_EVERY_MS = 10_000;
const ROLLUP_LOOK_BACK_MS = 3 * 24 * 3_600_000;

/** Where the collector listens. */
export interface PipelineAddresses {
  readonly flows: readonly string[];
  readonly api: string;
  /** The embedded engine's HTTP interface, where there is one. */
  readonly clickhouse: string | undefined;
}

/**
 * All stages of the collector, joined:
 *
 *     sockets → decoder → batches │ → spool → ClickHouse → rollups
 *          receiving thread       │         this thread
 *                 ├→ live readers
 *                 └→ windows → detectors │ → windows: spool; anomalies: ClickHouse
 *                      detection thread  │         this thread
 */
export class Pipeline {
  private readonly config: Config;
  private readonly log: Logger;
  private readonly receiver: ReceiverClient;
  private engine: EmbeddedEngine | undefined;
  private stopWatchingPriorities: (() => void) | undefined;
  private http: HttpInterface | undefined;
  private api: Api | undefined;
  private detection: Detection | undefined;
  /** As of the latest reload. */
  private detectionConfig: DetectionConfig;
  private readonly live: LiveHub;
  private database: Database | undefined;
  private store: Store | undefined;
  private roller: Roller | undefined;
  private timer: NodeJS.Timeout | undefined;
  private gauges: CollectorGauges | undefined;
  private inventoryTimer: NodeJS.Timeout | undefined;
  private newInterfaces: readonly InterfaceInventory[] = [];
  private stopping = false;
  private latest: ReceiverReports | undefined;
  private loggedFault: string | null = null;
  private latestMs: number | null = null;
  private readonly startedMs = Date.now();
  /** Called when the collector cannot go on. */
  onFatal: ((error: Error) => void) | undefined;

  constructor(config: Config, log: Logger) {
    this.config = config;
    this.detectionConfig = config.detection;
    this.log = log;
    const dataDir = resolve(config.dataDir);
    this.receiver = new ReceiverClient({
      listen: config.listen,
      receiveBuffer: config.receiveBufferBytes,
      sealMs: Math.min(1_000, config.batch.timeoutMs),
      limits: config.limits,
      exporters: config,
      networks: config.networks,
      applicationByPort: config.applicationByPort,
      stateFile: join(dataDir, 'templates.json'),
      queueBytes: QUEUE_BYTES,
      feedBytes: FEED_BYTES,
    });
    this.live = new LiveHub(this.receiver, { limit: config.http.liveSubscriptions, version: VERSION });
  }

  /** From the back to the front, so that nothing arrives where nobody takes it. Rejects with what to change. */
  async start(): Promise<PipelineAddresses> {
    const { config, log } = this;
    try {
      return await this.open(config, log);
    } catch (error) {
      await this.receiver.terminate();
      await this.detection?.terminate();
      await this.api?.close();
      await this.http?.close();
      await this.database?.close().catch(() => undefined);
      await this.engine?.close().catch(() => undefined);
      throw error;
    }
  }

  private async open(config: Config, log: Logger): Promise<PipelineAddresses> {
    const dataDir = resolve(config.dataDir);
    await mkdir(dataDir, { recursive: true });
    this.database = await this.openDatabase(dataDir);
    await migrate(this.database, { database: config.clickhouse.database, retention: config.retention }, (m) =>
      log.info(m),
    );

    const storeLog = {
      info: (m: string) => log.info(m),
      warn: (m: string) => log.warn(m),
      error: (m: string) => log.error(m),
    };
    const spool = new Spool({ dir: join(dataDir, 'spool'), fsync: config.spool.fsync });
    const store = new Store(
      spool,
      this.database,
      new LiveColumns(this.database, config.clickhouse.database),
      config.clickhouse.database,
      {
        batchSize: config.batch.size,
        batchMs: config.batch.timeoutMs,
        maxBytes: config.spool.maxBytes,
        log: storeLog,
      },
    );
    store.onStored = (seconds) => {
      this.api?.observeInsert(seconds);
      this.gauges?.observeInsert(seconds);
    };
    store.onLost = (exporter, flows) => this.receiver.lost(exporter, flows);
    await store.start();
    this.store = store;

    this.roller = new Roller(this.database, {
      database: config.clickhouse.database,
      top: config.rollup.top,
      graceMs: config.batch.timeoutMs + ROLLUP_GRACE_MS,
      lookBackMs: Math.min(ROLLUP_LOOK_BACK_MS, config.retention.flowsDays * 24 * 3_600_000),
      everyMs: ROLLUP_EVERY_MS,
      log: storeLog,
    });
    this.roller.start();

    this.receiver.onSealed = (batch) => store.accept(batch);
    this.receiver.onLive = (message) => this.live.deliver(message);
    this.receiver.onDeath = (error) => this.onFatal?.(error);
    const { warnings, ports } = await this.receiver.start();
    for (const warning of warnings) log.warn(warning);
    if (config.detection.enabled) this.startDetection(dataDir, this.database, store);
    this.gauges = new CollectorGauges(this.database, config.clickhouse.database, this.sources(dataDir));
    const inventory = new Inventory(this.database, config.clickhouse.database);
    this.receiver.onInterfaces = (names) => (this.newInterfaces = names);
    await this.report();
    this.inventoryTimer = setTimeout(() => void this.keepInventory(inventory), INVENTORY_FIRST_MS);

    this.api = createApi(this.sources(dataDir), {
      live: this.live,
      tokens: config.http.tokens,
      backtest: {
        reads: this.database,
        database: config.clickhouse.database,
        detection: () => this.detectionConfig,
      },
    });
    const apiPort = await this.api.listen(config.http.bind);
    if (this.engine !== undefined && config.clickhouse.httpBind !== null) {
      const { users, httpBind } = config.clickhouse;
      this.http = await this.engine.serveHttp({
        ...httpBind,
        ...(users.length > 0 && {
          users: users.map((u) => ({
            name: u.name,
            passwordSha256: u.passwordSha256,
            readonly: u.readOnly,
            tenant: u.tenant,
          })),
        }),
      });
    }
    return {
      flows: config.listen.map(({ host }, i) => formatEndpoint({ host, port: ports[i]! })),
      api: formatEndpoint({ host: config.http.bind.host, port: apiPort }),
      clickhouse:
        this.http === undefined ? undefined : formatEndpoint({ host: this.http.host, port: this.http.port }),
    };
  }

  private startDetection(dataDir: string, database: Database, store: Store): void {
    const { config, log } = this;
    this.detection = new Detection({
      settings: config.detection,
      warmUpDays: config.detection.warmUpDays,
      collector: hostname(),
      dataDir,
      database,
      databaseName: config.clickhouse.database,
      storedWithinMs: config.batch.timeoutMs,
      log: {
        info: (m) => log.info(m),
        warn: (m) => log.warn(m),
        error: (m) => log.error(m),
      },
      connect: (feed) => this.receiver.feed(feed),
      onWindow: (block, rows) => void store.acceptWindow(block, rows),
    });
    this.detection.start();
  }

  private async openDatabase(dataDir: string): Promise<Database> {
    const { clickhouse } = this.config;
    if (clickhouse.url !== undefined) {
      const { tls } = clickhouse;
      const file = (path: string | undefined): Buffer | undefined =>
        path === undefined ? undefined : readFileSync(path);
      const [ca, certificate, key] = [file(tls.caFile), file(tls.certFile), file(tls.keyFile)];
      return openRemoteDatabase({
        url: clickhouse.url,
        database: clickhouse.database,
        ...(clickhouse.user === undefined ? {} : { user: clickhouse.user }),
        ...(clickhouse.password === undefined ? {} : { password: clickhouse.password }),
        tls: {
          ...(ca && { ca }),
          ...(certificate && { certificate }),
          ...(key && { key }),
          insecureSkipVerify: tls.insecure,
        },
      });
    }
    this.engine = await openEmbeddedEngine({
      dataDir: join(dataDir, 'clickhouse'),
      database: clickhouse.database,
      readers: clickhouse.readers,
      memoryLimitBytes: clickhouse.memoryLimitBytes,
      ...tenantReaders(clickhouse.users),
      logger: this.log,
    });
    this.stopWatchingPriorities = lowerBackgroundPriority();
    return this.engine.database();
  }

  /** Asks for a report, and again after a second; with very many exporters more seldom, so that receiving comes first. */
  private async report(): Promise<void> {
    this.latest = await this.receiver.reports();
    this.latestMs = Date.now();
    const pause = Math.max(REPORT_MS, this.latest.tookMs * 50);
    if (!this.stopping) this.timer = setTimeout(() => void this.report(), pause);
    if (this.latest.lastFault !== null && this.latest.lastFault !== this.loggedFault) {
      this.loggedFault = this.latest.lastFault;
      this.log.error(
        `A datagram could not be decoded, which is a fault of Weir's: please report it. ${this.latest.lastFault}`,
      );
    }
  }

  private async keepInventory(inventory: Inventory): Promise<void> {
    await this.writeInventory(inventory);
    if (!this.stopping)
      this.inventoryTimer = setTimeout(() => void this.keepInventory(inventory), INVENTORY_MS);
  }

  private async writeInventory(inventory: Inventory): Promise<void> {
    const names = this.newInterfaces;
    this.newInterfaces = [];
    this.detection?.nameExporters(new Map(this.latest?.exporters.map((e) => [e.address, e.name])));
    try {
      await inventory.writeExporters(this.latest?.exporters ?? [], Date.now());
      await inventory.writeInterfaces(names, Date.now());
      await this.gauges?.write(Date.now());
    } catch (error) {
      this.newInterfaces = this.newInterfaces.length > 0 ? this.newInterfaces : names;
      this.log.warn(
        `Exporters, interfaces and gauges could not be written, and will be tried again: ${String(error)}`,
      );
    }
  }

  /** What the API shows, from the receiving thread's latest report and the store's counters. */
  private sources(dataDir: string): ApiSources {
    return {
      startedMs: this.startedMs,
      version: VERSION,
      dataDir,
      exporters: () => this.latest?.exporters ?? [],
      listeners: () =>
        (this.latest?.listeners ?? []).map((l) => ({
          ...l,
          address: formatEndpoint({ host: l.address, port: l.port }),
        })),
      receiver: () => ({
        reportedMs: this.latestMs,
        refusedUnnamed: this.latest?.refusedUnnamed ?? 0,
        queuedBytes: this.latest?.queuedBytes ?? 0,
        queueLimitBytes: QUEUE_BYTES,
        utilization: this.latest?.utilization ?? null,
        lastFault: this.latest?.lastFault ?? null,
      }),
      live: () => ({
        ...this.live.counts(),
        ...(this.latest?.live ?? { rowsTested: 0, rowsPassedOver: 0 }),
      }),
      store: () => {
        const state = this.store!.state();
        return {
          connected: state.connected,
          lastError: state.lastError,
          spoolBlocks: state.spoolParcels,
          spoolBytes: state.spoolBytes,
          spoolMaxBytes: this.config.spool.maxBytes,
          oldestBlockMs: state.oldestParcelMs,
          queueDepth: state.unwritten,
          rowsStored: state.rowsStored,
          blocksStored: state.parcelsStored,
          rowsRejected: state.rowsRejected,
          rowsRefused: state.rowsRefused,
          windowRowsStored: state.windowRowsStored,
          windowRowsRejected: state.windowRowsRejected,
          windowRowsLost: state.windowRowsLost,
        };
      },
      detection: () => {
        if (this.detection === undefined) return null;
        const feed = this.latest?.feed;
        return {
          ...this.detection.state(),
          queuedBytes: feed?.waitingBytes ?? 0,
          queueLimitBytes: FEED_BYTES,
          flowsPassedOver: feed?.flowsPassedOver ?? 0,
        };
      },
    };
  }

  /** What is known of exporters, their interfaces, tenants and networks, the API’s tokens, and what is detected. Other keys need a restart. */
  reconfigure(config: Config): void {
    this.receiver.reconfigure({ exporters: config.exporters, tenants: config.tenants }, config.networks);
    this.api?.setTokens(config.http.tokens);
    for (const key of ['enabled', 'ownNetworks', 'latenessSeconds', 'capacities', 'warmUpDays'] as const)
      if (!isDeepStrictEqual(config.detection[key], this.config.detection[key]))
        this.log.warn(`detection.${snake(key)} has changed: it holds from the next start on.`);
    this.detectionConfig = config.detection;
    this.detection?.reconfigure(config.detection);
  }

  /** From the front to the back: nothing that was received is left behind. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    clearTimeout(this.inventoryTimer);
    await this.api?.close();
    await this.receiver.stop();
    await this.detection?.stop(ANOMALIES_GRACE_MS);
    await this.roller?.stop();
    await this.store?.stop(STOP_GRACE_MS);
    await this.http?.close();
    this.stopWatchingPriorities?.();
    await this.engine?.close();
    if (this.engine === undefined) await this.database?.close();
  }
}

/** The key in the file: `lateness_secs`. */
function snake(key: string): string {
  return key.replace('Seconds', 'Secs').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What the embedded engine must know of tenants, where users are bound to any: without them policies cost nothing. */
function tenantReaders(users: readonly ClickHouseUser[]): Pick<EngineOptions, 'tenantReaders'> {
  const tenants = [...new Set(users.flatMap(({ tenant }) => (tenant === undefined ? [] : [tenant])))];
  if (tenants.length === 0) return {};
  return { tenantReaders: { tenants, tables: tenantTables, shared: sharedTables } };
}
