import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { exception } from './exceptions.ts';
import { header } from './request.ts';

/** A user of the embedded ClickHouse's HTTP interface. */
export interface User {
  readonly name: string;
  readonly password?: string;
  /** SHA-256 of the password, in hexadecimal, in place of the password. */
  readonly passwordSha256?: string;
  /** Whether the user may read only. */
  readonly readonly: boolean;
  /** Sees this tenant's rows alone; only for users who may read only. */
  readonly tenant?: string | undefined;
}

/** The user there is where the configuration names none: ClickHouse's own `default`, without a password. */
export const DEFAULT_USERS: readonly User[] = [{ name: 'default', readonly: false }];

/** Users and their passwords, compared in constant time. */
export class Users {
  readonly #users: ReadonlyMap<string, { user: User; digest: Buffer }>;
  /** What an unknown user's password is compared with, so that it takes as long as a known one's. */
  readonly #nobody = Buffer.alloc(32);

  /** @throws Error for a list that makes no sense, naming the entry */
  constructor(users: readonly User[]) {
    const known = new Map<string, { user: User; digest: Buffer }>();
    for (const user of users) {
      if (user.name === '') throw new Error('A user of the ClickHouse interface needs a name.');
      if (known.has(user.name))
        throw new Error(`The user ${user.name} of the ClickHouse interface is named twice.`);
      if (user.tenant !== undefined && !user.readonly)
        throw new Error(`The user ${user.name} is bound to a tenant, and so must be one who may read only.`);
      if (user.passwordSha256 !== undefined && !/^[0-9a-fA-F]{64}$/.test(user.passwordSha256)) {
        throw new Error(`passwordSha256 of the user ${user.name} must be 64 hexadecimal digits.`);
      }
      if (user.password !== undefined && user.passwordSha256 !== undefined) {
        throw new Error(`The user ${user.name} has both password and passwordSha256: give one of them.`);
      }
      const digest = user.passwordSha256
        ? Buffer.from(user.passwordSha256, 'hex')
        : sha256(user.password ?? '');
      known.set(user.name, { user, digest });
    }
    this.#users = known;
  }

  /** Users without a password: whoever reaches the port is one of them. */
  get withoutPassword(): string[] {
    const empty = sha256('');
    return [...this.#users.values()]
      .filter(({ digest }) => digest.equals(empty))
      .map(({ user }) => user.name);
  }

  /**
   * The user that a request comes from: by `X-ClickHouse-User` and `X-ClickHouse-Key`, Basic authorization, or the
   * parameters `user` and `password`; `default` where it does not say.
   *
   * @throws {DatabaseError} code 516, in the same words for a wrong name and a wrong password
   */
  authenticate(headers: IncomingHttpHeaders, address: URLSearchParams): User {
    const { name, password } = credentials(headers, address);
    const known = this.#users.get(name);
    const matches = timingSafeEqual(sha256(password), known?.digest ?? this.#nobody);
    if (known === undefined || !matches) {
      throw exception(
        'AUTHENTICATION_FAILED',
        `${name}: Authentication failed: password is incorrect, or there is no user with such name`,
      );
    }
    return known.user;
  }
}

function credentials(
  headers: IncomingHttpHeaders,
  address: URLSearchParams,
): { name: string; password: string } {
  const user = header(headers, 'x-clickhouse-user') ?? '';
  const key = header(headers, 'x-clickhouse-key') ?? '';
  const authorization = headers.authorization;
  const inAddress = address.has('user') || address.has('password');
  const ways = [user !== '' || key !== '', authorization !== undefined, inAddress].filter(Boolean).length;
  if (ways > 1) {
    throw exception(
      'AUTHENTICATION_FAILED',
      'Invalid authentication: it is not allowed to use X-ClickHouse-* headers, Authorization header and parameters together',
    );
  }
  if (authorization !== undefined) {
    const basic = /^Basic\s+([A-Za-z0-9+/=_-]*)\s*$/i.exec(authorization);
    if (basic === null) {
      throw exception(
        'AUTHENTICATION_FAILED',
        "Invalid authentication: of HTTP Authorization schemes only 'Basic' is supported",
      );
    }
    const text = Buffer.from(basic[1]!, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return colon < 0
      ? { name: text, password: '' }
      : { name: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  if (user !== '' || key !== '') return { name: user || 'default', password: key };
  return { name: address.get('user') ?? 'default', password: address.get('password') ?? '' };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
