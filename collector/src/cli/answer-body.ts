import type { IncomingMessage } from 'node:http';
import { CommandFailure } from './failure.ts';

/** An exception that comes after the answer has begun stands in its last 16 KiB. */
const TAIL_BYTES = 17 * 1024;

/**
 * The content of an answer of ClickHouse's HTTP interface. An error that came too late for an HTTP status is taken out of its
 * end and thrown as a {@link CommandFailure}, and so is a connection that breaks off. Who stops reading stops the query.
 */
export async function* contentOf(response: IncomingMessage): AsyncGenerator<Buffer> {
  const tag = response.headers['x-clickhouse-exception-tag'];
  let held: Buffer = Buffer.alloc(0);
  let broken: unknown;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      held = Buffer.concat([held, chunk]);
      if (held.length <= TAIL_BYTES) continue;
      yield held.subarray(0, -TAIL_BYTES);
      held = held.subarray(-TAIL_BYTES);
    }
  } catch (error) {
    broken = error;
  }
  const { content, failure } = splitFailure(held, typeof tag === 'string' ? tag : undefined);
  if (content.length > 0) yield content;
  if (failure !== undefined) throw new CommandFailure(failure);
  if (broken !== undefined)
    throw new CommandFailure(
      `the connection broke off: ${broken instanceof Error ? broken.message : String(broken)}.`,
    );
}

/** The same, in lines. */
export async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of contentOf(response)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function splitFailure(
  tail: Buffer,
  tag: string | undefined,
): { content: Buffer; failure: string | undefined } {
  const text = tail.toString('latin1'); // an index in it is an index in the bytes
  const frame = tag === undefined ? -1 : text.lastIndexOf(`__exception__\r\n${tag}\r\n`);
  // Servers before 25.11 write the exception as it is.
  const at = frame >= 0 ? frame : text.search(/Code: \d+\. DB::Exception: [^]*\(version [^)]*\)\s*$/);
  if (at < 0) return { content: tail, failure: undefined };
  const said = tail.subarray(at).toString('utf8');
  return {
    content: tail.subarray(0, frame >= 0 ? at - 2 : at),
    failure: exceptionText(said.slice(said.indexOf('Code: '))),
  };
}

/** `Code: 62. DB::Exception: Syntax error: … (SYNTAX_ERROR) (version 26.7)` → `Syntax error: … (SYNTAX_ERROR)`. */
export function exceptionText(body: string): string {
  return body
    .trim()
    .replace(/^Code: \d+\. DB::Exception: /, '')
    .replace(/\s*\(version [^)]*\)[\s\S]*$/, '')
    .replace(/^DB::Exception: /, '')
    .replace(/\.? Expected one of:? [\s\S]{200,}?(?= \([A-Z_]+\)$|$)/, '') // half of SQL's grammar
    .trim();
}
