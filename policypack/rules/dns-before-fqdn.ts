import { namespaceOf, placedRules } from "../../cilium/policy/parts.ts";
import { at, each } from "../../cilium/policy/place.ts";
import { representatives } from "../../cilium/policy/representatives.ts";
import type { FqdnSelector } from "../../cilium/policy/schema.ts";
import type { Label } from "../../cilium/policy/selector.ts";
import { nameMatcher } from "../../cilium/reach/compile/fqdn.ts";
import { type Finding, ruleConfig, stackRule } from "../rule.ts";
import type { Stack } from "../stack/stack.ts";

const configSchema = ruleConfig({});

export const dnsBeforeFqdn = stackRule({
  name: "dns-before-fqdn",
  description:
    "Who may reach names (toFQDNs) also has a DNS rule that lets those names through, from a policy that is applied earlier. Cilium learns the addresses of a name from lookups that pass its DNS proxy; without such a rule the name never matches.",
  url: "https://docs.cilium.io/en/stable/security/policy/layer7/#dns-policy-and-ip-discovery",
  configSchema,
  enforcementLevel: "mandatory",
  validateStack: (policy, stack) =>
    placedRules(policy).flatMap(({ rule, place }) => {
      const pods = representatives(rule.endpointSelector ?? {}, namespaceOf(policy));
      const proxied = pods.map((pod) => dnsRules(pod, stack));
      return each(rule.egress, place, "egress", ({ toFQDNs }, place) =>
        each(toFQDNs, place, "toFQDNs", (name, place) => unresolved(name, proxied, place)),
      );
    }),
});

const dnsRules = (pod: readonly Label[], stack: Stack): FqdnSelector[] =>
  stack
    .rulesFor(pod)
    .filter(({ direction, effect }) => direction === "egress" && effect === "allow")
    .flatMap(({ ports }) => ports.flatMap(({ l7 }) => l7?.dns ?? []));

function unresolved(name: FqdnSelector, proxied: readonly FqdnSelector[][], place: string): Finding[] {
  if (proxied.every((rules) => rules.some((rule) => covers(rule, name)))) return [];
  const written = name.matchName ?? name.matchPattern ?? "";
  const none = proxied.every((rules) => rules.length === 0);
  return [
    {
      place: at(place, name.matchName ? "matchName" : "matchPattern"),
      problem: none
        ? `${written} never matches: no DNS rule applies to these pods`
        : `${written} never matches: no DNS rule of these pods lets it through`,
      fix: `let the pods' egress to the DNS server pass rules.dns with a pattern for it, in this policy or in one that it depends on (dependsOn)`,
    },
  ];
}

/** Whether all names of `name`, as far as samples tell, pass a DNS rule. */
const covers = (rule: FqdnSelector, name: FqdnSelector): boolean => samples(name).every(nameMatcher(rule));

/** Wildcards stand for nothing, for some letters, and as `**.` for one label or more. */
function samples({ matchName, matchPattern }: FqdnSelector): string[] {
  if (matchName) return [matchName];
  const pattern = matchPattern ?? "";
  if (/^\*+\.?$/.test(pattern)) return ["a", "a.b", "a.b.c"];
  const heads = /^\*{2,}\./.test(pattern) ? ["x.", "x.y."] : [""];
  const rest = pattern.replace(/^\*{2,}\./, "");
  return heads.flatMap((head) => ["w", "w-1"].map((filling) => head + rest.replaceAll(/\*+/g, filling)));
}
