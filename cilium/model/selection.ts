/** What selects peers in a policy, and the fields of a rule that say so. */
import type { CidrRule, EgressRule, Entity, FqdnSelector, IngressRule, LabelSelector } from "../policy/schema.ts";
import { namespaceLabelsPrefix, podNamespaceLabel } from "../policy/selector.ts";
import { isLabelMatch, type Labels, labelSelector, needsLabel } from "./labels.ts";
import type { Namespaces } from "./peers/pod-set.ts";

/** What one kind of selector selects: a rule has a single kind, since Cilium refuses two in one rule. */
export type Selection =
  | { readonly kind: "endpoints"; readonly namespaces: Namespaces; readonly labels: Labels }
  | { readonly kind: "entities"; readonly entities: readonly Entity[] }
  | { readonly kind: "nodes"; readonly labels: Labels }
  | { readonly kind: "fqdns"; readonly names: readonly string[] }
  | { readonly kind: "cidr"; readonly cidr: string }
  | { readonly kind: "cidr-set"; readonly ranges: CidrRule }
  | { readonly kind: "services"; readonly services: Services };

type Services = NonNullable<EgressRule["toServices"]>[number];

type Sources = Pick<IngressRule, "fromEndpoints" | "fromEntities" | "fromNodes" | "fromCIDR" | "fromCIDRSet">;
type Destinations = Pick<
  EgressRule,
  "toEndpoints" | "toEntities" | "toNodes" | "toFQDNs" | "toCIDR" | "toCIDRSet" | "toServices"
>;

/** The part of an ingress rule that says from whom. `home` is the policy's namespace; undefined for a clusterwide one. */
export function sourceFields(selections: readonly Selection[], home: string | undefined): Sources {
  const fromEndpoints = endpoints(selections, home);
  const fromEntities = entities(selections);
  const fromNodes = nodes(selections);
  const fromCIDR = cidrs(selections);
  const fromCIDRSet = cidrSets(selections);
  return {
    ...(fromEndpoints.length > 0 && { fromEndpoints }),
    ...(fromEntities.length > 0 && { fromEntities }),
    ...(fromNodes.length > 0 && { fromNodes }),
    ...(fromCIDR.length > 0 && { fromCIDR }),
    ...(fromCIDRSet.length > 0 && { fromCIDRSet }),
  };
}

/** The part of an egress rule that says to whom. */
export function destinationFields(selections: readonly Selection[], home: string | undefined): Destinations {
  const toEndpoints = endpoints(selections, home);
  const toEntities = entities(selections);
  const toNodes = nodes(selections);
  const toFQDNs = selections.flatMap((s) => (s.kind === "fqdns" ? s.names.map(fqdnSelector) : []));
  const toCIDR = cidrs(selections);
  const toCIDRSet = cidrSets(selections);
  const toServices = selections.flatMap((s) => (s.kind === "services" ? s.services : []));
  return {
    ...(toEndpoints.length > 0 && { toEndpoints }),
    ...(toEntities.length > 0 && { toEntities }),
    ...(toNodes.length > 0 && { toNodes }),
    ...(toFQDNs.length > 0 && { toFQDNs }),
    ...(toCIDR.length > 0 && { toCIDR }),
    ...(toCIDRSet.length > 0 && { toCIDRSet }),
    ...(toServices.length > 0 && { toServices }),
  };
}

const endpoints = (selections: readonly Selection[], home: string | undefined): LabelSelector[] =>
  selections.flatMap((s) => (s.kind === "endpoints" ? podSelector(s.labels, s.namespaces, home) : []));

/** Pods of other namespaces are selected with them; a policy otherwise takes its own, `home`. */
export function podSelector(labels: Labels, namespaces: Namespaces, home: string | undefined): LabelSelector {
  if (namespaces === home) return labelSelector(labels);
  const ofNamespaces: Labels = isLabelMatch(namespaces)
    ? { [podNamespaceLabel]: namespaces }
    : Object.fromEntries(
        Object.entries(namespaces.labelled).map(([key, match]) => [`${namespaceLabelsPrefix}${key}`, match]),
      );
  const selector = labelSelector({ ...labels, ...ofNamespaces });
  if (Object.values(ofNamespaces).some(needsLabel)) return selector;
  // What must not carry something may be none of the pods: Cilium's own endpoints have no namespace.
  const isPod = { key: podNamespaceLabel, operator: "Exists" as const };
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), isPod] };
}

const nodes = (selections: readonly Selection[]): LabelSelector[] =>
  selections.flatMap((s) => (s.kind === "nodes" ? labelSelector(s.labels) : []));

const cidrs = (selections: readonly Selection[]): string[] =>
  selections.flatMap((s) => (s.kind === "cidr" ? s.cidr : []));

const cidrSets = (selections: readonly Selection[]): CidrRule[] =>
  selections.flatMap((s) => (s.kind === "cidr-set" ? s.ranges : []));

const entities = (selections: readonly Selection[]): Entity[] => [
  ...new Set(selections.flatMap((s) => (s.kind === "entities" ? s.entities : []))),
];

/** A name, or a pattern if it has a `*`. */
export const fqdnSelector = (name: string): FqdnSelector =>
  name.includes("*") ? { matchPattern: name } : { matchName: name };
