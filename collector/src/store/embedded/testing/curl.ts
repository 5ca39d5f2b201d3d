import { spawn } from 'node:child_process';

/** What curl says. */
export interface CurlAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly text: string;
  /** curl's own exit code: 18 for a body that was broken off, 0 for all well. */
  readonly exitCode: number;
}

/** Runs the real curl. */
export async function curl(args: readonly string[], input?: Buffer | string): Promise<CurlAnswer> {
  const child = spawn('curl', ['-sS', '-i', '-m', '20', ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.on('error', () => undefined); // curl may end before it has read all
  child.stdin.end(input);
  const exitCode = await new Promise<number>((done) => child.once('close', (code) => done(code ?? -1)));
  let body = Buffer.concat(chunks);
  let head: string[] = [];
  // Before the answer itself there may be a `100 Continue`.
  while (body.subarray(0, 5).toString() === 'HTTP/' && !/ [2-5]\d\d/.test(head[0] ?? '')) {
    const end = body.indexOf('\r\n\r\n');
    head = body.toString('latin1', 0, end).split('\r\n');
    body = body.subarray(end + 4);
  }
  const headers: Record<string, string> = {};
  for (const line of head.slice(1)) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(head[0]?.split(' ')[1] ?? 0), headers, body, text: body.toString(), exitCode };
}
