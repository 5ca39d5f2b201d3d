import { describe, expect, test } from '@jest/globals';
import { parseTime } from './time-argument.ts';

const NOW = Date.UTC(2026, 2, 10, 12, 30, 15, 500);

describe('times on the command line', () => {
  test('count back from now', () => {
    expect(parseTime('now', NOW)).toBe(Math.floor(NOW / 1000));
    expect(parseTime('now-90s', NOW)).toBe(Math.floor(NOW / 1000 - 90));
    expect(parseTime('now - 1.5h', NOW)).toBe(Math.floor(NOW / 1000 - 5400));
    expect(parseTime('now-2w', NOW)).toBe(Math.floor(NOW / 1000 - 14 * 86_400));
  });

  test('are dates, times of this machine, or times with their zone', () => {
    expect(parseTime('2026-03-10', NOW)).toBe(new Date(2026, 2, 10).getTime() / 1000);
    expect(parseTime('2026-03-10 07:05', NOW)).toBe(new Date(2026, 2, 10, 7, 5).getTime() / 1000);
    expect(parseTime('2026-03-10T07:05:09Z', NOW)).toBe(Date.UTC(2026, 2, 10, 7, 5, 9) / 1000);
    expect(parseTime('2026-03-10T07:05+01:00', NOW)).toBe(Date.UTC(2026, 2, 10, 6, 5) / 1000);
  });

  test.each(['', 'yesterday', 'now-7', 'now+1h', '2026-13-40', '1770000000', '10.03.2026'])(
    '%p is refused with what would be right',
    (text) => expect(() => parseTime(text, NOW)).toThrow(/is no time\. Give now, now-7d, 2026-03-10/),
  );
});
