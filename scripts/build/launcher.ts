import { chmodSync, closeSync, existsSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const systems: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin' };
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Puts a script where Grafana looks for the backend, that runs it from its sources: for development. Grafana gives its plugins no
 * PATH, so the paths are whole. An executable that is there already, as packaging makes them, stays. Returns what was done.
 */
export function writeLauncher(root: string, out: string): string {
  const system = systems[process.platform];
  const architecture = architectures[process.arch];
  if (system === undefined || architecture === undefined)
    return `no launcher for ${process.platform} on ${process.arch}: scripts/package makes an executable`;
  const path = join(out, `gpx_weir_${system}_${architecture}`);
  if (existsSync(path) && !isScript(path)) return `${path} is an executable already and stays`;
  const text = `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(join(root, 'backend/src/main.ts'))} "$@"\n`;
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  chmodSync(temporary, 0o755);
  renameSync(temporary, path);
  return `${path} runs backend/src/main.ts`;
}

function isScript(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(2);
    return readSync(file, head) === 2 && head.toString('latin1') === '#!';
  } finally {
    closeSync(file);
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
