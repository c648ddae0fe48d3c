/** Sizes in the map, in pixels, and the rectangles that come of them. */
import type { Peer } from "./picture.ts";
import { textWidth } from "./text.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Rectangle = Point & Size;

export const fontSize = 13;
/** A mark at the right end of a card. */
export const markWidth = 12;

export const cardHeight = 25;
const cardGap = 5;
/** Between a card's edge and its text. */
export const cardPadding = 8;
/** Between a box's edge and its cards. */
export const boxPadding = 9;
const headingHeight = 29;
/** The widest label; a longer one is cut. */
const widestLabel = 190;

/** The width of a card that shows a label and some marks beside it. */
export const cardWidth = ({ label }: Peer, marks: number): number =>
  Math.ceil(Math.min(textWidth(label, fontSize), widestLabel)) + 2 * cardPadding + marks * markWidth;

/** The height of a box with a number of cards. */
export const boxHeight = (cards: number): number =>
  headingHeight + cards * (cardHeight + cardGap) - cardGap + boxPadding;

/** The top of a card in its box. */
export const cardTop = (row: number): number => headingHeight + row * (cardHeight + cardGap);

/** The middle of a card's left or right edge. */
export const middle = (card: Rectangle, side: "left" | "right"): Point => ({
  x: side === "left" ? card.x : card.x + card.width,
  y: card.y + card.height / 2,
});
