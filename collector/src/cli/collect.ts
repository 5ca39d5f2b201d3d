import { Command } from 'commander';
import { pino } from 'pino';
import { type ConfigProblem, loadConfig } from '../config/index.ts';
import { Pipeline } from '../pipeline.ts';

const HELP = `
The collector listens for NetFlow v5, v9 and IPFIX, keeps flows in ClickHouse and serves it on
http://127.0.0.1:8123 (the embedded engine) unless CLICKHOUSE_URL names a server.

  $ weir collect                                  all defaults: UDP on 0.0.0.0:2055, data in ./data
  $ weir collect --config /etc/weir/weir.yaml     as configured there
  $ FLOW_COLLECTOR_BIND=0.0.0.0:9995 weir collect on another port

Signals: SIGHUP reads names, tenants and sampling rates of exporters anew; SIGTERM and Ctrl-C store what is
there and end.
`;

/** `weir collect`: runs the collector until it is told to stop. */
export function collectCommand(): Command {
  return new Command('collect')
    .description('receive flows and store them')
    .option('--config <file>', 'configuration file (default: $WEIR_CONFIG, else ./weir.yaml where it exists)')
    .addHelpText('after', HELP)
    .action(async (options: { config?: string }) => {
      process.exitCode = await collect(options.config);
      // Nothing is left to do; a handle that some library has kept must not hold the process.
      process.exit();
    });
}

async function collect(file: string | undefined): Promise<number> {
  const loaded = loadConfig({ file, env: process.env });
  if (!loaded.ok) {
    for (const problem of loaded.problems) process.stderr.write(`${text(problem)}\n`);
    return 1;
  }
  const log = pino({ level: loaded.config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  for (const warning of loaded.warnings) log.warn(text(warning));

  const pipeline = new Pipeline(loaded.config, log);
  const ended = new Promise<number>((resolve) => {
    let stopping = false;
    const stop = (signal: string): void => {
      if (stopping) return;
      stopping = true;
      log.info(`${signal}: storing what is there, then ending`);
      pipeline.stop().then(
        () => resolve(0),
        (error: unknown) => {
          log.error(`The collector did not end cleanly: ${String(error)}`);
          resolve(1);
        },
      );
    };
    process.on('SIGINT', () => stop('SIGINT'));
    process.on('SIGTERM', () => stop('SIGTERM'));
    pipeline.onFatal = (error) => {
      log.fatal(`The collector cannot go on: ${error.stack ?? error.message}`);
      resolve(1);
    };
  });
  process.on('SIGHUP', () => {
    const again = loadConfig({ file, env: process.env });
    if (again.ok) {
      pipeline.reconfigure(again.config);
      log.info('SIGHUP: exporters and tenants read anew');
    } else
      for (const problem of again.problems)
        log.error(`SIGHUP: the old configuration stays. ${text(problem)}`);
  });

  try {
    const { flows, api, clickhouse } = await pipeline.start();
    log.info(`flows: udp ${flows.join(', ')}`);
    log.info(`health and metrics: http://${api}/`);
    if (clickhouse !== undefined) log.info(`ClickHouse: http://${clickhouse}/`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  return ended;
}

function text({ message }: ConfigProblem): string {
  return message;
}
