import { exception } from './exceptions.ts';

/** Queries under way by the ids that clients gave them, each with who asked: an id runs once at a time. */
export class RunningQueries {
  readonly #queries = new Map<string, { readonly user: string; readonly end: AbortController }>();

  /**
   * Takes up a query. The signal aborts when it is killed.
   *
   * @throws {DatabaseError} code 216 where the id runs already
   */
  begin(id: string, user: string): AbortSignal {
    if (this.#queries.has(id))
      throw exception('QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING', `Query with id = ${id} is already running`);
    const end = new AbortController();
    this.#queries.set(id, { user, end });
    return end.signal;
  }

  done(id: string): void {
    this.#queries.delete(id);
  }

  isOwn(id: string, user: string): boolean {
    return this.#queries.get(id)?.user === user;
  }

  /** Ends a query of this user's. False where there is none of that id, or it is somebody else's. */
  kill(id: string, user: string): boolean {
    const query = this.#queries.get(id);
    if (query === undefined || query.user !== user) return false;
    query.end.abort(exception('QUERY_WAS_CANCELLED', 'Query was cancelled'));
    return true;
  }
}

/** The id in `KILL QUERY WHERE query_id = '…'`, in this plain form alone; undefined for any other text. */
export function killedId(
  text: string,
): { readonly id: string; readonly test: boolean; readonly format: string | undefined } | undefined {
  const kill =
    /^\s*KILL\s+QUERY\s+WHERE\s+query_id\s*=\s*'([^'\\]*)'\s*(?:(SYNC|ASYNC|TEST)\b)?\s*(?:FORMAT\s+(\w+))?\s*;?\s*$/i.exec(
      text,
    );
  return kill === null ? undefined : { id: kill[1]!, test: /^TEST$/i.test(kill[2] ?? ''), format: kill[3] };
}
