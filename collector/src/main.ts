/** The program `weir`. */
// First: libuv makes its pool of threads when it is first used, and the engine needs more than the usual four.
import './store/embedded/thread-pool.ts';
import { collectCommand } from './cli/collect.ts';
import { createProgram, runProgram } from './cli/program.ts';

// A reader that has seen enough (`weir query … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runProgram(createProgram(collectCommand), process.argv);
