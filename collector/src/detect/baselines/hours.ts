/** Hours of the week are UTC's, from Monday on. Where clocks change twice a year, habits move by an hour, and are learnt anew in a week or so. */
export const WEEK_HOURS = 168;
const DAY_HOURS = 24;
/** 1970 began on a Thursday. */
const FIRST_DAY = 3;
const WEEKEND = 5 * DAY_HOURS;

export function hourOfWeek(seconds: number): number {
  return (Math.floor(seconds / 3600) + FIRST_DAY * DAY_HOURS) % WEEK_HOURS;
}

/** The same hour of the other days that are alike: the other weekdays, or the other day of the weekend (Saturday and Sunday). */
export function likeHours(hour: number): readonly number[] {
  return like[hour]!;
}

const like = Array.from({ length: WEEK_HOURS }, (_, hour) =>
  Array.from({ length: 7 }, (_, day) => day * DAY_HOURS + (hour % DAY_HOURS)).filter(
    (h) => h !== hour && h >= WEEKEND === hour >= WEEKEND,
  ),
);
