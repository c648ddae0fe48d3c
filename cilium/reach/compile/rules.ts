/** Policies taken apart into the rules that Cilium's policy repository holds (`RulesToPolicyEntries`). */
import { namespaceOf, policyName } from "../../policy/parts.ts";
import type { IngressDenyRule, Policy, Rule } from "../../policy/schema.ts";
import { type Requirement, subjectRequirements } from "../../policy/selector.ts";
import type { CidrGroup, Service } from "./inventory.ts";
import { egressPeers, ingressPeers, type PeerParts, type PeerSelector, peerSelectors } from "./peers.ts";
import { type Direction, type PortMatch, portMatches } from "./ports.ts";

export type { Direction } from "./ports.ts";

/** The place of a rule: which policy, and where in it, as `ingress[1].toPorts[0]`. */
export type RuleReference = {
  /** `namespace/name`, or `name` for a clusterwide policy. */
  readonly policy: string;
  readonly path: string;
};

/** One item of `ingress`, `ingressDeny`, `egress` or `egressDeny`. */
export type CompiledRule = {
  readonly policy: string;
  readonly clusterwide: boolean;
  readonly subject: readonly Requirement[];
  /** Selects nodes rather than endpoints: part of the host firewall. */
  readonly selectsNodes: boolean;
  readonly direction: Direction;
  readonly deny: boolean;
  /** Whether endpoints that it selects deny what no rule allows. */
  readonly defaultDeny: boolean;
  readonly peers: readonly PeerSelector[];
  readonly ports: readonly PortMatch[];
  /** For each of `ports`, its place. */
  readonly references: readonly RuleReference[];
  /** The mode of mutual authentication that it asks for. */
  readonly authentication: string | undefined;
};

/** What the meaning of a rule depends on besides the policy. */
export type RuleWorld = {
  readonly cluster: string;
  readonly cidrGroups: readonly CidrGroup[] | undefined;
  readonly services: readonly Service[] | undefined;
};

/** The rules of a policy that the agent accepts. */
export const compilePolicy = (policy: Policy, world: RuleWorld): CompiledRule[] => [
  ...(policy.spec ? compileRule(policy, policy.spec, "", world) : []),
  ...(policy.specs ?? []).flatMap((rule, i) => compileRule(policy, rule, `specs[${i}].`, world)),
];

function compileRule(policy: Policy, rule: Rule, place: string, world: RuleWorld): CompiledRule[] {
  const namespace = namespaceOf(policy);
  const name = policyName(policy);
  const subject = rule.nodeSelector ?? rule.endpointSelector ?? {};
  const requirements = subjectRequirements(subject, namespace);
  const peerWorld = { ...world, namespace, subject };

  const compile = (
    direction: Direction,
    deny: boolean,
    item: AnyRule,
    parts: PeerParts,
    path: string,
  ): CompiledRule => {
    const ports = portMatches(item.toPorts, item.icmps);
    return {
      policy: name,
      clusterwide: namespace === undefined,
      subject: requirements,
      selectsNodes: rule.nodeSelector != null,
      direction,
      deny,
      defaultDeny: rule.enableDefaultDeny?.[direction] ?? true,
      peers: peerSelectors(parts, namesPorts(item), peerWorld),
      ports,
      references: ports.map((port) => ({ policy: name, path: port.path === "" ? path : `${path}.${port.path}` })),
      authentication: item.authentication?.mode,
    };
  };
  return [
    ...(rule.ingress ?? []).map((item, i) =>
      compile("ingress", false, item, ingressPeers(item), `${place}ingress[${i}]`),
    ),
    ...(rule.ingressDeny ?? []).map((item, i) =>
      compile("ingress", true, item, ingressPeers(item), `${place}ingressDeny[${i}]`),
    ),
    ...(rule.egress ?? []).map((item, i) => compile("egress", false, item, egressPeers(item), `${place}egress[${i}]`)),
    // The agent resolves Services in allow rules only; in a deny rule they count as no peer at all.
    ...(rule.egressDeny ?? []).map((item, i) =>
      compile("egress", true, item, { ...egressPeers(item), services: [] }, `${place}egressDeny[${i}]`),
    ),
  ];
}

const namesPorts = ({ toPorts, icmps }: AnyRule): boolean => (toPorts?.length ?? 0) + (icmps?.length ?? 0) > 0;

type AnyRule = Pick<NonNullable<Rule["ingress"]>[number], "toPorts" | "icmps"> & {
  readonly toPorts?: NonNullable<Rule["ingress"]>[number]["toPorts"] | IngressDenyRule["toPorts"];
  readonly authentication?: NonNullable<Rule["ingress"]>[number]["authentication"];
};
