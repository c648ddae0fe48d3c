/** CiliumNetworkPolicies and CiliumClusterwideNetworkPolicies as rules (`RulesToPolicyEntries`). */

import type { Direction } from "../../policy/parts.ts";
import { placedRules, referenceTo } from "../../policy/parts.ts";
import { at } from "../../policy/place.ts";
import type { CiliumPolicy, IngressDenyRule, Rule } from "../../policy/schema.ts";
import { subjectRequirements } from "../../policy/selector.ts";
import { egressPeers, ingressPeers, type PeerParts, placedPeers } from "./peers.ts";
import { portMatches } from "./ports.ts";
import { type CompiledRule, defaultCluster, type Effect, type RuleWorld, withReferences } from "./rules.ts";

export const ciliumRules = (policy: CiliumPolicy, namespace: string | undefined, world: RuleWorld): CompiledRule[] =>
  placedRules(policy).flatMap(({ rule, place }) => rulesOf(policy, namespace, rule, place, world));

function rulesOf(
  policy: CiliumPolicy,
  namespace: string | undefined,
  rule: Rule,
  place: string,
  world: RuleWorld,
): CompiledRule[] {
  const subject = rule.nodeSelector ?? rule.endpointSelector ?? {};
  const requirements = subjectRequirements(subject, namespace);
  const { cidrGroups, services, isExcerpt } = world;
  const context = {
    namespace,
    cluster: defaultCluster(world),
    localCluster: world.cluster,
    subject: rule.endpointSelector ?? {},
    cidrGroups,
    services,
    isExcerpt,
  };

  const compile = (direction: Direction, effect: Effect, item: AnyRule, parts: PeerParts, path: string): CompiledRule =>
    withReferences({
      ...referenceTo(policy),
      tier: "Normal",
      priority: 0,
      effect,
      subject: requirements,
      selectsNodes: rule.nodeSelector != null,
      direction,
      defaultDeny: !world.configuration.nonDefaultDeny || (rule.enableDefaultDeny?.[direction] ?? true),
      path,
      peers: placedPeers(parts, namesPorts(item), path, context),
      ports: portMatches(item.toPorts, item.icmps),
      authentication: item.authentication?.mode,
    });
  return [
    ...(rule.ingress ?? []).map((item, i) =>
      compile("ingress", "allow", item, ingressPeers(item), at(place, "ingress", i)),
    ),
    ...(rule.ingressDeny ?? []).map((item, i) =>
      compile("ingress", "deny", item, ingressPeers(item), at(place, "ingressDeny", i)),
    ),
    ...(rule.egress ?? []).map((item, i) =>
      compile("egress", "allow", item, egressPeers(item), at(place, "egress", i)),
    ),
    // The agent resolves Services in allow rules only; in a deny rule they count as no peer at all.
    ...(rule.egressDeny ?? []).map((item, i) =>
      compile(
        "egress",
        "deny",
        item,
        { ...egressPeers(item), services: { field: "", items: [] } },
        at(place, "egressDeny", i),
      ),
    ),
  ];
}

const namesPorts = ({ toPorts, icmps }: AnyRule): boolean => (toPorts?.length ?? 0) + (icmps?.length ?? 0) > 0;

type AnyRule = Pick<NonNullable<Rule["ingress"]>[number], "toPorts" | "icmps"> & {
  readonly toPorts?: NonNullable<Rule["ingress"]>[number]["toPorts"] | IngressDenyRule["toPorts"];
  readonly authentication?: NonNullable<Rule["ingress"]>[number]["authentication"];
};
