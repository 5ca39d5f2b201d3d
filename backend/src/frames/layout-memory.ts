import { type LayoutEdge, type Position, layOut } from './topology-layout.ts';

const MAX_PICTURES = 50;
const MAX_NODES = 2000;

/** Remembers where nodes stand, picture by picture, so that they stay there from one refresh to the next. */
export class LayoutMemory {
  readonly #pictures = new Map<string, Map<string, Position>>();

  /** @param picture what the positions are kept for: a query without its time */
  place(
    picture: string,
    ids: readonly string[],
    edges: readonly LayoutEdge[],
  ): ReadonlyMap<string, Position> {
    const known = this.#pictures.get(picture) ?? new Map<string, Position>();
    const positions = layOut(ids, edges, known);
    // Those that are gone may come back to their place; the longest gone are forgotten first.
    const kept = new Map(known);
    for (const [id, position] of positions) {
      kept.delete(id);
      kept.set(id, position);
    }
    for (const id of kept.keys()) {
      if (kept.size <= MAX_NODES) break;
      kept.delete(id);
    }
    this.#pictures.delete(picture);
    this.#pictures.set(picture, kept);
    if (this.#pictures.size > MAX_PICTURES) this.#pictures.delete(this.#pictures.keys().next().value!);
    return positions;
  }
}
