/** How one JSON value differs from another, field by field. */
import { z } from "zod";
import { at } from "../policy/place.ts";

/** A field that differs; `absent` stands for no value. */
export type Drift = { readonly place: string; readonly stored: string; readonly rendered: string };

const fields = z.record(z.string(), z.unknown());

/** The fields in which a stored value differs from the rendered one. A field that is `null` is as good as absent. */
export function drift(stored: unknown, rendered: unknown, place = ""): Drift[] {
  if (Array.isArray(stored) && Array.isArray(rendered)) {
    return Array.from({ length: Math.max(stored.length, rendered.length) }, (_, index) =>
      drift(stored[index], rendered[index], `${place}[${index}]`),
    ).flat();
  }
  const left = fields.safeParse(stored).data;
  const right = fields.safeParse(rendered).data;
  if (left !== undefined && right !== undefined) {
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    return [...keys].flatMap((key) => drift(left[key] ?? undefined, right[key] ?? undefined, at(place, key)));
  }
  const texts = { stored: written(stored), rendered: written(rendered) };
  return texts.stored === texts.rendered ? [] : [{ place, ...texts }];
}

const written = (value: unknown): string => (value === undefined ? "absent" : JSON.stringify(value));
