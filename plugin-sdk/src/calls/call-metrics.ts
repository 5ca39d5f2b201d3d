import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the SDK measures of itself. */
export interface CallMetrics {
  readonly registry: Registry;
  started(rpc: string): void;
  /** `seconds` is undefined for streams: they last as long as someone listens. */
  ended(rpc: string, status: string, seconds: number | undefined): void;
  /** A query within a call, by its own outcome. */
  queryEnded(status: number, source: string): void;
  instances(count: number): void;
  /** Ends the timers. */
  stop(): void;
}

const LAG_SAMPLE_MS = 500;

export const createCallMetrics = (given: Registry | undefined): CallMetrics => {
  const registry = given ?? new Registry();
  const registers = [registry];
  const calls = new Counter({
    name: 'plugin_rpc_calls_total',
    help: 'Calls of Grafana that have ended, by RPC and outcome.',
    labelNames: ['rpc', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'plugin_rpc_duration_seconds',
    help: 'Time from the arrival of a call to its answer. Streams are left out.',
    labelNames: ['rpc'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const inFlight = new Gauge({
    name: 'plugin_rpc_in_flight',
    help: 'Calls and streams that are open.',
    labelNames: ['rpc'],
    registers,
  });
  const queries = new Counter({
    name: 'plugin_queries_total',
    help: 'Queries answered, by status and whose fault an error was.',
    labelNames: ['status', 'error_source'],
    registers,
  });
  const instances = new Gauge({
    name: 'plugin_instances',
    help: 'Configured data sources kept ready.',
    registers,
  });

  let lag = 0;
  let worst = 0;
  let expected = performance.now() + LAG_SAMPLE_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    lag = Math.max(0, now - expected) / 1000;
    worst = Math.max(worst, lag);
    expected = now + LAG_SAMPLE_MS;
  }, LAG_SAMPLE_MS);
  timer.unref();
  new Gauge({
    name: 'plugin_event_loop_lag_seconds',
    help: 'How late timers ran: the worst since the last look.',
    registers,
    collect() {
      this.set(Math.max(worst, lag));
      worst = 0;
    },
  });
  new Gauge({
    name: 'plugin_memory_bytes',
    help: 'Memory of the process.',
    labelNames: ['kind'],
    registers,
    collect() {
      const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
      this.set({ kind: 'resident' }, rss);
      this.set({ kind: 'heap_used' }, heapUsed);
      this.set({ kind: 'heap_total' }, heapTotal);
      this.set({ kind: 'external' }, external);
    },
  });

  return {
    registry,
    started: (rpc) => inFlight.inc({ rpc }),
    ended(rpc, status, seconds) {
      inFlight.dec({ rpc });
      calls.inc({ rpc, status });
      if (seconds !== undefined) duration.observe({ rpc }, seconds);
    },
    queryEnded: (status, source) => queries.inc({ status, error_source: source }),
    instances: (count) => instances.set(count),
    stop: () => clearInterval(timer),
  };
};
