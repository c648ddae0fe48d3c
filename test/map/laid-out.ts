/** Layouts, held against what each of them has to keep. */
import assert from "node:assert/strict";
import { graphOf } from "../../map/graph.ts";
import { layoutOf } from "../../map/layout.ts";
import type { Point, Rectangle } from "../../map/measures.ts";
import type { Picture } from "../../map/picture.ts";
import type { Layout } from "../../map/places.ts";
import { wholeSheet } from "../../map/sheets.ts";

const overlap = (a: Rectangle, b: Rectangle): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** Whether a straight piece at a right angle runs through the inside of a rectangle. */
const crosses = (from: Point, to: Point, card: Rectangle): boolean => {
  const inset = { x: card.x + 0.5, y: card.y + 0.5, width: card.width - 1, height: card.height - 1 };
  const piece = {
    x: Math.min(from.x, to.x),
    y: Math.min(from.y, to.y),
    width: Math.abs(to.x - from.x) || 0.01,
    height: Math.abs(to.y - from.y) || 0.01,
  };
  return overlap(piece, inset);
};

/** The layout of a picture, in which no card lies on another, and no line runs through a card or on another line. */
export async function laidOut(picture: Picture): Promise<Layout> {
  const graph = graphOf(wholeSheet(picture));
  const layout = await layoutOf(graph);
  const cards = [...layout.cards];
  for (const { id } of picture.peers) assert.ok(layout.cards.has(id), `${id} has a place`);
  for (const [i, [id, card]] of cards.entries()) {
    for (const [other, otherCard] of cards.slice(i + 1)) assert.ok(!overlap(card, otherCard), `${id} lies on ${other}`);
  }
  const boxes = [...layout.namespaces];
  for (const [i, [name, box]] of boxes.entries()) {
    for (const [other, otherBox] of boxes.slice(i + 1)) assert.ok(!overlap(box, otherBox), `${name} lies on ${other}`);
  }
  const upright: Upright[] = [];
  for (const line of graph.lines) {
    if (line.kind === "self" || line.kind === "hub") continue;
    const points = layout.routes.get(line);
    assert.ok(points !== undefined, `${line.from} → ${line.to} has a way`);
    for (const [i, to] of points.entries()) {
      const from: Point | undefined = points[i - 1];
      if (from === undefined) continue;
      assert.ok(from.x === to.x || Math.abs(from.y - to.y) < 0.01, `${line.from} → ${line.to} runs at right angles`);
      const hit: [string, Rectangle] | undefined = cards.find(([, card]) => crosses(from, to, card));
      assert.equal(hit, undefined, `${line.from} → ${line.to} runs through ${hit?.[0]}`);
      if (from.x === to.x) {
        upright.push({ to: line.to, x: to.x, top: Math.min(from.y, to.y), bottom: Math.max(from.y, to.y) });
      }
    }
  }
  for (const [i, one] of upright.entries()) {
    const other = upright.slice(i + 1).find((piece) => piece.to !== one.to && runTogether(piece, one));
    assert.equal(other, undefined, `lines to ${one.to} and ${other?.to} run on top of each other`);
  }
  return layout;
}

interface Upright {
  readonly to: string;
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
}

const runTogether = (a: Upright, b: Upright): boolean =>
  Math.abs(a.x - b.x) < 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
