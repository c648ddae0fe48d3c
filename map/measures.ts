/** Sizes in the map, in pixels, and the rectangles that come of them. */
import type { Card, NamespaceCard } from "./sheets.ts";
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
const smallFontSize = 11.5;
/** How much wider a text is in bold. */
export const boldness = 1.06;
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

/** The width of a card that shows a label, the number of its pods and some marks beside it. */
export const cardWidth = (card: Card, marks: number): number =>
  Math.ceil(Math.min(textWidth(card.label, fontSize), widestLabel) + podsWidth(card)) +
  2 * cardPadding +
  marks * markWidth;

/** How many pods a card stands for, `×3`; nothing where that goes without saying. */
export const podsText = (card: Card): string =>
  (card.kind === "workload" || card.kind === "host-network") && card.pods > 1 ? `×${card.pods}` : "";

/** The room for it, with the gap before it. */
export function podsWidth(card: Card): number {
  const text = podsText(card);
  return text === "" ? 0 : textWidth(text, smallFontSize) + cardPadding;
}

/** The height of a closed namespace's card: its name, and what is in it. */
export const closedHeight = 43;

export const closedWidth = (card: NamespaceCard): number =>
  Math.ceil(
    Math.max(
      // A little wider in bold, and a mark beside it.
      Math.min(textWidth(card.label, fontSize) * boldness, widestLabel) + 2 * markWidth,
      textWidth(closedText(card), smallFontSize),
    ),
  ) +
  2 * cardPadding;

/** `20 workloads, 45 pods` */
export function closedText({ workloads, pods }: NamespaceCard): string {
  const count = `${workloads} ${workloads === 1 ? "workload" : "workloads"}`;
  return pods === workloads ? count : `${count}, ${pods} pods`;
}

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
