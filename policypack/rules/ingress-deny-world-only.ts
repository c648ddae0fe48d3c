import { placedRules } from "../../cilium/policy/parts.ts";
import { at, each } from "../../cilium/policy/place.ts";
import type { IngressDenyRule } from "../../cilium/policy/schema.ts";
import { type Finding, policyRule, ruleConfig } from "../rule.ts";

const configSchema = ruleConfig({});

export const ingressDenyWorldOnly = policyRule({
  name: "ingress-deny-world-only",
  description:
    "ingressDeny names the entity world and nothing else. Deny rules win over allow rules, and cluster, for one, includes host and remote-node: the kubelet's probes fail and the pods restart.",
  url: "https://docs.cilium.io/en/stable/security/policy/deny/",
  configSchema,
  enforcementLevel: "mandatory",
  validate: (policy) =>
    placedRules(policy).flatMap(({ rule, place }) => each(rule.ingressDeny, place, "ingressDeny", denied)),
});

const otherPeers = ["fromEndpoints", "fromCIDR", "fromCIDRSet", "fromNodes", "fromGroups"] as const;

const fix = "deny fromEntities: [world]; to close the pods for others, leave those out of the allow rules";

function denied(rule: IngressDenyRule, place: string): Finding[] {
  const entities = (rule.fromEntities ?? []).flatMap((entity, index) =>
    entity === "world"
      ? []
      : [{ place: at(place, "fromEntities", index), problem: `denies the entity ${entity}`, fix }],
  );
  const others = otherPeers
    .filter((kind) => rule[kind] != null)
    .map((kind) => ({ place: at(place, kind), problem: `denies ${JSON.stringify(rule[kind])}`, fix }));
  const nobody = rule.fromEntities == null && others.length === 0;
  return [
    ...entities,
    ...others,
    ...(nobody ? [{ place, problem: "names no peer, which denies everybody", fix }] : []),
  ];
}
