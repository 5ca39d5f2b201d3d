import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboards } from './all.ts';

/* Writes dashboards/<name>.json; with --check, says which of them are not what the sources say. */

export function fileOf(name: string): string {
  return join(import.meta.dirname, '..', `${name}.json`);
}

/** Pretty, with keys in the order of the code: the same every time. */
export function jsonOf(name: string): string {
  return `${JSON.stringify(dashboards[name], null, 2)}\n`;
}

/** Names of the dashboards whose files are missing or not up to date. */
export function outdated(): string[] {
  return Object.keys(dashboards).filter(
    (name) => !existsSync(fileOf(name)) || readFileSync(fileOf(name), 'utf8') !== jsonOf(name),
  );
}

if (import.meta.main) {
  if (!process.argv.includes('--check'))
    for (const name of Object.keys(dashboards)) writeFileSync(fileOf(name), jsonOf(name));
  else {
    const late = outdated();
    if (late.length > 0) {
      console.error(
        `${late.map((name) => `dashboards/${name}.json`).join(', ')}: not what dashboards/src says. Run \`npm run dashboards\`.`,
      );
      process.exit(1);
    }
  }
}
