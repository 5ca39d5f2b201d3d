import type { Connection } from '../native.ts';
import { exception } from './exceptions.ts';
import type { User } from './users.ts';

/** What is kept between the requests of one session. */
export interface Session {
  /** Settings, temporary tables and the current database live in the connection. A reader has none: nothing of its is kept. */
  connection: Connection | undefined;
}

interface Entry {
  readonly session: Session;
  busy: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** More than this many sessions at once are somebody's mistake, and each holds a connection of the engine. */
const MAX_SESSIONS = 100;

/** Sessions by user and `session_id`; each user's are its own. */
export class Sessions {
  readonly #entries = new Map<string, Entry>();
  readonly #connect: () => Promise<Connection>;

  /** @param connect makes the connection of a new session */
  constructor(connect: () => Promise<Connection>) {
    this.#connect = connect;
  }

  /**
   * Runs a task with the session to itself, and keeps the session for a while after it.
   *
   * @throws {DatabaseError} code 372, 373 or 700
   */
  async use<T>(
    user: User,
    wanted: { id: string; timeoutSeconds: number; mustExist: boolean; closeAfter: boolean },
    task: (session: Session) => Promise<T>,
  ): Promise<T> {
    const key = JSON.stringify([user.name, wanted.id]);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (wanted.mustExist) throw exception('SESSION_NOT_FOUND', `Session ${wanted.id} not found`);
      if (this.#entries.size >= MAX_SESSIONS) {
        throw exception('USER_SESSION_LIMIT_EXCEEDED', `Too many sessions: ${MAX_SESSIONS} are open`);
      }
      entry = { session: { connection: undefined }, busy: false, timer: undefined };
      this.#entries.set(key, entry);
    }
    if (entry.busy)
      throw exception('SESSION_IS_LOCKED', `Session ${wanted.id} is locked by a concurrent client`);
    entry.busy = true;
    clearTimeout(entry.timer);
    try {
      if (!user.readonly) entry.session.connection ??= await this.#connect();
      return await task(entry.session);
    } finally {
      entry.busy = false;
      if (wanted.closeAfter) this.#end(key);
      else entry.timer = setTimeout(() => this.#end(key), wanted.timeoutSeconds * 1000).unref();
    }
  }

  closeAll(): void {
    for (const key of [...this.#entries.keys()]) this.#end(key);
  }

  #end(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    this.#entries.delete(key);
    entry.session.connection?.close();
  }
}
