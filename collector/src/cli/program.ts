import { Command } from 'commander';
import { simulateCommand } from '../simulate/index.ts';
import { VERSION } from '../version.ts';
import { backtestCommand } from './backtest.ts';
import { checkConfigCommand } from './check-config.ts';
import { exportersCommand } from './exporters.ts';
import { CommandFailure } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { painter } from './paint.ts';
import { queryCommand } from './query.ts';
import { topCommand } from './top.ts';

const HELP = `
Weir takes flow records (NetFlow v5, v9, IPFIX) from routers, switches, firewalls and hosts, keeps them in ClickHouse, and
answers who talks with whom, how much, and whether all that was sent has arrived.

In a first minute:
  weir collect                 start the collector; exporters send to UDP port 2055
  weir simulate                in another terminal, where there is no exporter yet
  weir top                     who talks most
  weir exporters               is anything wrong with an exporter
  weir query 'SELECT count() FROM network_flows'

Each command has examples: weir <command> --help. Settings: docs/weir.example.yaml, or weir check-config.`;

/** The command line; `collect` is handed in, as it brings the whole collector with it. */
export function createProgram(collect: () => Command, io: Io = processIo): Command {
  const program = new Command('weir')
    .description('Network-flow observability: flow records in, answers out.')
    .version(VERSION, '-V, --version', 'print the version')
    .addHelpText('after', HELP)
    .showSuggestionAfterError()
    .showHelpAfterError('(more with --help)');
  for (const command of [
    collect(),
    topCommand(io),
    exportersCommand(io),
    queryCommand(io),
    backtestCommand(io),
    simulateCommand(),
    checkConfigCommand(io),
  ])
    program.addCommand(command);
  return program;
}

/** Runs the command line. Resolves with the exit status: 1 where something has to be changed first. */
export async function runProgram(
  program: Command,
  argv: readonly string[],
  io: Io = processIo,
): Promise<number> {
  try {
    await program.parseAsync([...argv]);
    return 0;
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    io.stderr.write(`${painter(io.stderr, io.env)('red', 'error:')} ${error.message}\n`);
    return 1;
  }
}
