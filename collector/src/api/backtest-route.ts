import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { detectors } from '../detect/detectors/index.ts';
import {
  type BacktestProgress,
  type BacktestRequest,
  type BacktestResult,
  ReplayProblem,
  type WindowReads,
  backtestInThread,
  checkRequest,
  replaySources,
} from '../detect/replay/index.ts';
import type { DetectionSettings } from '../detect/settings.ts';
import { foreignPage } from './foreign-pages.ts';
import type { Admission, Tokens } from './tokens.ts';

/** What replays need of the collector. */
export interface BacktestSource {
  readonly reads: WindowReads;
  /** The database that has the tables. */
  readonly database: string;
  /** The configuration's, as they hold now. */
  detection(): DetectionSettings & { readonly warmUpDays: number };
}

/** Replays at once: each keeps a core busy. */
const MOST_RUNNING = 2;
const MOST_MS = 10 * 60_000;
const MOST_SECONDS = 62 * 86_400;
const MOST_BODY = 64 << 10;
/** Progress is told as often as this. */
const TELL_MS = 250;
const DAY = 86_400;

const seconds = z
  .number()
  .min(0)
  .max(2 ** 32 - 1);
const name = z.string().max(256);
const Body = z.strictObject({
  /** Seconds since 1970. */
  from: seconds,
  to: seconds,
  detectors: z.array(name).max(100).optional(),
  set: z.array(z.string().max(256)).max(200).optional(),
  source: z.enum(replaySources).default('windows'),
  warm_up_seconds: z.number().min(0).optional(),
  tenant: name.optional(),
  filter: z.string().max(10_000).optional(),
  exclusions: z.boolean().default(true),
  compare: z.boolean().default(true),
});

/** `POST /backtest` and `GET /detectors`: see docs/reference/replay.md. */
export function addBacktestRoutes(
  server: FastifyInstance,
  source: BacktestSource,
  tokens: Tokens,
  now: () => number,
): void {
  let running = 0;

  server.get('/detectors', async (request, reply) => {
    const admission = admitted(tokens, request.headers, reply);
    if (!admission.ok) return reply;
    return {
      detectors: detectors.map(({ name, title, types, doc, parameters }) => ({
        name,
        title,
        types,
        doc,
        parameters,
      })),
    };
  });

  server.post('/backtest', { bodyLimit: MOST_BODY }, async (request, reply) => {
    const admission = admitted(tokens, request.headers, reply);
    if (!admission.ok) return reply;
    const asked = requestOf(request.body, source, admission.tenant, now());
    if ('error' in asked) return reply.code(asked.status).send({ error: asked.error });
    if (running >= MOST_RUNNING)
      return reply
        .code(429)
        .header('retry-after', '10')
        .send({ error: `${MOST_RUNNING} replays run already: try again when one has ended.` });
    running++;
    const gone = new AbortController();
    const leave = (): void => gone.abort(new Error('nobody waits for the replay any more'));
    reply.raw.on('close', leave);
    const work = {
      reads: source.reads,
      signal: AbortSignal.any([gone.signal, AbortSignal.timeout(MOST_MS)]),
    };
    try {
      if (/\bapplication\/x-ndjson\b/.test(request.headers.accept ?? ''))
        await tell(reply, (onProgress) => backtestInThread(asked, { ...work, onProgress }));
      else return await reply.send(answerOf(await backtestInThread(asked, work)));
    } catch (error) {
      const { status, text } = failureOf(error);
      return await reply.code(status).send({ error: text });
    } finally {
      running--;
      reply.raw.off('close', leave);
    }
    return reply;
  });
}

/** Who asks; where they may not, the answer is given. */
function admitted(
  tokens: Tokens,
  headers: Parameters<typeof foreignPage>[0],
  reply: FastifyReply,
): Admission {
  const admission = tokens.admit(headers.authorization);
  if (!admission.ok) {
    void reply.code(401).header('www-authenticate', 'Bearer').send({ error: admission.error });
    return admission;
  }
  const foreign = tokens.needed ? undefined : foreignPage(headers);
  if (foreign === undefined) return admission;
  void reply.code(403).send({ error: foreign });
  return { ok: false, error: foreign };
}

function requestOf(
  body: unknown,
  source: BacktestSource,
  tenant: string | undefined,
  nowMs: number,
): BacktestRequest | { readonly status: number; readonly error: string } {
  const parsed = Body.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return {
      status: 400,
      error: `${issue!.path.join('.') || 'The body'}: ${issue!.message}. It must be {"from": seconds, "to": seconds, "detectors"?, "set"?, …}: see docs/reference/replay.md.`,
    };
  }
  const { from, to, warm_up_seconds, ...rest } = parsed.data;
  if (tenant !== undefined && rest.tenant !== undefined && rest.tenant !== tenant)
    return { status: 403, error: `The token is for the tenant ${tenant} alone.` };
  if (to - from > MOST_SECONDS)
    return {
      status: 400,
      error: `The time is longer than ${MOST_SECONDS / DAY} days: ask for less at once.`,
    };
  const { warmUpDays, ...settings } = source.detection();
  const asked: BacktestRequest = {
    ...rest,
    database: source.database,
    from,
    // Windows of the last seconds still take flows.
    to: Math.min(to, Math.floor(nowMs / 1000) - settings.latenessSeconds - 20),
    settings,
    warmUpSeconds: warm_up_seconds ?? warmUpDays * DAY,
    tenant: tenant ?? rest.tenant,
  };
  try {
    checkRequest(asked);
  } catch (error) {
    if (error instanceof ReplayProblem) return { status: 400, error: error.sentence };
    throw error;
  }
  return asked;
}

/** Lines of JSON: progress, then the result or what went wrong. */
async function tell(
  reply: FastifyReply,
  work: (onProgress: (progress: BacktestProgress) => void) => Promise<BacktestResult>,
): Promise<void> {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  const line = (value: object): void => void reply.raw.write(`${JSON.stringify(value)}\n`);
  let told = -Infinity;
  try {
    const result = await work((progress) => {
      if (performance.now() - told < TELL_MS) return;
      told = performance.now();
      line({ progress });
    });
    line({ result: answerOf(result) });
  } catch (error) {
    line({ error: failureOf(error).text });
  }
  reply.raw.end();
}

function answerOf({
  from,
  to,
  learntFrom,
  windows,
  windowsLearnt,
  compared,
  notes,
  anomalies,
}: BacktestResult): object {
  return {
    from,
    to,
    learnt_from: learntFrom,
    windows,
    windows_learnt: windowsLearnt,
    compared,
    notes,
    anomalies: anomalies.map(({ status, row, live }) => ({
      ...row,
      ...(compared ? { status, live } : {}),
    })),
  };
}

function failureOf(error: unknown): { status: number; text: string } {
  if (error instanceof ReplayProblem) return { status: 400, text: error.sentence };
  if (error instanceof Error && error.name === 'TimeoutError')
    return {
      status: 503,
      text: `The replay took longer than ${MOST_MS / 60_000} minutes and was ended: ask for less time, fewer detectors, or use weir backtest.`,
    };
  return { status: 502, text: error instanceof Error ? error.message : String(error) };
}
