/**
 * The peers of a rule: which identities each of them selects. A peer that cannot be judged (a Service without a list of
 * Services, a group of a cloud provider) selects "maybe": verdicts that hang on it are not decidable.
 *
 * Sources: `pkg/policy/utils/parserules.go`, `pkg/policy/api/entity.go`, `pkg/policy/types/selector.go`.
 */
import { containsPrefix, type Prefix, parsePrefix } from "../../policy/cidr.ts";
import type { CidrRule, EgressRule, Entity, FqdnSelector, IngressRule, LabelSelector } from "../../policy/schema.ts";
import {
  clusterLabel,
  matches,
  nodeRequirements,
  type PeerContext,
  peerRequirements,
  type Requirement,
} from "../../policy/selector.ts";
import { parseAddressOrPrefix } from "./addresses.ts";
import { type AddressGroups, addressGroups } from "./cidr-groups.ts";
import { nameMatcher } from "./fqdn.ts";
import type { Identity } from "./identity.ts";
import type { CidrGroup, Service } from "./inventory.ts";
import { backendsOf } from "./services.ts";

/** Whether a peer selects an identity. */
export type Selection = "yes" | "no" | { readonly maybe: string };

export type PeerSelector = {
  /** Equal for equal selectors: Cilium merges their rules before it looks at identities. */
  readonly key: string;
  readonly condition: Condition;
};

export type Condition =
  | { readonly kind: "everything" }
  | { readonly kind: "world" }
  | { readonly kind: "labels"; readonly requirements: readonly Requirement[] }
  | { readonly kind: "cidr"; readonly prefix: Prefix; readonly except: readonly Prefix[] }
  | { readonly kind: "cidr-groups"; readonly groups: AddressGroups; readonly except: readonly Prefix[] }
  | { readonly kind: "fqdn"; readonly name: string; readonly matches: (name: string) => boolean }
  | { readonly kind: "unknown"; readonly reason: string };

/** Either direction's rule: the parts that name peers. */
export type PeerParts = {
  readonly endpoints: readonly LabelSelector[] | null | undefined;
  readonly nodes: readonly LabelSelector[] | null | undefined;
  readonly entities: readonly Entity[] | null | undefined;
  readonly cidrs: readonly string[] | null | undefined;
  readonly cidrSet: readonly CidrRule[] | null | undefined;
  readonly fqdns: readonly FqdnSelector[] | null | undefined;
  readonly groups: NonNullable<EgressRule["toGroups"]>;
  readonly services: NonNullable<EgressRule["toServices"]>;
};

type AnyIngress = Omit<IngressRule, "toPorts" | "authentication">;
type AnyEgress = Omit<EgressRule, "toPorts" | "authentication" | "toFQDNs"> & Pick<EgressRule, "toFQDNs">;

export const ingressPeers = (rule: AnyIngress): PeerParts => ({
  endpoints: rule.fromEndpoints,
  nodes: rule.fromNodes,
  entities: rule.fromEntities,
  cidrs: rule.fromCIDR,
  cidrSet: rule.fromCIDRSet,
  fqdns: undefined,
  groups: rule.fromGroups ?? [],
  services: [],
});

export const egressPeers = (rule: AnyEgress): PeerParts => ({
  endpoints: rule.toEndpoints,
  nodes: rule.toNodes,
  entities: rule.toEntities,
  cidrs: rule.toCIDR,
  cidrSet: rule.toCIDRSet,
  fqdns: rule.toFQDNs,
  groups: rule.toGroups ?? [],
  services: rule.toServices ?? [],
});

/** What the meaning of a peer depends on besides the rule. */
export type PeerWorld = PeerContext & {
  readonly cidrGroups: readonly CidrGroup[] | undefined;
  readonly services: readonly Service[] | undefined;
};

/**
 * The peers of a rule. A rule that names none is for everybody if it names ports, else for nobody (`[{}]` is a default
 * deny); a rule with an empty list of peers is for nobody (`mergeL4Filter` in `pkg/policy/rule.go`). Services without a
 * backend count as naming none.
 */
export function peerSelectors(parts: PeerParts, namesPorts: boolean, world: PeerWorld): PeerSelector[] {
  if (parts.services.length > 0 && world.services === undefined) {
    return [unknown(`toServices needs the cluster's Services and their endpoints: ${JSON.stringify(parts.services)}`)];
  }
  const backends = backendsOf(parts.services, world.services ?? []);
  const lists = [parts.endpoints, parts.nodes, parts.entities, parts.cidrs, parts.cidrSet];
  if (lists.some((list) => list?.length === 0)) return [];
  const selectors = [
    ...[...(parts.endpoints ?? []), ...backends.endpoints].map((selector) =>
      byLabels(peerRequirements(selector, world)),
    ),
    ...(parts.nodes ?? []).map((selector) => byLabels(nodeRequirements(selector, world.cluster))),
    ...(parts.entities ?? []).flatMap((entity) => entitySelectors(entity, world.cluster)),
    ...(parts.cidrs ?? []).map((cidr) => cidrSelector({ cidr })),
    ...[...(parts.cidrSet ?? []), ...backends.cidrSet].map((rule) => cidrSetSelector(rule, world.cidrGroups)),
    ...(parts.fqdns ?? []).map(fqdnSelector),
    ...parts.groups.map((group) =>
      unknown(`the members of a cloud provider's group are not known: ${JSON.stringify(group)}`),
    ),
  ];
  return selectors.length === 0 && namesPorts ? [everything] : selectors;
}

/** Whether a peer selects an identity. */
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
      return { maybe: condition.reason };
  }
}

