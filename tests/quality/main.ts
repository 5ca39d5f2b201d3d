/**
 * `npm run quality [-- lab] [simulated] [-- options of theirs]`: labelled traffic, detectors at their defaults, and what came of it,
 * in docs/detection-quality.md. Each kind of traffic is a folder here with a `main.ts` that exports `run`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Returns the process's exit code: 0 where all ran (whatever the detectors' marks), 1 where something could not be done. */
export type RunPart = (options: readonly string[]) => Promise<number>;

const PARTS = ['lab', 'simulated'];

async function main(args: readonly string[]): Promise<number> {
  const asked = args.filter((a) => PARTS.includes(a));
  const options = args.filter((a) => !PARTS.includes(a) && a !== '--');
  const here = PARTS.filter((part) => existsSync(fileOf(part)));
  let failed = 0;
  for (const part of asked.length > 0 ? asked : here) {
    if (!here.includes(part)) {
      console.error(`there is no ${part}; there are ${here.join(', ')}`);
      return 2;
    }
    console.log(`\n== ${part} ==`);
    const { run } = (await import(fileOf(part))) as { run: RunPart };
    failed ||= await run(options);
  }
  return failed;
}

function fileOf(part: string): string {
  return join(import.meta.dirname, part, 'main.ts');
}

process.exitCode = await main(process.argv.slice(2));
