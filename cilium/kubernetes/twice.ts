/** Objects that stand in two places with different content: two versions of one object, of which a cluster has one. */
import { posix } from "node:path";
import { isDeepStrictEqual } from "node:util";

/** An object that several places state differently. */
export type Twice = {
  /** `CiliumNetworkPolicy shelf/web` */
  readonly name: string;
  readonly places: readonly string[];
};

type Identified = { readonly place: string; readonly name: string; readonly content: unknown };

/**
 * The items of which there is one version, each once, and those of which there are several.
 * @param identify what an item is, and what of it would have to be equal
 */
export function versions<T>(
  items: readonly T[],
  identify: (item: T) => Identified,
): { readonly items: T[]; readonly twice: Twice[] } {
  const byName = Map.groupBy(items, (item) => identify(item).name);
  const kept = [...byName.values()].map((same) =>
    same.filter((item, index) => !same.slice(0, index).some((other) => equal(identify(item), identify(other)))),
  );
  return {
    items: kept.filter(({ length }) => length === 1).flat(),
    twice: kept
      .filter(({ length }) => length > 1)
      .map((different) => ({
        name: different
          .slice(0, 1)
          .map((item) => identify(item).name)
          .join(""),
        places: different.map((item) => identify(item).place),
      })),
  };
}

const equal = (one: Identified, other: Identified): boolean => isDeepStrictEqual(one.content, other.content);

/** Folders under these names often are one cluster each. */
const homesOfClusters = ["clusters", "environments", "envs"];

/**
 * The folders of a repository that look like one cluster each, since they are side by side in a folder called `clusters` or
 * the like; where some of them state an object differently, those.
 */
export function clusterFolders(files: readonly string[], twice: readonly Twice[]): string[] {
  const paths = files.map((file) => posix.normalize(file));
  const side = paths.flatMap((path) => {
    const steps = path.split("/");
    const at = steps.findIndex((step, index) => homesOfClusters.includes(step) && index < steps.length - 2);
    return at < 0 ? [] : [steps.slice(0, at + 2).join("/")];
  });
  const homes = new Set(side);
  const differing = partedFolders(twice).filter((folder) => homes.has(folder));
  const found = differing.length > 0 ? differing : [...homes].sort();
  return found.length > 1 ? found : [];
}

/** The folders that state an object differently. */
const partedFolders = (twice: readonly Twice[]): string[] =>
  [...new Set(twice.flatMap(({ places }) => differingFolders(places.map(fileOf))))].sort();

/** The file of a place such as `a.yaml, document 2`. */
const fileOf = (place: string): string => posix.normalize(place.replace(/, (document|item|line) .*/, ""));

/** The folders in which the ways of files part. */
function differingFolders(files: readonly string[]): string[] {
  const ways = files.map((file) => posix.dirname(file).split("/"));
  const [first = []] = ways;
  const shared = first.findIndex((step, index) => ways.some((way) => way[index] !== step));
  if (shared < 0 || ways.some((way) => way.length <= shared)) return [];
  return ways.map((way) => way.slice(0, shared + 1).join("/"));
}

/** Why there is no answer where objects are stated differently, in a line. */
export function twiceText(twice: readonly Twice[], files: readonly string[]): string {
  const [first] = twice;
  if (first === undefined) return "";
  const others = twice.length === 1 ? "" : `, and ${twice.length - 1} more objects likewise`;
  const folders = clusterFolders(files, twice);
  const choice = folders.length === 0 ? withoutClusters(partedFolders(twice)) : clustersText(folders);
  return `${first.name} stands differently in ${first.places.join(" and ")}${others}; a cluster has one version of it: ${choice}`;
}

function withoutClusters([first, second]: readonly string[]): string {
  if (first === undefined || second === undefined) return "leave all but one out with --exclude GLOB";
  return `if ${first} and ${second} are two clusters, name one with --from, or leave one out, as with --exclude ${second}; if they are one, remove all versions but one`;
}

/** How to name one of the folders that look like clusters. */
export function clustersText(folders: readonly string[]): string {
  const named = folders.slice(0, 4).join(", ");
  const more = folders.length > 4 ? ` and ${folders.length - 4} more` : "";
  return `these folders look like clusters of their own: ${named}${more}; name one with --from, or leave others out, as with --exclude ${folders.at(1)}`;
}