const everything: PeerSelector = { key: "everything", condition: { kind: "everything" } };

const unknown = (reason: string): PeerSelector => ({
  key: `unknown ${reason}`,
  condition: { kind: "unknown", reason },
});

const byLabels = (requirements: readonly Requirement[]): PeerSelector =>
  requirements.length === 0
    ? everything
    : { key: JSON.stringify(requirements.toSorted(byKey)), condition: { kind: "labels", requirements } };

const byKey = (a: Requirement, b: Requirement): number => (`${a.source}:${a.key}` < `${b.source}:${b.key}` ? -1 : 1);

const reserved = (key: string): PeerSelector => byLabels([{ source: "reserved", key, operator: "In", values: [""] }]);

function entitySelectors(entity: Entity, cluster: string | undefined): PeerSelector[] {
  const ofCluster = ["host", "remote-node", "init", "ingress", "health", "unmanaged", "kube-apiserver"].map(reserved);
  switch (entity) {
    case "all":
      return [everything];
    case "world":
      return [{ key: "world", condition: { kind: "world" } }];
    case "cluster":
      return [...ofCluster, byLabels([{ source: "k8s", key: clusterLabel, operator: "In", values: [cluster ?? ""] }])];
    case "cluster-mesh":
      return [...ofCluster, byLabels([{ source: "any", key: clusterLabel, operator: "Exists" }])];
    case "host":
    case "init":
    case "ingress":
    case "unmanaged":
    case "remote-node":
    case "health":
    case "none":
    case "kube-apiserver":
      return [reserved(entity)];
  }
}

function cidrSelector({ cidr, except = [] }: { cidr: string; except?: readonly string[] }): PeerSelector {
  const prefix = parseAddressOrPrefix(cidr);
  const exceptions = except.map(parsePrefix).filter((parsed) => parsed !== undefined);
  if (prefix === undefined) return unknown(`${cidr} is no CIDR`);
  const key = `cidr:${cidr}${except.length > 0 ? `-[${except.join(",")}]` : ""}`;
  return { key, condition: { kind: "cidr", prefix, except: exceptions } };
}

function cidrSetSelector(rule: CidrRule, groups: readonly CidrGroup[] | undefined): PeerSelector {
  if (rule.cidr) return cidrSelector({ cidr: rule.cidr, except: rule.except ?? [] });
  if (groups === undefined) {
    return unknown(
      `the addresses of CiliumCIDRGroup ${rule.cidrGroupRef ?? JSON.stringify(rule.cidrGroupSelector)} are not known`,
    );
  }
  const except = (rule.except ?? []).map(parsePrefix).filter((prefix) => prefix !== undefined);
  const key = `cidrgroup:${rule.cidrGroupRef ?? JSON.stringify(rule.cidrGroupSelector)}-${rule.except ?? ""}`;
  return { key, condition: { kind: "cidr-groups", groups: addressGroups(rule, groups), except } };
}

const fqdnSelector = (selector: FqdnSelector): PeerSelector => ({
  key: `fqdn:${selector.matchName ?? ""},${selector.matchPattern ?? ""}`,
  condition: { kind: "fqdn", name: selector.matchName ?? selector.matchPattern ?? "", matches: nameMatcher(selector) },
});

/** Whether a requirement is on a label that Cilium makes from policies and CIDR groups: that is not judged here. */
export const isDerived = ({ source }: Requirement): boolean => derivedSources.has(source);

const derivedSources = new Set(["cidr", "fqdn", "cidrgroup", "node"]);

/** Labels that all addresses outside the cluster share, according to the IP families. */
const worldLabels = new Set(["world", "world-ipv4", "world-ipv6"]);

/** Whether a requirement is on one of them. */
export const isOnWorld = ({ source, key }: Requirement): boolean =>
  (source === "reserved" || source === "any") && worldLabels.has(key);

function selectsByLabels(requirements: readonly Requirement[], identity: Identity): Selection {
  const derived = requirements.find(isDerived);
  if (derived !== undefined && identity.outside !== undefined) {
    return { maybe: `a selector on the label ${derived.source}:${derived.key} is not judged` };
  }
  if (identity.outside?.labelsKnown === false && requirements.some(isOnWorld)) {
    return { maybe: "the labels of the world depend on whether Cilium has IPv6 enabled" };
  }
  if (matches(requirements, identity.labels)) return "yes";
  if (identity.aggregate === undefined || !matches(requirements, identity.aggregate)) return "no";
  return { maybe: "a selector that only excludes labels can select Cilium's aggregate of all such peers too" };
}

function selectsByPrefix({ outside }: Identity, prefix: Prefix, except: readonly Prefix[]): Selection {
  if (outside === undefined) return "no";
  const { address } = outside;
  if (address !== undefined) {
    const excepted = except.some((exception) => containsPrefix(exception, address));
    return containsPrefix(prefix, address) && !excepted ? "yes" : "no";
  }
  if (prefix.address.kind() !== "ipv4") return "no";
  return prefix.bits === 0 && except.length === 0 ? "yes" : unknownAddress(outside.names);
}

function selectsByGroups({ outside }: Identity, groups: AddressGroups, except: readonly Prefix[]): Selection {
  if (outside === undefined) return "no";
  const { address } = outside;
  if (address === undefined) return unknownAddress(outside.names);
  if (except.some((exception) => containsPrefix(exception, address))) return "no";
  return groups.select(address) ? "yes" : "no";
}

const unknownAddress = (names: readonly string[]): Selection => ({
  maybe: `the address of ${names[0] ?? "the destination"} is not known`,
});
