/** How wide text will be in the page, which brings its own font: so cards can be measured before there is a browser. */

/** Advance widths of IBM Plex Sans Condensed, regular, from the space to the tilde, in thousandths of the font's size. */
// biome-ignore format: a table
const advances = [
  212, 258, 382, 637, 538, 837, 626, 220, 302, 302, 414, 540, 248, 360, 248, 349, 540, 540, 540, 540, 540, 540, 540, 540,
  540, 540, 258, 258, 540, 540, 540, 431, 803, 579, 589, 561, 607, 526, 505, 627, 637, 362, 462, 574, 453, 730, 637, 638,
  548, 638, 578, 525, 516, 611, 549, 808, 555, 534, 524, 286, 349, 286, 540, 508, 540, 483, 524, 454, 524, 495, 294, 477,
  513, 228, 228, 477, 247, 787, 513, 504, 524, 524, 332, 439, 318, 513, 445, 698, 459, 451, 421, 310, 288, 310, 540,
];

/** The widest of its letters: for what the table does not have. */
const widest = 837;

/** The width of a line of text at a font size, in the size's unit; a little less in italics. */
export function textWidth(text: string, fontSize: number): number {
  const advance = (character: string) => advances[character.charCodeAt(0) - 32] ?? widest;
  return ([...text].reduce((sum, character) => sum + advance(character), 0) * fontSize) / 1000;
}

/** The text, or as much of its beginning as fits with an ellipsis. */
export function fitted(text: string, fontSize: number, width: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(`${characters.join("")}…`, fontSize) > width) characters.pop();
  return `${characters.join("")}…`;
}
