import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClosedWindow } from '@weir/core/windows';
import type { TestEngine } from '../../../store/embedded/testing/open-test-engine.ts';
import { encodeWindow } from '../../windows/index.ts';

/** Stores windows in `dev.windows_10s` as a collector does. */
export async function storeWindows(
  { engine, dataDir }: TestEngine,
  windows: readonly ClosedWindow[],
  collector = 'collector-1',
): Promise<void> {
  const file = join(dataDir, 'windows.native');
  await writeFile(file, Buffer.concat(windows.map((window) => encodeWindow(window, collector))));
  await engine.database().command(`INSERT INTO dev.windows_10s FROM INFILE '${file}' FORMAT Native`);
}
