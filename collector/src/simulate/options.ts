import type { ExportProtocol } from './encoder.ts';
import { NETFLOW5_MAX_SAMPLING } from './encode-netflow5.ts';

/** What a simulation does. Everything but the target has a sensible default: see {@link DEFAULTS}. */
export interface SimulationOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** protocols of the exporters, in turn */
  readonly protocols: readonly ExportProtocol[];
  readonly exporters: number;
  /** flow records a second, all exporters together */
  readonly rate: number;
  /** stop after so many flows; null = no limit. In replay: at the end of the datagram that reaches it */
  readonly flows: number | null;
  /** stop after so long; null = no limit */
  readonly durationMs: number | null;
  /** time between sends; null = chosen by the rate */
  readonly intervalMs: number | null;
  /** templates and one datagram of flows from each exporter, then end */
  readonly single: boolean;
  readonly seed: number;
  /** rates of the exporters, in turn: 1 packet of this many is metered */
  readonly samplingRates: readonly number[];
  /** simulated time of the beginning, milliseconds since 1970; null = now */
  readonly startMs: number | null;
  /** simulated seconds in a real one */
  readonly speed: number;
  /** let the rate of each exporter follow day and week at its site; `rate` is then the mean of a week */
  readonly diurnal: boolean;
  /** by how much the clock of the last exporter is ahead */
  readonly skewMs: number;
  /** share of flow datagrams lost on purpose, 0 to 1 */
  readonly dropFraction: number;
  /** `live` invents every flow; `replay` sends a ring of datagrams again and again, for benchmarks */
  readonly mode: 'live' | 'replay';
  /** datagrams in the rings of all exporters together */
  readonly ringDatagrams: number;
  /** largest UDP payload in bytes */
  readonly maxPayload: number;
  /** templates and options are sent again after so many datagrams of an exporter, and every 30 s */
  readonly templateRefresh: number;
  /** share of conversations over IPv6 */
  readonly ipv6Share: number;
  /** IPFIX exporters report biflows (RFC 5103) */
  readonly biflow: boolean;
  /** a host on the Internet scans the first exporter's site now and then */
  readonly scan: boolean;
  /** file for the truth, JSON; null = none */
  readonly truthFile: string | null;
  /** file for every flow sent, NDJSON; null = none; not in replay */
  readonly truthFlowsFile: string | null;
  /** is told what a user should know, once each */
  readonly onNotice: (text: string) => void;
}

/** A pleasant steady demonstration: three exporters, one for each protocol. */
export const DEFAULTS: SimulationOptions = {
  target: { host: '127.0.0.1', port: 2055 },
  protocols: ['v9', 'ipfix', 'v5'],
  exporters: 3,
  rate: 2000,
  flows: null,
  durationMs: null,
  intervalMs: null,
  single: false,
  seed: 1,
  samplingRates: [1],
  startMs: null,
  speed: 1,
  diurnal: false,
  skewMs: 0,
  dropFraction: 0,
  mode: 'live',
  ringDatagrams: 4096,
  maxPayload: 1400,
  templateRefresh: 500,
  ipv6Share: 0.25,
  biflow: false,
  scan: false,
  truthFile: null,
  truthFlowsFile: null,
  onNotice: () => undefined,
};

/** The smallest payload that holds every template and any one record. */
export const MIN_PAYLOAD = 512;
export const MAX_PAYLOAD = 65_507;
export const MAX_EXPORTERS = 10_000;

/** An option that makes no sense, by its name on the command line. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** Throws an {@link OptionError} for the first option, or two together, that make no sense. */
export function checkOptions(options: SimulationOptions): void {
  const whole = (name: string, value: number, least: number, most: number): void => {
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new OptionError(`${name} is ${value}; it must be a whole number from ${least} to ${most}.`);
    }
  };
  const share = (name: string, value: number): void => {
    if (!(value >= 0 && value <= 1))
      throw new OptionError(`${name} is ${value}; it must be a fraction from 0 to 1.`);
  };
  const positive = (name: string, value: number, unit: string): void => {
    if (!(value > 0 && Number.isFinite(value))) {
      throw new OptionError(`${name} is ${value}; it must be more than 0 ${unit}.`);
    }
  };
  whole('--target port', options.target.port, 1, 65_535);
  whole('--exporters', options.exporters, 1, MAX_EXPORTERS);
  positive('--rate', options.rate, 'flows a second');
  if (options.flows !== null) whole('--flows', options.flows, 1, Number.MAX_SAFE_INTEGER);
  if (options.flows !== null && options.flows < options.exporters) {
    throw new OptionError(
      `--flows ${options.flows} is less than --exporters ${options.exporters}; give each exporter one.`,
    );
  }
  if (options.durationMs !== null) positive('--duration', options.durationMs, 'seconds');
  if (options.intervalMs !== null) positive('--interval', options.intervalMs, 'milliseconds');
  positive('--speed', options.speed, 'simulated seconds a second');
  share('--drop-fraction', options.dropFraction);
  share('--ipv6', options.ipv6Share);
  whole('--payload', options.maxPayload, MIN_PAYLOAD, MAX_PAYLOAD);
  whole('--template-refresh', options.templateRefresh, 1, 1e9);
  whole('--ring', options.ringDatagrams, 1, 1e6);
  if (options.protocols.length === 0)
    throw new OptionError('--protocol is empty; name v5, v9, ipfix or mix.');
  if (options.samplingRates.length === 0)
    throw new OptionError('--sampling is empty; give a rate such as 1000.');
  for (let n = 0; n < options.exporters; n++) {
    const rate = options.samplingRates[n % options.samplingRates.length]!;
    whole('--sampling', rate, 1, 10_000_000);
    if (options.protocols[n % options.protocols.length] === 'v5' && rate > NETFLOW5_MAX_SAMPLING) {
      throw new OptionError(
        `--sampling ${rate} does not fit into the 14 bits of NetFlow v5; use at most ${NETFLOW5_MAX_SAMPLING}, or --protocol v9.`,
      );
    }
  }
  if (options.mode === 'replay' && options.truthFlowsFile !== null) {
    throw new OptionError(
      '--truth-flows cannot be used with --replay, whose flows are sent many times; use --truth, or leave out --replay.',
    );
  }
  if (options.mode === 'replay' && options.single) {
    throw new OptionError('--single cannot be used with --replay; leave out one of them.');
  }
}
