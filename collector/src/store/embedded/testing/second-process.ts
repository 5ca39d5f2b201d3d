import { pino } from 'pino';
import { openEmbeddedEngine } from '../index.ts';

/** Opens the directory given, and says how that went: what a second collector on one directory would see. */
try {
  await openEmbeddedEngine({
    dataDir: process.argv[2]!,
    database: 'dev',
    logger: pino({ level: 'silent' }),
  });
  process.stdout.write('opened\n');
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
}
process.exit();
