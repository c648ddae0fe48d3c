/**
 * The addresses of a record in classes that no policy tells apart: in the same ranges, and with names that the same lists
 * cover. One address stands for each class, since a record may have a hundred thousand and policies know a handful.
 */
import { isIPv6 } from "node:net";
import { containsPrefix, type Prefix } from "../policy/cidr.ts";
import type { FqdnSelector } from "../policy/schema.ts";
import { parseAddressOrPrefix } from "../reach/compile/addresses.ts";
import { nameMatcher, sampleName } from "../reach/compile/fqdn.ts";
import type { ResolvedName } from "../reach/compile/inventory.ts";
import type { End } from "./end.ts";
import { onceEach } from "./once.ts";
import type { FlowRecord } from "./record.ts";

/** What policies see of an address outside the cluster and its names: equal for those that they do not tell apart. */
export type ClassOf = (address: string, names: Iterable<string>) => string;

/** What policies tell addresses apart by: ranges and lists of names. */
export type AddressDistinctions = { readonly prefixes: readonly Prefix[]; readonly selectors: readonly FqdnSelector[] };

export function addressClass({ prefixes, selectors }: AddressDistinctions): ClassOf {
  const listsOf = listFinder(selectors);
  return (address, names) => {
    const lists = new Set(Array.from(names, sampleName).flatMap(listsOf));
    return `${isIPv6(address)} ${rangesOf(address, prefixes)} ${[...lists].sort()}`;
  };
}

export type AddressClasses = {
  /** The address that stands for the class of one of the record's addresses. */
  readonly standFor: (address: string) => string;
  /** The names of those addresses, as far as a list covers them. */
  readonly names: readonly ResolvedName[];
};

/** @param ends all of the record */
export function classifyAddresses(
  ends: ReadonlySet<End>,
  names: FlowRecord["names"],
  distinctions: AddressDistinctions,
): AddressClasses {
  const classOf = addressClass(distinctions);
  const matchers = distinctions.selectors.map(nameMatcher);
  const standIns = new Map<string, string>();
  const byClass = new Map<string, string>();
  const resolved: ResolvedName[] = [];
  const outside = [...ends].flatMap((end) => (end.kind === "outside" ? [end.address] : []));
  const apiServers = new Set(apiServerAddresses(ends));
  for (const address of new Set([...outside, ...names.keys()])) {
    const known = names.get(address) ?? [];
    const key = `${apiServers.has(address)} ${classOf(address, known)}`;
    const first = byClass.get(key);
    standIns.set(address, first ?? address);
    if (first !== undefined) continue;
    byClass.set(key, address);
    // An identity's label may be a pattern: then its addresses have some name that the pattern covers.
    const covered = Array.from(known, sampleName).filter((name) => matchers.some((matches) => matches(name)));
    resolved.push(...covered.map((name) => ({ name, addresses: [address] })));
  }
  return { standFor: (address) => standIns.get(address) ?? address, names: resolved };
}

/** Where the API server is outside the cluster. */
export const apiServerAddresses = (ends: ReadonlySet<End>): string[] => [
  ...new Set([...ends].flatMap((end) => (end.kind === "outside" && end.isApiServer ? end.address : []))),
];

/** The lists that cover a name, by their places; names come up again and again. */
function listFinder(selectors: readonly FqdnSelector[]): (name: string) => readonly number[] {
  const matchers = selectors.map(nameMatcher);
  return onceEach((name) => matchers.flatMap((matches, list) => (matches(name) ? [list] : [])));
}

function rangesOf(address: string, prefixes: readonly Prefix[]): string {
  const parsed = parseAddressOrPrefix(address);
  if (parsed === undefined) return "";
  return prefixes.flatMap((prefix, range) => (containsPrefix(prefix, parsed) ? [range] : [])).join();
}
