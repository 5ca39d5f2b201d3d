/** Whether the user has asked for less motion, in the system's settings. */
export function prefersStillness(): boolean {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches;
}
