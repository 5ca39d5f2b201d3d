const FORWARDED = 'http_';

/**
 * Headers of a call. Grafana mixes its own names with HTTP headers that it forwards under the prefix `http_`, and their
 * case differs between versions: look-ups ignore case, and find a forwarded header by its plain name.
 */
export class RequestHeaders {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(entries: Iterable<readonly [string, string | readonly string[]]>) {
    const values = new Map<string, readonly string[]>();
    for (const [name, value] of entries) {
      values.set(name.toLowerCase(), typeof value === 'string' ? [value] : value);
    }
    this.#values = values;
  }

  /** The first value, by the name itself or by its forwarded form. */
  get(name: string): string | undefined {
    return this.getAll(name)[0];
  }

  getAll(name: string): readonly string[] {
    const key = name.toLowerCase();
    return this.#values.get(key) ?? this.#values.get(FORWARDED + key) ?? [];
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Lower-case names as Grafana sent them, `http_` included. */
  names(): string[] {
    return [...this.#values.keys()];
  }
}
