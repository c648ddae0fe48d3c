/** Moving over the map with the arrow keys. */

const directions: Readonly<Record<string, { readonly x: number; readonly y: number }>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** The nearest card in the direction of an arrow key; what lies off to the side counts as further away. */
export function neighbour<T extends Element>(from: Element, key: string, cards: readonly T[]): T | undefined {
  const direction = directions[key];
  if (direction === undefined) return undefined;
  const start = centre(from);
  const candidates = cards.flatMap((card) => {
    const { x, y } = centre(card);
    const along = (x - start.x) * direction.x + (y - start.y) * direction.y;
    const aside = Math.abs((x - start.x) * direction.y) + Math.abs((y - start.y) * direction.x);
    return card !== from && along > 1 ? [{ card, far: along + 2 * aside }] : [];
  });
  return candidates.sort((a, b) => a.far - b.far)[0]?.card;
}

export const isArrow = (key: string): boolean => key in directions;

function centre(card: Element): { readonly x: number; readonly y: number } {
  const { left, top, width, height } = card.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}
