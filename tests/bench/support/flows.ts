import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { FlowBatch, at, encodeNative, liveColumns } from '@weir/core';
import { Exporters, NetflowDecoder } from '../../../collector/src/inputs/netflow/index.ts';
import { SimulatedExporter } from '../../../collector/src/simulate/exporter.ts';
import { AUTONOMOUS_SYSTEMS } from '../../../collector/src/simulate/internet.ts';
import { buildNetwork } from '../../../collector/src/simulate/network.ts';
import type { ExportProtocol } from '../../../collector/src/simulate/encoder.ts';

/** What is simulated. */
export interface DatasetOptions {
  readonly rows: number;
  readonly minutes: number;
  readonly exporters: number;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly rowsPerFile: number;
}

export interface Dataset {
  readonly files: readonly string[];
  readonly rows: number;
  readonly rowsOfFirstFile: number;
  /** Columns that some block carries. */
  readonly columns: readonly string[];
}

const PROTOCOLS: readonly ExportProtocol[] = ['v9', 'ipfix', 'v9', 'ipfix', 'v5'];
const SAMPLING = [1, 1, 100, 1000];
const STEP_MS = 250;
const BATCH_ROWS = 32_768;
const COUNTRIES = [
  'US',
  'US',
  'US',
  'IE',
  'IE',
  'NL',
  'DE',
  'US',
  'DE',
  'FR',
  'DE',
  'US',
  'CN',
  'US',
  'SG',
  'CZ',
];
const SITE_COUNTRIES = ['DE', 'PT', 'US', 'SG'];

/** Country and network name of an address by its AS number: what a GeoIP database and a list of networks would say. */
const places = new Map<number, { readonly country: string; readonly network: string }>([
  ...AUTONOMOUS_SYSTEMS.map(
    ({ number, label }, i) => [number, { country: COUNTRIES[i]!, network: label }] as const,
  ),
  ...SITE_COUNTRIES.map((country, s) => [64512 + s, { country, network: `site-${s + 1}` }] as const),
  [23456, { country: 'US', network: 'compute' }],
]);

/**
 * An hour or so of several simulated routers, decoded by the collector's own decoder at the simulated time of receipt, with
 * countries and network names, as files of Native blocks.
 */
export async function writeDataset(directory: string, options: DatasetOptions): Promise<Dataset> {
  const network = buildNetwork(7);
  const exporters = Array.from(
    { length: options.exporters },
    (_, number) =>
      new SimulatedExporter({
        network,
        seed: 7,
        number,
        protocol: PROTOCOLS[number % PROTOCOLS.length]!,
        domain: number + 1,
        samplingRate: SAMPLING[number % SAMPLING.length]!,
        maxPayload: 1400,
        templateRefresh: 500,
        skewMs: number === 3 ? 1700 : 0,
        dropFraction: 0,
        ipv6Share: 0.25,
        biflow: false,
        traceTimes: false,
        startMs: options.startMs,
      }),
  );
  const known = new Exporters(
    (address) => ({
      name: exporters[Number(address.split('.')[3]) - 11]?.name ?? address,
      tenantId: 'default',
    }),
    100,
  );
  const decoder = new NetflowDecoder();
  const batch = new FlowBatch(65_536);
  const files: string[] = [];
  let stream: ReturnType<typeof createWriteStream> | undefined;
  let inFile = 0;
  let rows = 0;
  let rowsOfFirstFile = 0;
  const columns = new Set<string>();

  const closeFile = async (): Promise<void> => {
    if (stream === undefined) return;
    stream.end();
    await once(stream, 'finish');
    stream = undefined;
    if (files.length === 1) rowsOfFirstFile = inFile;
    inFile = 0;
  };
  const seal = async (): Promise<void> => {
    if (batch.rows === 0) return;
    addPlaces(batch);
    for (const name of liveColumns(batch)) columns.add(name);
    const block = encodeNative(batch);
    if (stream === undefined) {
      const file = join(directory, `flows-${files.length}.native`);
      files.push(file);
      stream = createWriteStream(file);
    }
    if (!stream.write(block)) await once(stream, 'drain');
    inFile += batch.rows;
    rows += batch.rows;
    batch.reset();
    if (inFile >= options.rowsPerFile) await closeFile();
  };

  const steps = (options.minutes * 60_000) / STEP_MS;
  const perStep = options.rows / options.exporters / steps;
  for (let step = 1; step <= steps; step++) {
    for (const exporter of exporters) {
      const { number } = exporter.options;
      const trueMs = options.startMs + step * STEP_MS;
      const count = Math.floor(perStep * step + number / 10) - Math.floor(perStep * (step - 1) + number / 10);
      const receivedMs = trueMs + 1 + number / 4;
      const from = known.at(`192.0.2.${11 + number}`, receivedMs)!;
      exporter.produce(
        count,
        trueMs,
        ({ datagram }) => {
          decoder.decode(datagram.payload, from, 50_000, receivedMs, { reserve: () => batch });
        },
        step % 4 === 0,
      );
    }
    if (batch.rows >= BATCH_ROWS) await seal();
  }
  await seal();
  await closeFile();
  return { files, rows, rowsOfFirstFile, columns: [...columns] };
}

function addPlaces(batch: FlowBatch): void {
  for (const [as, country, network] of [
    [at.source_as, at.source_country, at.source_network],
    [at.destination_as, at.destination_country, at.destination_network],
  ] as const) {
    const numbers = batch.u32(as);
    const countries = batch.u32(country);
    const networks = batch.u32(network);
    const ids = new Map<number, readonly [number, number]>();
    for (let r = 0; r < batch.rows; r++) {
      let pair = ids.get(numbers[r]!);
      if (pair === undefined) {
        const place = places.get(numbers[r]!) ?? { country: '', network: '' };
        pair = [
          batch.dictionary(country).internText(place.country),
          batch.dictionary(network).internText(place.network),
        ];
        ids.set(numbers[r]!, pair);
      }
      countries[r] = pair[0];
      networks[r] = pair[1];
    }
  }
}
