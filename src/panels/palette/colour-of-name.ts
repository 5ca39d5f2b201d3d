/** Twelve hues beside Grafana's own, none of them the red of alarms: for dark and for light grounds. */
const DARK = [
  '#5794F2',
  '#B877D9',
  '#73BF69',
  '#FF9F45',
  '#4FC4CF',
  '#E78AC3',
  '#E5C453',
  '#7FD1F2',
  '#9D93F0',
  '#A8D98D',
  '#F2937B',
  '#5FD9B8',
];
const LIGHT = [
  '#3274D9',
  '#8F3BB8',
  '#43963A',
  '#DB6A1E',
  '#178594',
  '#B84B86',
  '#B58A00',
  '#2F9CC9',
  '#655BC4',
  '#7BA63A',
  '#CB5438',
  '#1E9678',
];

/** Places of the blues, purples and pinks. */
const CALM = [4, 1, 0, 5, 8, 7] as const;

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  // The low bits alone would repeat for names that differ in the last letter only.
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** A name's colour: the same in every panel, on every day. */
export function colourOfName(name: string, dark: boolean): string {
  const palette = dark ? DARK : LIGHT;
  return palette[hashOf(name) % palette.length]!;
}

/**
 * Colours for few names beside colours of states (green to red): hues that mean no state. A name's own colour by its hash, or the
 * next that is free; what a name has got it keeps.
 */
export class CalmColours {
  readonly #given = new Map<string, number>();

  of(name: string, dark: boolean): string {
    let place = this.#given.get(name);
    if (place === undefined) {
      const taken = new Set(this.#given.values());
      const own = hashOf(name) % CALM.length;
      const places = CALM.map((_, step) => (own + step) % CALM.length);
      place = places.find((one) => !taken.has(one)) ?? own;
      this.#given.set(name, place);
    }
    return (dark ? DARK : LIGHT)[CALM[place]!]!;
  }
}

/** The colour of the nth of few things that stand side by side. */
export function colourOfPlace(place: number, dark: boolean): string {
  const palette = dark ? DARK : LIGHT;
  return palette[place % palette.length]!;
}
