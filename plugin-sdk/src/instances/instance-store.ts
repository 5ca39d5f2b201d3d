import { createHash } from 'node:crypto';
import type { InstanceSettings } from '../call-context.ts';
import type { Logger } from '../logging/logger.ts';
import type { InstanceFactory } from '../plugin-definition.ts';

/** An instance in use. It is not disposed of before every lease has been released. */
export interface InstanceLease<T> {
  readonly instance: T;
  release(): void;
}

interface Entry<T> {
  readonly key: string;
  readonly fingerprint: string;
  readonly created: Promise<T>;
  leases: number;
  lastUsed: number;
  state: 'current' | 'retired' | 'disposed';
}

const DEFAULT_IDLE_MS = 3_600_000;
const SWEEP_MS = 60_000;

/** Keeps one instance per configured data source, made anew when its settings or Grafana's change. */
export class InstanceStore<T> {
  readonly #factory: InstanceFactory<T>;
  readonly #log: Logger;
  readonly #onCount: (count: number) => void;
  readonly #current = new Map<string, Entry<T>>();
  /** Replaced, but still in use. */
  readonly #retired = new Set<Entry<T>>();
  readonly #disposing = new Set<Promise<void>>();
  readonly #sweeper: ReturnType<typeof setInterval>;

  constructor(factory: InstanceFactory<T>, log: Logger, onCount: (count: number) => void = () => undefined) {
    this.#factory = factory;
    this.#log = log;
    this.#onCount = onCount;
    const idleMs = factory.idleMs ?? DEFAULT_IDLE_MS;
    this.#sweeper = setInterval(() => this.#sweep(idleMs), Math.min(SWEEP_MS, idleMs));
    this.#sweeper.unref();
  }

  /** Rejects with what the factory threw; the next call tries again. */
  async acquire(settings: InstanceSettings): Promise<InstanceLease<T>> {
    const key = keyOf(settings);
    const fingerprint = fingerprintOf(settings);
    let entry = this.#current.get(key);
    if (entry?.fingerprint !== fingerprint) {
      if (entry) this.#retire(entry);
      entry = this.#create(key, fingerprint, settings);
    }
    const held = entry;
    held.leases++;
    held.lastUsed = Date.now();
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      held.leases--;
      held.lastUsed = Date.now();
      if (held.state === 'retired' && held.leases === 0) this.#dispose(held);
    };
    try {
      return { instance: await held.created, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Disposes of all, in use or not. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    for (const entry of [...this.#current.values(), ...this.#retired]) {
      this.#forget(entry);
      this.#dispose(entry);
    }
    await Promise.all(this.#disposing);
  }

  #create(key: string, fingerprint: string, settings: InstanceSettings): Entry<T> {
    const log = this.#log.with({ uid: settings.uid, org: settings.orgId });
    const created = Promise.resolve().then(() => this.#factory.create(settings, log));
    const entry: Entry<T> = { key, fingerprint, created, leases: 0, lastUsed: Date.now(), state: 'current' };
    this.#current.set(key, entry);
    this.#onCount(this.#current.size);
    created.catch(() => this.#forget(entry));
    return entry;
  }

  #forget(entry: Entry<T>): void {
    if (this.#current.get(entry.key) === entry) this.#current.delete(entry.key);
    this.#onCount(this.#current.size);
  }

  #retire(entry: Entry<T>): void {
    this.#forget(entry);
    entry.state = 'retired';
    this.#retired.add(entry);
    if (entry.leases === 0) this.#dispose(entry);
  }

  #dispose(entry: Entry<T>): void {
    this.#retired.delete(entry);
    entry.state = 'disposed';
    const disposed = entry.created
      .then(
        (instance) => this.#factory.dispose?.(instance),
        () => undefined, // one that was never made
      )
      .catch((error: unknown) => this.#log.error('An instance could not be disposed of', { error }))
      .finally(() => this.#disposing.delete(disposed));
    this.#disposing.add(disposed);
  }

  #sweep(idleMs: number): void {
    for (const entry of [...this.#current.values()]) {
      if (entry.leases === 0 && Date.now() - entry.lastUsed >= idleMs) this.#retire(entry);
    }
  }
}

const keyOf = ({ kind, namespace, orgId, pluginId, uid }: InstanceSettings): string =>
  JSON.stringify([kind, namespace || orgId, pluginId, uid]);

/** Equal for settings that need no new instance. A hash, so that no secret is kept in it. */
const fingerprintOf = (settings: InstanceSettings): string => {
  const { secureJsonData, grafanaConfig, jsonData, ...rest } = settings;
  const parts = [sorted(rest), jsonData, sorted(secureJsonData), sorted(grafanaConfig)];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
};

const sorted = (record: Readonly<Record<string, unknown>>): [string, unknown][] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
