/*
 * A flow counts where it ended or where its exporter cut it, by its active timeout, and all of its bytes count there. Up to a minute's
 * timeout that is right for minutes. Beyond (30 minutes is the default of many routers), a backup of 10 MB/s shows as one minute of
 * 300 MB/s every half hour: a spike that never was, and nothing between, a drop that never was. Leaving out what was sent
 * before the window (`bytes_before`) would count a thirtieth of it; going back in time cannot be done for what is compared now.
 *
 * So of a row's bytes what was sent before the window counts at once only as far as a minute's worth of its longest flow goes; the rest
 * is held and counts over as long again as that flow took, fading: the same total, the flow's own rate, later by its duration.
 * What is short (floods, scans, anything from an exporter with a timeout of a minute) counts at once, in full. Where an
 * exporter has long timeouts, an interface's long and short flows lie in one row and their bytes cannot be told apart: a burst of
 * a minute or so shows there a sixth at once, in the worst case.
 */

const MINUTE_MS = 60_000;
/** A flow of many days (softflowd's default is a week) does not hold longer. */
const MOST_MS = 86_400_000;

/** Which share of a row's volume is held. */
export function heldShare(bytes: number, before: number, longestMs: number): number {
  if (before <= 0 || longestMs <= MINUTE_MS || bytes <= 0) return 0;
  return Math.min(1, before / bytes) * (1 - MINUTE_MS / Math.min(MOST_MS, longestMs));
}

/** Seconds over which what is held fades, once `more` is added that fades over `longestMs`: such that the rates add up. */
export function fadingSeconds(held: number, seconds: number, more: number, longestMs: number): number {
  const added = Math.min(MOST_MS, longestMs) / 1000;
  return held <= 0 ? added : (held + more) / (held / seconds + more / added);
}

/** Which share of what is held counts in the coming so many seconds. */
export function fadedShare(fading: number, seconds: number): number {
  return fading > 0 ? 1 - Math.exp(-seconds / fading) : 1;
}
