/** Suggestions for names that do not exist. */
import leven from "leven";

/** `; did you mean a or b?` for the nearest of the names, nothing when none is near. */
export function didYouMean(name: string, names: readonly string[]): string {
  const near = names
    .map((candidate) => ({ candidate, distance: leven(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, candidate.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
  return near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`;
}

/** `cert-manager` as a constant is called: `certManager`. */
export const camelCase = (name: string): string =>
  name.replace(/[^A-Za-z0-9]+(.)/g, (_, letter: string) => letter.toUpperCase());
