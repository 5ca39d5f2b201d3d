import { createHash } from 'node:crypto';
import { PluginError } from '@weir/plugin-sdk';
import { z } from 'zod';

/** What a live stream follows. */
export type StreamSpec = FlowsSpec | RatesSpec;

export interface FlowsSpec {
  readonly kind: 'flows';
  readonly filter: string;
  /** Names of columns; empty for the collector's own choice. */
  readonly columns: readonly string[];
  /** Flows a message at most. */
  readonly limit: number;
}

export interface RatesSpec {
  readonly kind: 'rates';
  readonly filter: string;
  /** Names of fields. */
  readonly by: readonly string[];
  readonly limit: number;
  /** Milliseconds. */
  readonly every: number;
}

const name = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be names of fields');
const filter = z.string().max(10_000).default('');

const flows = z.object({
  filter,
  columns: z.array(name).max(60).default([]),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
const rates = z.object({
  filter,
  by: z.array(name).max(8).default([]),
  limit: z.coerce.number().int().min(1).max(200).default(20),
  every: z.coerce.number().int().min(250).max(60_000).default(1000),
});

/** `flows/<hash>`, `rates/<hash>`. What stands behind the slash is up to the subscriber: another query, another hash. */
const PATH = /^(flows|rates)\/[A-Za-z0-9_\-=.]{1,80}$/;

const KEPT = 500;

/**
 * What the streams' paths mean: said by the subscriber, or remembered from the query whose answer named the path.
 */
export class StreamSpecs {
  readonly #specs = new Map<string, StreamSpec>();

  /** The path of a stream, remembered. */
  remember(spec: StreamSpec): string {
    const path = `${spec.kind}/${createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 32)}`;
    this.#specs.delete(path);
    this.#specs.set(path, spec);
    if (this.#specs.size > KEPT) this.#specs.delete(this.#specs.keys().next().value!);
    return path;
  }

  /**
   * What a path means; undefined where nobody has said.
   *
   * @param data as the subscriber sent it
   * @throws {PluginError} for data that make no sense
   */
  read(path: string, data: unknown): StreamSpec | undefined {
    const kind = PATH.exec(path)?.[1];
    if (kind === undefined) return undefined;
    if (data === undefined || data === null) return this.#specs.get(path);
    const given = dropNulls(data);
    const result = kind === 'flows' ? flows.safeParse(given) : rates.safeParse(given);
    if (!result.success) {
      const [issue] = result.error.issues;
      throw new PluginError(
        `The stream’s ${issue?.path.join('.') || 'data'} ${issue?.message ?? 'make no sense'}.`,
        {
          status: 400,
          source: 'downstream',
        },
      );
    }
    return { kind, ...result.data } as StreamSpec;
  }
}

function dropNulls(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data;
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null));
}
