/** SVG path data of lines. */
import type { Point } from "./measures.ts";

const cornerRadius = 5;
const headLength = 6;
const headWidth = 5.6;

/** Straight pieces between the points, the corners rounded. */
export function rounded(points: readonly Point[]): string {
  const corners = withoutRepeats(points);
  return corners
    .map((corner, i) => {
      const [before, after] = [corners[i - 1], corners[i + 1]];
      if (before === undefined) return `M${corner.x} ${corner.y}`;
      if (after === undefined) return `L${corner.x} ${corner.y}`;
      const radius = Math.min(cornerRadius, distance(before, corner) / 2, distance(corner, after) / 2);
      const [enter, leave] = [towards(corner, before, radius), towards(corner, after, radius)];
      return `L${number(enter.x)} ${number(enter.y)}Q${corner.x} ${corner.y} ${number(leave.x)} ${number(leave.y)}`;
    })
    .join("");
}

/** An arc that leaves the first point and arrives at the last one horizontally; to the right of both where they stand under each other. */
export function curve(points: readonly Point[]): string {
  const [from, to] = [points.at(0), points.at(-1)];
  if (from === undefined || to === undefined) return "";
  const direction = Math.sign(to.x - from.x);
  const reach = Math.max(24, Math.abs(to.x - from.x) / 2);
  const [leaving, arriving] = direction === 0 ? [reach, reach] : [direction * reach, -direction * reach];
  return `M${from.x} ${from.y}C${from.x + leaving} ${from.y} ${to.x + arriving} ${to.y} ${to.x} ${to.y}`;
}

/** A triangle whose tip is the last point; every line arrives horizontally. */
export function arrowhead(points: readonly Point[]): string {
  const tip = points.at(-1);
  if (tip === undefined) return "";
  const before = points.findLast(({ x }) => x !== tip.x);
  const back = tip.x - (before === undefined ? -1 : Math.sign(tip.x - before.x)) * headLength;
  return `M${tip.x} ${tip.y}L${back} ${tip.y - headWidth / 2}V${tip.y + headWidth / 2}Z`;
}

const withoutRepeats = (points: readonly Point[]): Point[] =>
  points.filter(({ x, y }, i) => i === 0 || x !== points[i - 1]?.x || y !== points[i - 1]?.y);

const distance = (a: Point, b: Point): number => Math.hypot(b.x - a.x, b.y - a.y);

const towards = (from: Point, to: Point, by: number): Point => {
  const share = by / distance(from, to);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
};

const number = (value: number): number => Math.round(value * 10) / 10;
