import type { Key } from './keys.ts';

/** The list of a group's texts; all empty in the row whose place is 0, which is "Other". */
export function keysSql(keys: readonly Key[], place: string): string {
  if (keys.length === 0) return "CAST([], 'Array(String)')";
  const texts = keys.map((key, i) => key.text(`g${i}`)).join(',\n        ');
  return `if(${place} = 0, arrayResize(CAST([], 'Array(String)'), ${keys.length}), [\n        ${texts}\n    ])`;
}
