/**
 * The neutral rule that policies of all four kinds become (`pkg/policy/types/policyentry.go`), with the place of every
 * part of it in its manifest.
 */

import type { Direction } from "../../policy/parts.ts";
import { namespaceOf, type PolicyReference, policyText } from "../../policy/parts.ts";
import type { Policy } from "../../policy/schema.ts";
import type { Requirement } from "../../policy/selector.ts";
import { ciliumRules } from "./cilium-rules.ts";
import { type Configuration, defaultConfiguration } from "./configuration.ts";
import type { CidrGroup, Service } from "./inventory.ts";
import { clusterNetworkPolicyRules, networkPolicyRules } from "./kubernetes-rules.ts";
import type { PeerSelector } from "./peers.ts";
import type { PortMatch } from "./ports.ts";

export type { Direction } from "../../policy/parts.ts";

/** Tiers decide one after another. NetworkPolicies and Cilium's own kinds are in the one between. */
export const tiers = ["Admin", "Normal", "Baseline"] as const;

export type Tier = (typeof tiers)[number];

/** What a rule says about what matches it; `pass` leaves it to the next tier. */
export type Effect = "allow" | "deny" | "pass";

/** The place of a rule: which policy, and where in it, as `ingress[1].toPorts[0]`. */
export type RuleReference = PolicyReference & { readonly tier: Tier; readonly path: string };

/** A rule for people, as `shop/web ingress[1]`; with its tier where it is not the one of most policies. */
export const ruleText = (reference: RuleReference): string =>
  [policyText(reference), ...(reference.tier === "Normal" ? [] : [`(tier ${reference.tier})`]), reference.path].join(
    " ",
  );

/** A peer of a rule with its place, as `ingress[1].fromEndpoints[0]`; the rule's own where it names none. */
export type PlacedPeer = { readonly selector: PeerSelector; readonly path: string };

/** One item of a policy's lists for a direction: for CiliumNetworkPolicies of `ingress`, `egressDeny`, … */
export type CompiledRule = PolicyReference & {
  readonly tier: Tier;
  /** Lower numbers decide first within a tier. */
  readonly priority: number;
  readonly effect: Effect;
  readonly subject: readonly Requirement[];
  /** Selects nodes rather than endpoints: part of the host firewall. */
  readonly selectsNodes: boolean;
  readonly direction: Direction;
  /** Whether endpoints that it selects deny what no rule allows. */
  readonly defaultDeny: boolean;
  /** Its place, as `ingress[1]`. */
  readonly path: string;
  readonly peers: readonly PlacedPeer[];
  readonly ports: readonly PortMatch[];
  /** For each of `ports`, its place. */
  readonly references: readonly RuleReference[];
  /** The mode of mutual authentication that it asks for. */
  readonly authentication: string | undefined;
};

/** What the meaning of a rule depends on besides the policy. */
export type RuleWorld = {
  /** The local cluster's name. */
  readonly cluster: string;
  readonly configuration: Configuration;
  readonly cidrGroups: readonly CidrGroup[] | undefined;
  readonly services: readonly Service[] | undefined;
  /** Whether there may be other Services in namespaces of which none is given. */
  readonly isExcerpt?: boolean | undefined;
};

/** What policies say by themselves, without regard to a cluster. */
export const noCluster: RuleWorld = {
  cluster: "",
  configuration: defaultConfiguration,
  cidrGroups: undefined,
  services: undefined,
};

/** The rules of a policy that the agent accepts, in the order in which it imports them. */
export function compilePolicy(policy: Policy, world: RuleWorld): CompiledRule[] {
  switch (policy.kind) {
    case "CiliumNetworkPolicy":
    case "CiliumClusterwideNetworkPolicy":
      return ciliumRules(policy, namespaceOf(policy), world);
    case "NetworkPolicy":
      return networkPolicyRules(policy, world);
    case "ClusterNetworkPolicy":
      return clusterNetworkPolicyRules(policy, world);
  }
}

/** The cluster that selectors mean where they name none; undefined for any. */
export const defaultCluster = ({ cluster, configuration }: RuleWorld): string | undefined =>
  configuration.defaultLocalCluster ? cluster : undefined;

/** A rule with the places of its ports. */
export const withReferences = (rule: Omit<CompiledRule, "references">): CompiledRule => ({
  ...rule,
  references: rule.ports.map(({ path }) => ({
    kind: rule.kind,
    policy: rule.policy,
    tier: rule.tier,
    path: path === "" ? rule.path : `${rule.path}.${path}`,
  })),
});

/**
 * The order in which an endpoint's rules decide: tier, then priority. Within both, the order of import (the resources'
 * names, then their rules), which decides what cannot be merged (`ruleSlice.sort` in `pkg/policy/rules.go`).
 */
export function inOrder(a: CompiledRule, b: CompiledRule): number {
  if (a.tier !== b.tier) return tiers.indexOf(a.tier) - tiers.indexOf(b.tier);
  if (a.priority !== b.priority) return a.priority - b.priority;
  const [resourceA, resourceB] = [resourceOf(a), resourceOf(b)];
  return resourceA === resourceB ? 0 : resourceA < resourceB ? -1 : 1;
}

const resourceOf = ({ kind, policy }: CompiledRule): string =>
  `${resourceKinds[kind]}/${policy.includes("/") ? "" : "/"}${policy}`;

const resourceKinds = {
  CiliumNetworkPolicy: "cnp",
  CiliumClusterwideNetworkPolicy: "ccnp",
  NetworkPolicy: "netpol",
  ClusterNetworkPolicy: "kcnp",
} as const satisfies Record<Policy["kind"], string>;
