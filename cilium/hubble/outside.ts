/**
 * The addresses outside the cluster that a record names, and their names. Whoever scans has millions: beyond a number of
 * addresses, those that no policy tells apart are one.
 */
import type { ClassOf } from "./addresses.ts";

export type Outside = {
  readonly kind: "outside";
  readonly key: string;
  readonly address: string;
  /** Whether the cluster's API server is there, as in a managed control plane. */
  readonly isApiServer: boolean;
  /** Whether it stands for others too, that policies do not tell from it. */
  readonly standsForMore: boolean;
};

export type OutsideReader = {
  readonly at: (address: string, isApiServer: boolean) => Outside;
  /** The same end as another reader knows it. */
  readonly same: (end: Outside) => Outside;
  /** Takes names of an address, as they are written somewhere. */
  readonly learn: (address: string | null | undefined, names: readonly string[]) => void;
  readonly names: ReadonlyMap<string, ReadonlySet<string>>;
};

/** More than anybody reads, and few enough to keep. */
export const mostApart = 20_000;

export function outsideReader(classOf: ClassOf, limit = mostApart): OutsideReader {
  const apart = new Map<string, Outside>();
  const apiServers = new Map<string, Outside>();
  const classes = new Map<string, Outside>();
  const names = new Map<string, Set<string>>();
  /** The names that were told last, where there is no room to keep them: they are those of the same event. */
  let last: { readonly address: string; readonly names: ReadonlySet<string> } | undefined;

  const namesOf = (address: string): ReadonlySet<string> =>
    names.get(address) ?? (last?.address === address ? last.names : none);

  const oneOfMany = (address: string): Outside => {
    const named = namesOf(address);
    const key = classOf(address, named);
    const known = classes.get(key);
    if (known !== undefined) return known;
    const end = { kind: "outside", address, isApiServer: false, key: `like ${address}`, standsForMore: true } as const;
    classes.set(key, end);
    if (named.size > 0) names.set(address, new Set(named));
    return end;
  };
  const at = (address: string, isApiServer: boolean): Outside => {
    const known = (isApiServer ? apiServers : apart).get(address);
    if (known !== undefined) return known;
    if (!isApiServer && apart.size >= limit) return oneOfMany(address);
    const key = isApiServer ? `API server ${address}` : address;
    const end = { kind: "outside", key, address, isApiServer, standsForMore: false } as const;
    (isApiServer ? apiServers : apart).set(address, end);
    return end;
  };
  return {
    names,
    at,
    same: ({ address, isApiServer, standsForMore }) => (standsForMore ? oneOfMany(address) : at(address, isApiServer)),
    learn: (address, more) => {
      if (!address || more.length === 0) return;
      const known = names.get(address);
      if (known === undefined && names.size >= limit) {
        last = { address, names: new Set(more.map(plain)) };
        return;
      }
      const kept = known ?? new Set();
      if (known === undefined) names.set(address, kept);
      for (const name of more) kept.add(plain(name));
    },
  };
}

const none: ReadonlySet<string> = new Set();

/** Names as DNS compares them. */
const plain = (name: string): string => name.replace(/\.$/, "").toLowerCase();
