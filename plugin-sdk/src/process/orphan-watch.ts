const DEFAULT_POLL_MS = 2_000;

/**
 * Calls `onOrphaned` once when the process that started us has gone: a Grafana that is killed outright takes no plugin
 * with it. `PLUGIN_PARENT_POLL_MS` sets the time between looks.
 */
export const watchParent = (
  env: Readonly<Record<string, string | undefined>>,
  onOrphaned: () => void,
): (() => void) => {
  const parent = process.ppid;
  const timer = setInterval(
    () => {
      if (process.ppid === parent && isAlive(parent)) return;
      clearInterval(timer);
      onOrphaned();
    },
    Number(env['PLUGIN_PARENT_POLL_MS']) || DEFAULT_POLL_MS,
  );
  timer.unref();
  return () => clearInterval(timer);
};

/** Windows keeps the number of a parent that has gone, so ask. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
