import { Command } from 'commander';
import { pino } from 'pino';
import { loadConfig } from '../config/index.ts';
import { processIo } from './io.ts';
import { configFor, withConfigOption } from './settings.ts';

const HELP = `
Listens for NetFlow v5, v9 and IPFIX and keeps the flows in ClickHouse: the embedded one, which it serves on
http://127.0.0.1:8123, unless CLICKHOUSE_URL names a server.

Signals:
  SIGHUP            reads exporters, their interfaces, tenants, networks and what is to be detected anew
  SIGTERM, Ctrl-C   stores what is there, then ends

Examples:
  All defaults: UDP on 0.0.0.0:2055, data in ./data
    weir collect

  As configured:
    weir collect --config /etc/weir/weir.yaml

  On another port, into a server:
    FLOW_COLLECTOR_BIND=0.0.0.0:9995 CLICKHOUSE_URL=https://clickhouse.example.net:8443 weir collect`;

/** `weir collect`: runs the collector until it is told to stop. */
export function collectCommand(): Command {
  return withConfigOption(new Command('collect'))
    .description('Receive flows and store them.')
    .addHelpText('after', HELP)
    .action(async (options: { config?: string }) => {
      // Nothing is left to do then: a handle that a library has kept must not hold the process.
      process.exit(await collect(options.config));
    });
}

async function collect(file: string | undefined): Promise<number> {
  const { config, warnings } = configFor(processIo, file);
  const log = pino({ level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  for (const { message } of warnings) log.warn(message);

  // Loaded here, not above: it brings the engine, which no other command needs.
  const { Pipeline } = await import('../pipeline.ts');
  const pipeline = new Pipeline(config, log);
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
      log.info('SIGHUP: exporters, tenants, networks and detection read anew');
    } else
      for (const { message } of again.problems) log.error(`SIGHUP: the old configuration stays. ${message}`);
  });

  try {
    const { flows, api, clickhouse } = await pipeline.start();
    log.info(`flows: udp ${flows.join(', ')}`);
    log.info(`health and metrics: http://${api}/`);
    if (clickhouse !== undefined) log.info(`ClickHouse: http://${clickhouse}/`);
  } catch (error) {
    process.stderr.write(`weir: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  return ended;
}
