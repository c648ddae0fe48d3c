import { z } from "zod";
import { containsPrefix, parsePrefix } from "../../cilium/policy/cidr.ts";
import { placedRules } from "../../cilium/policy/parts.ts";
import { at, each } from "../../cilium/policy/place.ts";
import type { CidrRule, CiliumPolicy, Rule } from "../../cilium/policy/schema.ts";
import { policyRule, ruleConfig } from "../rule.ts";

const range = z.string().refine((cidr) => parsePrefix(cidr) !== undefined, "a range such as 10.0.0.0/24");

const configSchema = ruleConfig({
  nodeRanges: z.array(range).default([]).describe("The addresses of nodes"),
  podRanges: z.array(range).default([]).describe("The addresses of pods"),
});

export const nodesByEntity = policyRule({
  name: "nodes-by-entity",
  description:
    "Nodes are named by entity and pods by label, never by address. Cilium gives them identities of their own, and a CIDR never matches those (policy-cidr-match-mode is empty by default).",
  url: "https://docs.cilium.io/en/stable/security/policy/layer3/#selecting-pods-or-nodes-with-cidr-ipblock",
  configSchema,
  enforcementLevel: "mandatory",
  validate: (policy, { nodeRanges, podRanges }) => {
    const nodes = ranges(nodeRanges, "nodes", "fromEntities/toEntities: [host, remote-node, kube-apiserver]");
    const pods = ranges(podRanges, "pods", "fromEndpoints/toEndpoints with the pods' labels");
    return cidrsOf(policy).flatMap(({ cidr, place }) => {
      const prefix = parsePrefix(cidr);
      const inside = [...nodes, ...pods].find(({ range }) => prefix && range && containsPrefix(range, prefix));
      if (inside === undefined) return [];
      return [
        {
          place,
          problem: `${cidr} lies in ${inside.written}, where the ${inside.who} are: it never matches`,
          fix: `write ${inside.fix}`,
        },
      ];
    });
  },
});

const ranges = (cidrs: readonly string[], who: string, fix: string) =>
  cidrs.map((written) => ({ written, range: parsePrefix(written), who, fix }));

type Cidr = { readonly cidr: string; readonly place: string };

const cidrsOf = (policy: CiliumPolicy): Cidr[] =>
  placedRules(policy).flatMap(({ rule, place }) => [
    ...ingressCidrs(rule, "ingress", place),
    ...ingressCidrs(rule, "ingressDeny", place),
    ...egressCidrs(rule, "egress", place),
    ...egressCidrs(rule, "egressDeny", place),
  ]);

const ingressCidrs = (rule: Rule, list: "ingress" | "ingressDeny", place: string): Cidr[] =>
  (rule[list] ?? []).flatMap((item, index) => cidrs(item.fromCIDR, item.fromCIDRSet, at(place, list, index), "from"));

const egressCidrs = (rule: Rule, list: "egress" | "egressDeny", place: string): Cidr[] =>
  (rule[list] ?? []).flatMap((item, index) => cidrs(item.toCIDR, item.toCIDRSet, at(place, list, index), "to"));

const cidrs = (
  plain: readonly string[] | null | undefined,
  set: readonly CidrRule[] | null | undefined,
  place: string,
  side: "from" | "to",
): Cidr[] => [
  ...each(plain, place, `${side}CIDR`, (cidr, place) => [{ cidr, place }]),
  ...each(set, place, `${side}CIDRSet`, ({ cidr }, place) => (cidr ? [{ cidr, place: at(place, "cidr") }] : [])),
];
