import type { WindowKind } from '@weir/core/windows';
import { MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { type Named, named } from './traffic-entities.ts';

/*
 * The level of interfaces, services and tenants hour by hour over the last day, for who has to know what is missing: what is gone has no
 * row that could be asked for its usual. Bounded: what was not seen for longest gives way.
 */

const HOURS = 24;
const HOUR_MINUTES = 60;
/** Minutes of an hour that make it known. */
const LEAST_MINUTES = 45;
const MOST_LEVELS = 4_096;

export interface Level {
  readonly kind: WindowKind;
  readonly tenant: string;
  readonly named: Named;
  /** Seconds since 1970. */
  last: number;
  /** Octets of the minute that is not over yet. */
  minuteBytes: number;
  /** Of the hour that is not over yet: octets a second by minute, their squares, how many. */
  sum: number;
  squares: number;
  minutes: number;
  /** By hour of the day: mean octets a second, deviation as a share of it, and which hour since 1970 it was. */
  readonly means: Float64Array;
  readonly deviations: Float64Array;
  readonly hours: Float64Array;
  /** Octets of the latest windows, and when they began. */
  readonly recent: Float64Array;
  readonly starts: Float64Array;
}

export interface Seen {
  readonly kind: WindowKind;
  readonly row: number;
  readonly bytes: number;
}

export const levelKinds = ['interface', 'service', 'tenant'] as const;

export class SteadyLevels {
  private levels = new Map<string, Level>();
  /** By tenant and exporter, when it was last heard: seconds since 1970. */
  private exporters = new Map<string, number>();
  private minute = 0;
  private rowsOf = new WeakMap<Step, Map<string, Seen>>();

  get all(): ReadonlyMap<string, Level> {
    return this.levels;
  }

  /** What is in the current window, by the name that levels are kept by. */
  seen(step: Step): Map<string, Seen> {
    let seen = this.rowsOf.get(step);
    if (seen !== undefined) return seen;
    seen = new Map();
    for (const kind of levelKinds) {
      const rows = step.rows(kind);
      for (let row = 0; row < rows.rows; row++) {
        if (rows.rest[row] === 1) continue;
        const entity = step.entity(kind, row);
        const id = `${entity.tenant} ${kind} ${named(entity).entity}`;
        seen.set(id, { kind, row, bytes: rows.numbers.bytes[row]! });
      }
    }
    this.rowsOf.set(step, seen);
    return seen;
  }

  /** Octets a second over the minute that ends with the current window. */
  now(level: Level, step: Step, current: number): number {
    let bytes = current;
    for (let i = 0; i < MOST_WINDOWS_BACK; i++)
      if (level.starts[i]! > step.end - 60 - 1 && level.starts[i]! < step.start) bytes += level.recent[i]!;
    return bytes / 60;
  }

  /** The least of the hours that tell what is to be expected: the one before, and yesterday’s same and next. Undefined where not steady. */
  expected(level: Level, start: number, mostDeviation: number): number | undefined {
    const hour = Math.floor(start / 3600);
    let least = Infinity;
    for (const wanted of [hour - 1, hour - HOURS, hour - HOURS + 1]) {
      const slot = wanted % HOURS;
      if (level.hours[slot] !== wanted || level.deviations[slot]! > mostDeviation) return undefined;
      least = Math.min(least, level.means[slot]!);
    }
    return least;
  }

  /** Whether an exporter of a tenant, one of them or any, was heard in the last hour but not in the last minute. */
  isSilent(step: Step, tenant: string, exporter?: string): boolean {
    for (const [id, last] of this.exporters) {
      if (!id.startsWith(`${tenant} `) || (exporter !== undefined && id !== `${tenant} ${exporter}`))
        continue;
      if (last <= step.end - 60 && last > step.end - 3_600 && !this.speaks(step, id)) return true;
    }
    return false;
  }

  private speaks(step: Step, id: string): boolean {
    const rows = step.rows('interface');
    for (let row = 0; row < rows.rows; row++)
      if (rows.rest[row] === 0) {
        const entity = step.entity('interface', row);
        if (`${entity.tenant} ${entity.address('collector_ip')}` === id) return true;
      }
    return false;
  }

  learn(step: Step, leastBytes: number): void {
    const minute = Math.floor(step.start / 60);
    if (minute !== this.minute) this.endMinute(minute);
    for (const [id, { kind, row, bytes }] of this.seen(step)) {
      let level = this.levels.get(id);
      if (level === undefined) {
        if (bytes < leastBytes) continue;
        const entity = step.entity(kind, row);
        level = newLevel(kind, entity.tenant, named(entity));
      }
      // The latest last, so that the first is the one not seen for longest.
      this.levels.delete(id);
      this.levels.set(id, level);
      if (this.levels.size > MOST_LEVELS) this.levels.delete(this.levels.keys().next().value!);
      level.last = step.start;
      level.minuteBytes += bytes;
      const place = (step.start / 10) % MOST_WINDOWS_BACK;
      level.recent[place] = bytes;
      level.starts[place] = step.start;
      if (kind === 'interface')
        this.exporters.set(`${level.tenant} ${level.named.ends.exporter}`, step.start);
    }
    for (const [id, last] of this.exporters) if (step.start - last > 86_400) this.exporters.delete(id);
  }

  /** A minute of which nothing came at all is no minute of theirs; one in which others came is one of nothing. */
  private endMinute(minute: number): void {
    const hour = Math.floor(this.minute / HOUR_MINUTES);
    const isHourOver = Math.floor(minute / HOUR_MINUTES) !== hour;
    for (const level of this.levels.values()) {
      const rate = level.minuteBytes / 60;
      level.sum += rate;
      level.squares += rate * rate;
      level.minutes++;
      level.minuteBytes = 0;
      if (isHourOver) endHour(level, hour);
    }
    this.minute = minute;
  }

  save(): unknown {
    return { version: 1, minute: this.minute, levels: this.levels, exporters: this.exporters };
  }

  load(saved: unknown): void {
    const { version, minute, levels, exporters } = (saved ?? {}) as {
      version?: number;
      minute?: number;
      levels?: Map<string, Level>;
      exporters?: Map<string, number>;
    };
    if (version !== 1 || minute === undefined || levels === undefined || exporters === undefined) return;
    this.minute = minute;
    this.levels = new Map(levels);
    this.exporters = new Map(exporters);
  }
}

function endHour(level: Level, hour: number): void {
  const slot = hour % HOURS;
  const mean = level.sum / level.minutes;
  level.means[slot] = mean;
  level.deviations[slot] = Math.sqrt(Math.max(0, level.squares / level.minutes - mean * mean)) / mean;
  level.hours[slot] = level.minutes >= LEAST_MINUTES && mean > 0 ? hour : -1;
  level.sum = 0;
  level.squares = 0;
  level.minutes = 0;
}

function newLevel(kind: WindowKind, tenant: string, of: Named): Level {
  return {
    kind,
    tenant,
    named: of,
    last: 0,
    minuteBytes: 0,
    sum: 0,
    squares: 0,
    minutes: 0,
    means: new Float64Array(HOURS),
    deviations: new Float64Array(HOURS),
    hours: new Float64Array(HOURS).fill(-1),
    recent: new Float64Array(MOST_WINDOWS_BACK),
    starts: new Float64Array(MOST_WINDOWS_BACK),
  };
}
