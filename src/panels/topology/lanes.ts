import type { Point } from './arrangement.ts';

/** One direction of an edge as a quadratic curve. */
export interface Lane {
  readonly from: Point;
  readonly bend: Point;
  readonly to: Point;
  readonly length: number;
}

/**
 * The lane from one point to another, `aside` pixels to the right of the straight line, with a slight bow: the two directions of an
 * edge lie beside each other and do not hide one another.
 */
export function laneBetween(from: Point, to: Point, aside: number): Lane {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const distance = Math.hypot(dx, dy) || 1;
  const nx = -dy / distance;
  const ny = dx / distance;
  const bow = aside + 0.045 * distance;
  return {
    from: { x: from.x + nx * aside * 0.6, y: from.y + ny * aside * 0.6 },
    bend: { x: (from.x + to.x) / 2 + nx * bow * 1.6, y: (from.y + to.y) / 2 + ny * bow * 1.6 },
    to: { x: to.x + nx * aside * 0.6, y: to.y + ny * aside * 0.6 },
    length: distance,
  };
}

/** The point at this part of the way, 0 to 1. */
export function pointOn({ from, bend, to }: Lane, part: number): Point {
  const rest = 1 - part;
  const a = rest * rest;
  const b = 2 * rest * part;
  const c = part * part;
  return { x: a * from.x + b * bend.x + c * to.x, y: a * from.y + b * bend.y + c * to.y };
}

export function distanceTo(lane: Lane, at: Point): number {
  let nearest = Infinity;
  let before = lane.from;
  for (let step = 1; step <= 12; step++) {
    const after = pointOn(lane, step / 12);
    nearest = Math.min(nearest, distanceToSegment(at, before, after));
    before = after;
  }
  return nearest;
}

function distanceToSegment(at: Point, from: Point, to: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const square = dx * dx + dy * dy;
  const part =
    square === 0 ? 0 : Math.min(1, Math.max(0, ((at.x - from.x) * dx + (at.y - from.y) * dy) / square));
  return Math.hypot(at.x - from.x - part * dx, at.y - from.y - part * dy);
}

/** Width in pixels: grows with the square root, since rates span orders of magnitude; 0 for no traffic. */
export function widthOfRate(rate: number, scale: number, widest: number): number {
  return rate > 0 ? Math.min(widest, 1 + (widest - 1) * Math.sqrt(rate / scale)) : 0;
}

/** How lively a lane is, 0 to 1: the logarithm of its rate over four decades below the scale. */
export function liveliness(rate: number, scale: number): number {
  return rate > 0 ? Math.min(1, Math.max(0, 1 + Math.log10(rate / scale) / 4)) : 0;
}
