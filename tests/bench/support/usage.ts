import { readFileSync } from 'node:fs';

/** What a process has used so far. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Most memory that was ever resident (VmHWM). */
  readonly peakBytes: number;
}

/** Kernel ticks a second, as `/proc/<pid>/stat` counts: 100 on every Linux that is not built by hand. */
const TICKS = 100;

/** CPU seconds, all threads, user and system, and peak memory of a process; `undefined` where it has ended. */
export function usageOf(pid: number | 'self'): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return { cpuSeconds, peakBytes: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024 };
  } catch {
    return undefined;
  }
}

/** CPU seconds of this process, all threads, to the microsecond. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** What one run of `work` took: on the clock, and of the CPU. */
export async function timed(
  work: () => unknown,
): Promise<{ readonly seconds: number; readonly cpu: number }> {
  const cpuBefore = cpuSeconds();
  const before = performance.now();
  await work();
  return { seconds: (performance.now() - before) / 1000, cpu: cpuSeconds() - cpuBefore };
}

/** The run that took least CPU: others use the machine at the same time, and can only make it more. */
export async function best(
  runs: number,
  work: () => unknown,
): Promise<{ readonly seconds: number; readonly cpu: number }> {
  let least = await timed(work);
  for (let n = 1; n < runs; n++) {
    const next = await timed(work);
    if (next.cpu < least.cpu) least = next;
  }
  return least;
}

/** The same of a process and all that it has started. */
export function usageOfTree(pid: number): Usage {
  const own = usageOf(pid) ?? { cpuSeconds: 0, peakBytes: 0 };
  let { cpuSeconds, peakBytes } = own;
  for (const child of childrenOf(pid)) {
    const usage = usageOfTree(child);
    cpuSeconds += usage.cpuSeconds;
    peakBytes += usage.peakBytes;
  }
  return { cpuSeconds, peakBytes };
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
