import type { Places, Point } from './arrangement.ts';

/** What a browser's session storage does; tests hand in a map. */
export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

interface Saved {
  readonly positions: readonly (readonly [id: string, x: number, y: number])[];
  readonly pinned: readonly string[];
}

const held = new Map<string, Places>();

/** The places of a panel's nodes: those held since the page was opened, else those of the session, else none. */
export function placesOf(panel: string, storage: Storage | undefined): Places {
  let places = held.get(panel);
  if (places === undefined) {
    places = restore(storage?.getItem(keyOf(panel)) ?? null);
    held.set(panel, places);
  }
  return places;
}

export function savePlaces(panel: string, places: Places, storage: Storage | undefined): void {
  const saved: Saved = {
    positions: [...places.positions].map(([id, { x, y }]) => [id, Math.round(x), Math.round(y)]),
    pinned: [...places.pinned],
  };
  try {
    storage?.setItem(keyOf(panel), JSON.stringify(saved));
  } catch {
    // The session's storage is full: the places are still held until the page is left.
  }
}

function keyOf(panel: string): string {
  return `weir-topology-panel:${panel}`;
}

/** What cannot be read counts as not there: others may write to the same storage. */
export function restore(text: string | null): Places {
  const empty = (): Places => ({ positions: new Map<string, Point>(), pinned: new Set<string>() });
  if (text === null) return empty();
  try {
    const saved = JSON.parse(text) as Saved;
    const places = empty();
    for (const [id, x, y] of saved.positions) {
      if (typeof id === 'string' && Number.isFinite(x) && Number.isFinite(y))
        places.positions.set(id, { x, y });
    }
    for (const id of saved.pinned) if (places.positions.has(id)) places.pinned.add(id);
    return places;
  } catch {
    return empty();
  }
}
