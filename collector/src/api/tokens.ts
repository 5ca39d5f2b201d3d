import { createHash, timingSafeEqual } from 'node:crypto';

/** Who may read exporters and live flows. */
export interface ApiToken {
  readonly name: string;
  /** SHA-256 of the token, 64 hexadecimal digits. */
  readonly tokenSha256: string;
  /** Sees only this tenant's exporters and flows; undefined for all. */
  readonly tenant?: string | undefined;
}

/** Where a request may go on, and as whom. */
export type Admission =
  { readonly ok: true; readonly tenant: string | undefined } | { readonly ok: false; readonly error: string };

const NO_TOKEN =
  'This needs a token: send the header "Authorization: Bearer …" with one of those that http.tokens names.';

/** Tokens of the API, compared in constant time. Without any, everyone who reaches the API is let in. */
export class Tokens {
  private tokens: readonly { readonly digest: Buffer; readonly tenant: string | undefined }[] = [];

  constructor(tokens: readonly ApiToken[] = []) {
    this.replace(tokens);
  }

  replace(tokens: readonly ApiToken[]): void {
    this.tokens = tokens.map(({ tokenSha256, tenant }) => ({
      digest: Buffer.from(tokenSha256, 'hex'),
      tenant,
    }));
  }

  /** Whether tokens are asked for at all. */
  get needed(): boolean {
    return this.tokens.length > 0;
  }

  admit(authorization: string | undefined): Admission {
    if (!this.needed) return { ok: true, tenant: undefined };
    const given = /^Bearer\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
    if (given === undefined) return { ok: false, error: NO_TOKEN };
    const digest = createHash('sha256').update(given).digest();
    let found: { readonly tenant: string | undefined } | undefined;
    // All of them, whichever fits: the time tells nothing.
    for (const token of this.tokens) if (timingSafeEqual(token.digest, digest)) found ??= token;
    return found === undefined
      ? { ok: false, error: 'The token is none of those that http.tokens names.' }
      : { ok: true, tenant: found.tenant };
  }
}
