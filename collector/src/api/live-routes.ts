import websocket from '@fastify/websocket';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { LiveHub } from '../live/hub.ts';
import { readLiveRequest } from '../live/request.ts';
import { foreignPage } from './foreign-pages.ts';
import type { Tokens } from './tokens.ts';

/** Readers only listen: nothing that they send is looked at, and nothing large is taken. */
const MAX_INCOMING = 1024;
const PING_MS = 30_000;

/** `/ws/flows` and `/ws/rates`: see docs/reference/live.md. */
export function addLiveRoutes(server: FastifyInstance, hub: LiveHub, tokens: Tokens): void {
  const tenants = new WeakMap<FastifyRequest, string | undefined>();

  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const admission = tokens.admit(request.headers.authorization);
    if (!admission.ok)
      return reply.code(401).header('www-authenticate', 'Bearer').send({ error: admission.error });
    const foreign = tokens.needed ? undefined : foreignPage(request.headers);
    if (foreign !== undefined) return reply.code(403).send({ error: foreign });
    tenants.set(request, admission.tenant);
    return undefined;
  };

  void server.register(websocket, { options: { maxPayload: MAX_INCOMING, perMessageDeflate: false } });
  void server.register(async (scope) => {
    for (const kind of ['flows', 'rates'] as const)
      scope.route({
        method: 'GET',
        url: `/ws/${kind}`,
        onRequest: admit,
        handler: async (_request, reply) =>
          reply
            .code(426)
            .header('upgrade', 'websocket')
            .send({ error: `/ws/${kind} speaks WebSocket only.` }),
        wsHandler: (socket, request) => {
          const query = request.url.indexOf('?');
          const parameters = new URLSearchParams(query < 0 ? '' : request.url.slice(query + 1));
          const end = hub.open(socket, readLiveRequest(kind, parameters), tenants.get(request));
          const stopPinging = keepAlive(socket);
          socket.on('close', () => {
            stopPinging();
            end();
          });
          socket.on('error', () => socket.terminate());
        },
      });
  });
}

/** A reader that has gone without a word is found by its silence. */
function keepAlive(socket: WebSocket): () => void {
  let alive = true;
  socket.on('pong', () => (alive = true));
  const timer = setInterval(() => {
    if (!alive) {
      socket.terminate();
      return;
    }
    alive = false;
    socket.ping();
  }, PING_MS);
  return () => clearInterval(timer);
}
