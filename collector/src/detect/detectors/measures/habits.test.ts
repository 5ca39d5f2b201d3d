import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { Habits, isLearnt } from './habits.ts';

describe('habits', () => {
  it('are medians and rare values, to a bucket’s width', () => {
    const habits = new Habits(10, 'even');
    for (let i = 0; i < 1000; i++) habits.learn('a', i / 1000, i);
    const habit = habits.of('a')!;
    expect(habit.median).toBeCloseTo(0.5, 1);
    expect(habit.high).toBeCloseTo(0.98, 1);
    expect(habit.least).toBeLessThan(0.02);
    expect(habit.learnt).toBe(1000);
  });

  it('are in order, of any values', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (values) => {
        const habits = new Habits(1, 'root');
        values.forEach((value, i) => habits.learn('a', value, i));
        const { least, low, median, high, most } = habits.of('a')!;
        const ordered = [least, low, median, high, most];
        expect([...ordered].sort((a, b) => a - b)).toEqual(ordered);
        expect(most).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  it('of what never happens are nothing', () => {
    const habits = new Habits(1, 'root');
    for (let i = 0; i < 300; i++) habits.learn('a', 0, i);
    expect(habits.of('a')).toMatchObject({ median: 0, high: 0, most: 0 });
    expect([44, 51].map((minutes) => isLearnt(habits.of('a'), minutes))).toEqual([true, false]);
  });

  it('fade: what lasts becomes usual', () => {
    const habits = new Habits(1, 'even');
    for (let i = 0; i < 8000; i++) habits.learn('a', 0.1, i);
    for (let i = 0; i < 8000; i++) habits.learn('a', 0.9, i);
    expect(habits.of('a')!.median).toBeGreaterThan(0.8);
  });

  it('are bounded: who was away for an hour gives way', () => {
    const habits = new Habits(2, 'even');
    habits.learn('a', 0.5, 0);
    habits.learn('b', 0.5, 1000);
    habits.learn('c', 0.5, 2000);
    expect(habits.of('c')).toBeUndefined();
    habits.learn('c', 0.5, 3600);
    expect(['a', 'b', 'c'].map((id) => habits.has(id))).toEqual([false, true, true]);
  });

  it('are saved and taken up', () => {
    const [habits, again] = [new Habits(2, 'even'), new Habits(2, 'even')];
    habits.learn('a', 0.5, 0, 0.25);
    again.load(deserialize(serialize(habits.save())));
    expect(again.of('a')).toEqual(habits.of('a'));
    for (const wrong of [undefined, 3, [1], [['x', [1], 1, 1]]]) again.load(wrong);
    expect(again.counts()).toEqual({ entities: 1, learning: 1 });
  });
});
