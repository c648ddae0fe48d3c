/** Whether the peer of a rule selects an identity (`pkg/policy/types/selector.go`). */
import { containsPrefix, type Prefix } from "../../policy/cidr.ts";
import {
  type Label,
  matches,
  namespaceLabelsPrefix,
  namespaceNameLabel,
  type Requirement,
} from "../../policy/selector.ts";
import type { AddressGroups } from "./cidr-groups.ts";
import type { Aggregate, Identity } from "./identity.ts";
import type { PeerSelector } from "./peers.ts";
import type { Unknown } from "./unknown.ts";

export type Selection = "yes" | "no" | { readonly maybe: Unknown };

export function selects({ condition }: PeerSelector, identity: Identity): Selection {
  switch (condition.kind) {
    case "everything":
      return "yes";
    case "world":
      return identity.outside === undefined ? "no" : "yes";
    case "labels":
      return selectsByLabels(condition.requirements, identity);
    case "cidr":
      return selectsByPrefix(identity, condition.prefix, condition.except);
    case "cidr-groups":
      return selectsByGroups(identity, condition.groups, condition.except);
    case "fqdn":
      return identity.outside?.names.some(condition.matches) ? "yes" : "no";
    case "unknown":
      return { maybe: condition.unknown };
  }
}

/** Whether a requirement is on a label that Cilium makes from policies and CIDR groups: that is not judged here. */
export const isDerived = ({ source }: Requirement): boolean => derivedSources.has(source);

const derivedSources = new Set(["cidr", "fqdn", "cidrgroup"]);

function selectsByLabels(requirements: readonly Requirement[], identity: Identity): Selection {
  const derived = requirements.find(isDerived);
  if (derived !== undefined && (identity.outside !== undefined || identity.inside !== undefined)) {
    return { maybe: { kind: "derived-label", label: `${derived.source}:${derived.key}` } };
  }
  const own = selectsByOwnLabels(requirements, identity);
  if (own !== "no") return own;
  return identity.aggregate !== undefined && matches(requirements, identity.aggregate.labels)
    ? byAggregate(identity.aggregate)
    : "no";
}

/** A peer that selects a class of identities is about all that Cilium counts to it. */
const byAggregate = ({ isSure }: Aggregate): Selection => (isSure ? "yes" : { maybe: { kind: "aggregate" } });

/** As far as the labels are known. */
export function selectsByOwnLabels(
  requirements: readonly Requirement[],
  { labels, unknownLabels }: Pick<Identity, "labels" | "unknownLabels">,
): Selection {
  if (unknownLabels === undefined) return matches(requirements, labels) ? "yes" : "no";
  const { isUnknown, unknown } = unknownLabels;
  if (!requirements.some(isUnknown)) return matches(requirements, labels) ? "yes" : "no";
  const known = requirements.filter((requirement) => !isUnknown(requirement));
  return matches(known, labels) ? { maybe: unknown } : "no";
}

/** Whether a requirement is on a label of a pod's namespace other than its name. */
export const isOnNamespace = ({ key }: Pick<Label, "key">): boolean =>
  key.startsWith(namespaceLabelsPrefix) && key !== namespaceNameLabel;

function selectsByPrefix({ outside, inside }: Identity, prefix: Prefix, except: readonly Prefix[]): Selection {
  if (outside !== undefined) {
    const { address } = outside;
    if (address !== undefined) return holds(prefix, except, [address]);
    if (prefix.address.kind() !== "ipv4") return "no";
    return prefix.bits === 0 && except.length === 0 ? "yes" : { maybe: outside.unknownAddress };
  }
  if (inside === undefined) return "no";
  // A CIDR of all addresses selects the label of the world, which pods are taken to have where CIDRs match pods.
  if (prefix.bits === 0 && !inside.likeWorld[prefix.address.kind()]) return "no";
  return inside.addresses === undefined ? { maybe: inside.unknownAddress } : holds(prefix, except, inside.addresses);
}

const holds = (prefix: Prefix, except: readonly Prefix[], addresses: readonly Prefix[]): Selection =>
  addresses.some((address) => containsPrefix(prefix, address)) && !addresses.some((address) => isIn(except, address))
    ? "yes"
    : "no";

const isIn = (prefixes: readonly Prefix[], address: Prefix): boolean =>
  prefixes.some((prefix) => containsPrefix(prefix, address));

function selectsByGroups(identity: Identity, groups: AddressGroups, except: readonly Prefix[]): Selection {
  const where = identity.outside ?? identity.inside;
  if (where === undefined) return "no";
  const addresses = "addresses" in where ? where.addresses : where.address && [where.address];
  if (addresses === undefined) return { maybe: where.unknownAddress };
  if (!addresses.some((address) => isIn(except, address)) && groups.select(addresses)) return "yes";
  const { aggregate } = identity;
  return aggregate?.matchesCidrs && groups.select([]) ? byAggregate(aggregate) : "no";
}
