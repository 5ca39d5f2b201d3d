import { type Check, failed, ok, warning } from '../health/checks.ts';
import type { DataSource } from '../instances/data-source.ts';
import { followCollector } from './collector-socket.ts';

const WAIT_MS = 5000;

/** Whether the collector's live interface answers and takes the token: asked by opening a stream and closing it at its first word. */
export async function checkCollector({ settings, secrets }: DataSource, signal: AbortSignal): Promise<Check> {
  if (settings.collectorUrl === '')
    return ok('collector', 'No collector URL is set, so that there is no live tail.');
  const done = new AbortController();
  let heard = false;
  const end = await followCollector(
    { url: settings.collectorUrl, token: secrets.collectorToken },
    { kind: 'flows', filter: '', columns: [], limit: 1 },
    AbortSignal.any([signal, done.signal, AbortSignal.timeout(WAIT_MS)]),
    (message) => {
      heard ||= message.type === 'schema';
      done.abort();
    },
  );
  if (heard) return ok('collector', 'The collector answers and takes the token: there are live tails.');
  return end.refused
    ? failed('collector', end.text)
    : warning('collector', `${end.text} There are no live tails; all else works.`);
}
