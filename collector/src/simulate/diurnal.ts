/** How busy an office network is by local time: two working humps, a smaller evening, a quiet night and weekend. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function hump(hour: number, centre: number, width: number): number {
  const distance = (hour - centre) / width;
  return Math.exp(-0.5 * distance * distance);
}

function unscaled(localMs: number): number {
  const hour = (((localMs % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS;
  const weekday = (((Math.floor(localMs / DAY_MS) + 4) % 7) + 7) % 7; // 1970-01-01 was a Thursday (4)
  const working = hump(hour, 10.5, 1.8) + hump(hour, 15, 2.2);
  const evening = 0.45 * hump(hour, 20.5, 1.6);
  const weekend = weekday === 0 || weekday === 6;
  return 0.16 + (weekend ? 0.22 : 1) * working + (weekend ? 1.2 : 1) * evening;
}

const mean = ((): number => {
  let sum = 0;
  for (let quarter = 0; quarter < 7 * 96; quarter++) sum += unscaled(quarter * (HOUR_MS / 4));
  return sum / (7 * 96);
})();

/**
 * The rate of traffic relative to the mean of a week, which is 1.
 * @param timeMs milliseconds since 1970, UTC
 * @param utcOffsetHours the site's offset from UTC, without daylight saving
 */
export function diurnalFactor(timeMs: number, utcOffsetHours: number): number {
  return unscaled(timeMs + utcOffsetHours * HOUR_MS) / mean;
}
