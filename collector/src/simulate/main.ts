/** Runs `weir simulate` alone, as a process of its own: `node collector/src/simulate/main.ts --help`. */
import { simulateCommand } from './command.ts';

await simulateCommand().name('weir simulate').parseAsync();
