import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { profilesFrom } from '../enrich/exporter-profiles.ts';
import { applicationEnricher } from '../enrich/applications.ts';
import { type NetworkEnricher, type NetworkSettings, networkEnricher } from '../enrich/networks.ts';
import { BlockFeed } from '../detect/live/block-feed.ts';
import { interfaceChanges, interfaceInventory } from '../ledger/interfaces.ts';
import type { FromReceiver, ReceiverSettings, ToReceiver } from './messages.ts';
import { Receiver } from './receiver.ts';
import type { HandOver, SealedBatch } from '../sealed-batch.ts';
import { readStateFile, writeStateFile } from './state-file.ts';

/* The receiving thread: a Receiver, and messages to and from the rest. */

const INTERFACES_MS = 1_000;

const port = parentPort!;
const settings = workerData as ReceiverSettings;
const { state, problem } = readStateFile(settings.stateFile);
let queuedBytes = 0;
let utilization = performance.eventLoopUtilization();

const feed = new BlockFeed(settings.feedBytes, () => receiver.seal());

const receiver = new Receiver({
  listen: settings.listen,
  receiveBuffer: settings.receiveBuffer,
  sealMs: settings.sealMs,
  limits: settings.limits,
  profileOf: profilesFrom(settings.exporters),
  state,
  onSealed: handOver,
  enrich: enricher(settings.networks),
  onLive: (message) => post({ kind: 'live', message }),
  onState: (saved) => writeStateFile(settings.stateFile, saved),
});

let interfacesTold = 0;
const interfaceTimer = setInterval(() => {
  const changes = interfaceChanges(receiver.exporters);
  if (changes === interfacesTold) return;
  interfacesTold = changes;
  post({ kind: 'interfaces', inventory: interfaceInventory(receiver.exporters) });
}, INTERFACES_MS);

/** What rows are completed with; undefined where nothing is asked for. */
function enricher(networks: readonly NetworkSettings[]): NetworkEnricher | undefined {
  const byPrefix = networkEnricher(networks);
  if (!settings.applicationByPort) return byPrefix;
  const byPort = applicationEnricher();
  return (batch, from, to) => {
    byPrefix?.(batch, from, to);
    byPort(batch, from, to);
  };
}

function handOver(batch: SealedBatch): HandOver {
  const bytes = batch.block.length;
  // Also of what the store has no room for: a flood that fills it is to be seen.
  feed.offer(batch.block, batch.rows);
  if (bytes > 0 && queuedBytes + bytes > settings.queueBytes) return 'refused';
  queuedBytes += bytes;
  post({ kind: 'sealed', batch }, [batch.block.buffer]);
  return 'held';
}

function post(message: FromReceiver, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, [...transfer]);
}

port.on('message', (message: ToReceiver) => {
  switch (message.kind) {
    case 'taken':
      queuedBytes -= message.bytes;
      receiver.reuse(message.memory);
      return;
    case 'lost':
      receiver.bookAsLost(message.exporter, message.flows, 'store');
      return;
    case 'reconfigure':
      receiver.reconfigure(profilesFrom(message.exporters), enricher(message.networks));
      return;
    case 'feed':
      feed.connect(message.port);
      return;
    case 'subscribe':
      receiver.subscribe(message.subscription);
      return;
    case 'unsubscribe':
      receiver.unsubscribe(message.id);
      return;
    case 'report': {
      const now = performance.eventLoopUtilization();
      const since = performance.eventLoopUtilization(now, utilization);
      utilization = now;
      const began = performance.now();
      const reports = receiver.reports();
      post({
        kind: 'report',
        id: message.id,
        reports: {
          ...reports,
          refusedUnnamed: receiver.refusedUnnamed,
          queuedBytes,
          live: receiver.live,
          feed: feed.counts(),
          lastFault:
            receiver.lastFault === undefined
              ? null
              : String((receiver.lastFault as Error).stack ?? receiver.lastFault),
          utilization: since.utilization,
          tookMs: performance.now() - began,
        },
      });
      return;
    }
    case 'stop':
      clearInterval(interfaceTimer);
      void receiver.stop().then(() => {
        feed.close();
        post({ kind: 'stopped' });
        port.close();
      });
  }
});

try {
  const warnings = await receiver.start();
  post({
    kind: 'started',
    warnings: problem === undefined ? warnings : [problem, ...warnings],
    ports: receiver.reports().listeners.map((l) => l.port),
  });
} catch (error) {
  post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}
