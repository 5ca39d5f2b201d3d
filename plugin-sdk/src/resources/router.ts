import type { CallContext } from '../call-context.ts';
import { jsonResponse, type ResourceRequest, type ResourceResponse } from './resource.ts';

export interface ResourceRoute<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Segments joined by `/`; `:name` matches one segment: `values/:dimension`. */
  readonly path: string;
  /** Largest body taken, in bytes. Default 1 MiB. */
  readonly maxBodyBytes?: number;
  handle(
    instance: T,
    request: ResourceRequest,
    context: CallContext,
  ): Promise<ResourceResponse> | ResourceResponse;
}

const DEFAULT_MAX_BODY_BYTES = 1 << 20;

/**
 * A `callResource` handler of routes, the first match first. Unknown paths are answered 404, known ones with another
 * method 405, bodies over the limit 413, each with a JSON body `{error}`.
 */
export const createResourceRouter = <T>(
  routes: readonly ResourceRoute<T>[],
): ((instance: T, request: ResourceRequest, context: CallContext) => Promise<ResourceResponse>) => {
  const compiled = routes.map((route) => ({ route, segments: segmentsOf(route.path) }));
  return async (instance, request, context) => {
    const segments = segmentsOf(request.path);
    const allowed = new Set<string>();
    for (const { route, segments: pattern } of compiled) {
      const params = match(pattern, segments);
      if (params === undefined) continue;
      if (route.method !== request.method) {
        allowed.add(route.method);
        continue;
      }
      const limit = route.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
      if (request.body.byteLength > limit) {
        return jsonResponse(
          {
            error: `The body has ${request.body.byteLength} bytes; "${request.path}" takes at most ${limit}.`,
          },
          { status: 413 },
        );
      }
      return route.handle(instance, { ...request, params }, context);
    }
    if (allowed.size > 0) {
      const methods = [...allowed].join(', ');
      return jsonResponse(
        { error: `"${request.path}" does not take ${request.method}; it takes ${methods}.` },
        { status: 405, headers: { allow: methods } },
      );
    }
    return jsonResponse({ error: `There is no resource "${request.path}".` }, { status: 404 });
  };
};

const segmentsOf = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

const match = (
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined => {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const actual = segments[index]!;
    if (expected.startsWith(':')) {
      const decoded = decode(actual);
      if (decoded === undefined) return undefined;
      params[expected.slice(1)] = decoded;
    } else if (expected !== actual) return undefined;
  }
  return params;
};

const decode = (segment: string): string | undefined => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
};
