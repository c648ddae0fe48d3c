/** The elements that the script works with. */

/** The page's element with an id. */
export function element<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`the page has no ${type.name} #${id}`);
}

/** The elements that carry a number in a data attribute, by that number; some numbers have several. */
export function numbered<T extends Element>(attribute: string, type: new () => T): ReadonlyMap<number, T[]> {
  const elements = [...document.querySelectorAll(`[data-${attribute}]`)].flatMap((found) =>
    found instanceof type ? [found] : [],
  );
  return Map.groupBy(elements, (found) => Number(found.getAttribute(`data-${attribute}`)));
}

/** What an event's target, or what is around it, carries in a data attribute. */
export function textAt({ target }: Event, attribute: string): string | undefined {
  const carrier = target instanceof Element ? target.closest(`[data-${attribute}]`) : null;
  return carrier?.getAttribute(`data-${attribute}`) ?? undefined;
}
