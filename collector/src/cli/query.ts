import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { text as allText } from 'node:stream/consumers';
import { Command, InvalidArgumentError, Option } from 'commander';
import { countOf } from '../ledger/words.ts';
import { contentOf, linesOf } from './answer-body.ts';
import { type ClickHouseTarget, ask, targetOf } from './clickhouse-http.ts';
import { CommandFailure } from './failure.ts';
import { type Io, processIo, write } from './io.ts';
import { painter } from './paint.ts';
import { type QueryResult, resultLines, tabSeparated } from './query-result.ts';
import { configFor, withConfigOption } from './settings.ts';

const FORMATS = { json: 'JSONEachRow', csv: 'CSVWithNames', tsv: 'TSVWithNames' } as const;

const EXAMPLES = `
Asks the server that CLICKHOUSE_URL names, else the ClickHouse in the collector that runs on this machine. Everything ClickHouse
understands may be asked; columns are listed in docs/reference/columns.md. Bytes and packets are stored as sent: multiply them by
greatest(sampling_rate, 1).

Examples:
  How many flows there are:
    weir query 'SELECT count() FROM network_flows'

  Who sent most in the last hour:
    weir query 'SELECT source_ip, formatReadableSize(sum(bytes_in * greatest(sampling_rate, 1))) AS sent
                FROM network_flows WHERE timestamp > now() - 3600 GROUP BY source_ip ORDER BY sum(bytes_in) DESC LIMIT 10'

  One host's flows, as CSV, the host given as a parameter:
    weir query --format csv --param host=192.0.2.7 \\
      'SELECT * FROM network_flows WHERE source_ip = {host:IPv6} LIMIT 1000' > flows.csv

  From a file, and from another program:
    weir query --file report.sql
    echo 'SELECT 1' | weir query`;

interface QueryOptions {
  readonly config?: string;
  readonly file?: string;
  readonly format: 'pretty' | keyof typeof FORMATS;
  readonly rows: number;
  readonly param?: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly user?: string;
  readonly database?: string;
}

/** `weir query`. */
export function queryCommand(io: Io = processIo): Command {
  return withConfigOption(new Command('query'))
    .description('Ask ClickHouse in SQL.')
    .argument('[sql]', 'the query; left out or -: read from standard input')
    .option('-f, --file <file>', 'read the query from a file')
    .addOption(
      new Option(
        '-o, --format <format>',
        'pretty for people, json (an object a line), csv or tsv for programs',
      )
        .choices(['pretty', ...Object.keys(FORMATS)])
        .default('pretty'),
    )
    .option('-n, --rows <n>', 'rows that pretty shows', wholeNumber, 1000)
    .option(
      '-p, --param <name=value>',
      'value of {name:Type} in the query; may be repeated',
      collectParameter,
    )
    .option('--url <url>', 'another ClickHouse, such as http://127.0.0.1:8123')
    .option('--user <name>', 'user; the password is taken from CLICKHOUSE_PASSWORD or the configuration')
    .option('-d, --database <name>', 'another database than the configured one')
    .addHelpText('after', EXAMPLES)
    .action(async (argument: string | undefined, options: QueryOptions) => {
      const sql = await sqlOf(io, argument, options.file);
      const target = targetOf(configFor(io, options.config).config, options);
      // A FORMAT in the query itself decides: its answer is passed on as it is.
      const own = /\bFORMAT\s+\w+\s*(?:SETTINGS\b[^;]*)?;?\s*$/i.test(sql);
      if (options.format === 'pretty' && !own) await showPretty(io, target, sql, options);
      else await passOn(io, target, sql, options);
    });
}

async function sqlOf(io: Io, argument: string | undefined, file: string | undefined): Promise<string> {
  if (argument !== undefined && argument !== '-' && file !== undefined)
    throw new CommandFailure('both a query and --file are given; leave out one of them.');
  let sql: string;
  if (file !== undefined)
    sql = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new CommandFailure(
        `--file ${file} cannot be read: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}.`,
      );
    });
  else if (argument !== undefined && argument !== '-') sql = argument;
  else if (io.stdin.isTTY === true && argument === undefined)
    throw new CommandFailure("no query. Give one, such as: weir query 'SELECT count() FROM network_flows'");
  else sql = await allText(io.stdin);
  if (sql.trim() === '') throw new CommandFailure('the query is empty.');
  return sql;
}

/** Streams ClickHouse's own format. */
async function passOn(io: Io, target: ClickHouseTarget, sql: string, options: QueryOptions): Promise<void> {
  const format = options.format === 'pretty' ? 'TSVWithNames' : FORMATS[options.format];
  const response = await ask(target, { sql, format, parameters: options.param ?? {} });
  let begun = false;
  try {
    for await (const chunk of contentOf(response)) {
      await write(io.stdout, chunk);
      begun = true;
    }
  } catch (error) {
    if (!begun || !(error instanceof CommandFailure)) throw error;
    throw new CommandFailure(`the answer is not complete: ${error.message}`);
  }
}

async function showPretty(
  io: Io,
  target: ClickHouseTarget,
  sql: string,
  options: QueryOptions,
): Promise<void> {
  const began = performance.now();
  const response = await ask(target, {
    sql,
    format: 'TabSeparatedWithNamesAndTypes',
    parameters: options.param ?? {},
  });
  const { result, more } = await readResult(response, options.rows);
  const seconds = ((performance.now() - began) / 1000).toFixed(2);
  if (result === undefined) {
    io.stderr.write(`Done, in ${seconds} s.\n`);
    return;
  }
  const paint = painter(io.stdout, io.env);
  // Into a file or a pipe nothing needs to be bent to a terminal's width.
  const width = io.stdout.isTTY === true ? Math.max(40, io.stdout.columns ?? 80) : 10_000;
  for (const line of resultLines(result, width, paint)) await write(io.stdout, `${line}\n`);
  const shown = countOf(result.rows.length, 'row');
  io.stderr.write(
    painter(io.stderr, io.env)(
      'dim',
      more ? `The first ${shown}; --rows shows more, --format csv all.` : `${shown} in ${seconds} s.`,
    ) + '\n',
  );
}

/** The first rows of an answer; undefined where there is none, as after CREATE or INSERT. */
async function readResult(
  response: IncomingMessage,
  most: number,
): Promise<{ result: QueryResult | undefined; more: boolean }> {
  const parsed: (string | null)[][] = [];
  let more = false;
  for await (const line of linesOf(response)) {
    if (parsed.length === most + 2) {
      more = true;
      break;
    }
    parsed.push(tabSeparated(line));
  }
  const [names, types, ...rows] = parsed;
  if (names === undefined || types === undefined) return { result: undefined, more };
  return { result: { names: names.map(String), types: types.map(String), rows }, more };
}

function collectParameter(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1)
    throw new InvalidArgumentError('Give name=value, such as host=192.0.2.7 for {host:IPv6} in the query.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new InvalidArgumentError('It must be a whole number, such as 1000.');
  return Number(text);
}
