import { Command } from 'commander';
import type { ExporterReport } from '../ledger/report.ts';
import type { Severity, Verdict } from '../ledger/verdict.ts';
import { countText, percentText, spanText } from '../ledger/words.ts';
import { CommandFailure } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { type Paint, type Style, painter } from './paint.ts';
import { configFor, localUrl, withConfigOption } from './settings.ts';
import { tableLines } from './table.ts';
import { printable, wrapped } from './text-width.ts';

/** What the collector's /exporters answers. */
interface ExportersAnswer {
  readonly timeMs: number;
  readonly exporters: readonly (ExporterReport & { readonly verdicts: readonly Verdict[] })[];
}

const EXAMPLES = `
Examples:
  Each exporter, and what to know about it; those with problems first:
    weir exporters

  Only those with which something is wrong:
    weir exporters --trouble

  For programs: the whole ledger of each, with templates, samplers and elements sent in vain:
    weir exporters --json | jq '.exporters[] | {address, lost: .ledger.recordsLost}'

Where the collector has http.tokens, WEIR_HTTP_TOKEN in the environment is the token.`;

/** `weir exporters`. */
export function exportersCommand(io: Io = processIo): Command {
  return withConfigOption(new Command('exporters'))
    .description('Show the state of each exporter, and what is wrong with it in words.')
    .option('--trouble', 'only exporters with warnings or problems')
    .option('--json', 'print the collector’s answer as it is')
    .option('--url <url>', 'another collector, such as http://127.0.0.1:9055')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { config?: string; trouble?: boolean; json?: boolean; url?: string }) => {
      const url = options.url ?? localUrl(configFor(io, options.config).config.http.bind);
      const answer = await fetchExporters(url, io.env['WEIR_HTTP_TOKEN']);
      if (options.json === true) {
        io.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
        return;
      }
      const shown =
        options.trouble === true
          ? { ...answer, exporters: answer.exporters.filter((e) => severityOf(e.verdicts) !== 'ok') }
          : answer;
      const width = io.stdout.isTTY === true ? Math.max(60, io.stdout.columns ?? 80) : 120;
      for (const line of exporterLines(shown, width, painter(io.stdout, io.env)))
        io.stdout.write(`${line}\n`);
      if (shown.exporters.length === 0)
        io.stdout.write(
          answer.exporters.length > 0
            ? `All is well with ${answer.exporters.length} exporters.\n`
            : 'No exporter has sent anything yet. Point one at this machine, or try: weir simulate\n',
        );
    });
}

async function fetchExporters(url: string, token: string | undefined): Promise<ExportersAnswer> {
  let response: Response;
  try {
    response = await fetch(new URL('/exporters', url), {
      headers: token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` },
    });
  } catch (error) {
    const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code;
    throw new CommandFailure(
      code === 'ECONNREFUSED'
        ? `no collector answers at ${url}. Start one with: weir collect. If it listens elsewhere, set WEIR_HTTP_BIND or --url.`
        : `${url} cannot be asked: ${code ?? String(error)}. Correct WEIR_HTTP_BIND or --url.`,
    );
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.status === 401)
    throw new CommandFailure(
      `${url} asks for a token (http.tokens in its configuration) and was given ${token === undefined || token === '' ? 'none' : 'another'}: put it into the environment as WEIR_HTTP_TOKEN.`,
    );
  if (!response.ok || !isAnswer(body))
    throw new CommandFailure(`${url} is no collector’s address: it answers with HTTP ${response.status}.`);
  return body;
}

function isAnswer(body: unknown): body is ExportersAnswer {
  return typeof body === 'object' && body !== null && 'exporters' in body && Array.isArray(body.exporters);
}

const ORDER: readonly Severity[] = ['problem', 'warning', 'ok'];
const STYLES: Readonly<Record<Severity, Style>> = { problem: 'red', warning: 'yellow', ok: 'green' };
const VERSIONS: Readonly<Record<number, string>> = { 5: 'v5', 9: 'v9', 10: 'IPFIX' };

function severityOf(verdicts: readonly Verdict[]): Severity {
  return ORDER.find((severity) => verdicts.some((v) => v.severity === severity)) ?? 'ok';
}

/** One row of numbers for each exporter, and under it what is to be said about it. */
export function exporterLines({ exporters, timeMs }: ExportersAnswer, width: number, paint: Paint): string[] {
  if (exporters.length === 0) return [];
  const sorted = [...exporters].sort(
    (a, b) =>
      ORDER.indexOf(severityOf(a.verdicts)) - ORDER.indexOf(severityOf(b.verdicts)) ||
      b.ledger.flows - a.ledger.flows,
  );
  const severities = sorted.map(({ verdicts }) => severityOf(verdicts));
  const rows = sorted.map((exporter, r) => [severities[r]!, ...cells(exporter, timeMs)]);
  const table =
    tableLines(
      [
        { title: 'STATE' },
        { title: 'EXPORTER' },
        { title: 'PROTOCOL' },
        { title: 'FLOWS', align: 'right' },
        { title: 'LOST', align: 'right' },
        { title: 'SAMPLING', align: 'right' },
        { title: 'LAST', align: 'right' },
      ],
      rows,
      { width, paint, style: (cell, r, c) => (c === 0 ? paint(STYLES[severities[r]!], cell) : cell) },
    ) ?? rows.map((row) => row.join('  '));
  const header = table.length > rows.length ? [table[0]!] : [];
  const lines = table.slice(header.length);
  return [
    ...header,
    ...sorted.flatMap((exporter, r) => [lines[r]!, ...verdictLines(exporter.verdicts, width, paint)]),
  ];
}

function cells(
  { name, address, versions, ledger, samplingRate, lastSeenMs }: ExporterReport,
  nowMs: number,
): string[] {
  const lost = Object.values(ledger.recordsLost).reduce((sum, count) => sum + Math.max(0, count), 0);
  return [
    printable(name === address ? address : `${name} (${address})`),
    versions.map((version) => VERSIONS[version] ?? String(version)).join(', ') || '-',
    countText(ledger.flows),
    lost === 0 ? '0 %' : percentText(lost / Math.max(1, ledger.recordsAnnounced)),
    samplingRate === 0 ? 'unknown' : samplingRate === 1 ? 'none' : `1 in ${countText(samplingRate)}`,
    `${spanText(nowMs - lastSeenMs)} ago`,
  ];
}

const INDENT = '         ';

function verdictLines(verdicts: readonly Verdict[], width: number, paint: Paint): string[] {
  return verdicts.flatMap(({ severity, text }) =>
    wrapped(printable(text), Math.min(width, 140) - INDENT.length).map(
      (line) => INDENT + (severity === 'ok' ? paint('dim', line) : paint(STYLES[severity], line)),
    ),
  );
}
