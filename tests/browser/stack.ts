import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PluginProcess, startPlugin } from '@weir/plugin-sdk/testing';
import { storeKnownFlows } from '../../backend/src/testing/known-flows.ts';
import { READER, type TestStore, openTestStore } from '../../backend/src/testing/store.ts';
import { netflow5 } from '../../collector/src/inputs/netflow/testing/datagrams.ts';
import { TestCollector } from '../support/collector.ts';
import { Sender } from '../support/datagrams.ts';
import { Workspace } from '../support/workspace.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXPORTER = '127.0.0.2';

/** Everything behind the browser, and all of it real: the built plugin, its process, the engine with known flows, a collector for live ones. */
export class Stack {
  /** The folder that Grafana would load. */
  readonly dist: string;
  readonly plugin: PluginProcess;
  readonly store: TestStore;
  readonly collector: TestCollector;
  readonly reader = READER;
  private readonly workspace: Workspace;
  private readonly sender = new Sender();
  private sequence = 0;

  private constructor(made: Pick<Stack, 'dist' | 'plugin' | 'store' | 'collector'>, workspace: Workspace) {
    this.dist = made.dist;
    this.plugin = made.plugin;
    this.store = made.store;
    this.collector = made.collector;
    this.workspace = workspace;
  }

  static async start(): Promise<Stack> {
    const workspace = new Workspace();
    const dist = mkdtempSync(join(tmpdir(), 'weir-dist-'));
    workspace.onDispose(() => rmSync(dist, { recursive: true, force: true }));
    try {
      const [, plugin, store, collector] = await Promise.all([
        promisify(execFile)(process.execPath, ['scripts/build.ts', '--frontend-only', '--out', dist], {
          cwd: ROOT,
        }),
        startPlugin(process.execPath, [join(ROOT, 'backend/src/main.ts')]),
        filledStore(),
        TestCollector.start(workspace, {
          config: `exporters: [{ address: ${EXPORTER}, name: live-edge }]\n`,
        }),
      ]);
      return new Stack({ dist, plugin, store, collector }, workspace);
    } catch (error) {
      await workspace.dispose();
      throw error;
    }
  }

  /** Sends one flow of TCP to port 443 to the collector, as a router would. */
  async sendFlow(source: string): Promise<void> {
    const payload = Buffer.from(
      netflow5(
        { sequence: this.sequence++, sampling: 0, exportMs: Date.now() },
        { source, destinationPort: 443, protocol: 6, bytes: 1500, packets: 3 },
      ),
    );
    await this.sender.send(this.collector.udpPort, { payload, address: EXPORTER, port: 40_000 });
  }

  async stop(): Promise<void> {
    await this.plugin.stop();
    await this.sender.close();
    await this.workspace.dispose();
    await this.store.close();
  }
}

async function filledStore(): Promise<TestStore> {
  const store = await openTestStore();
  await storeKnownFlows(store);
  return store;
}
