/** The text with U+FFFD for halves of surrogate pairs that stand alone: UTF-8 has no such thing, and neither has the engine. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
