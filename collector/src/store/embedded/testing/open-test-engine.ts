import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openEmbeddedEngine } from '../index.ts';
import type { EmbeddedEngine, EngineOptions, HttpOptions } from '../index.ts';

export interface TestEngine {
  readonly engine: EmbeddedEngine;
  readonly dataDir: string;
  /** `http://127.0.0.1:…` */
  readonly url: string;
  /** Closes the engine and removes its data. */
  close(): Promise<void>;
}

/**
 * The real engine on a directory of its own, for tests. jest hands the addon's buffers over from another realm, which
 * nothing here minds; and since a process can have one engine only, each test file closes its own.
 */
export async function openTestEngine(
  options: Partial<EngineOptions> = {},
  http: HttpOptions = {},
): Promise<TestEngine> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'weir-test-')));
  const engine = await openEmbeddedEngine({
    database: 'dev',
    readers: 2,
    logger: pino({ level: 'silent' }),
    ...options,
    dataDir,
  });
  const { host, port } = await engine.serveHttp({ port: 0, ...http });
  return {
    engine,
    dataDir,
    url: `http://${host}:${port}`,
    close: async () => {
      await engine.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
