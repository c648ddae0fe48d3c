/** Where Cilium's own configuration contradicts the policies of a program, so that it does not do what they say. */
import { rulesOf } from "../policy/parts.ts";
import type { Policy, Rule } from "../policy/schema.ts";
import type { Finding } from "./finding.ts";

/** The agents of a cluster, as far as their objects could be read. */
export interface Agent {
  /** The data of the ConfigMap `kube-system/cilium-config`. */
  readonly configuration: Readonly<Record<string, string>> | undefined;
  /** Major and minor version. */
  readonly version: readonly [number, number] | undefined;
}

/** @param clusterName Cilium's name of the cluster, as the policies have it */
export const agentFindings = (
  { configuration, version }: Agent,
  policies: readonly Policy[],
  clusterName: string,
): Finding[] => [
  ...(configuration === undefined ? [] : contradictions(configuration, policies, clusterName)),
  ...(version === undefined ? [] : tooOld(version, policies)),
];

/** The agent's flags that decide about policies, with its defaults (`pkg/option/config.go`, `pkg/defaults`). */
function contradictions(
  configuration: Readonly<Record<string, string>>,
  policies: readonly Policy[],
  clusterName: string,
): Finding[] {
  const isOn = (key: string, byDefault: boolean): boolean => {
    const value = configuration[key] ?? "";
    return value === "" ? byDefault : /^(1|t|true)$/i.test(value);
  };
  const contradiction = (key: string, value: string, reason: string, fix: string): Finding => ({
    effect: "defeats",
    about: `cilium-config ${key}=${value}`,
    reason,
    fix,
  });
  const switched = (key: string, wanted: boolean, reason: string): Finding =>
    contradiction(key, String(!wanted), reason, `set it to ${wanted} in Cilium's Helm values and restart the agents`);

  const found: Finding[] = [];
  const name = configuration["cluster-name"] || "default";
  if (name !== clusterName) {
    found.push(
      contradiction(
        "cluster-name",
        name,
        `the program says ${clusterName}, so its clusterwide policies select no pod: names do not resolve`,
        `pulumi config set clusterName ${name}`,
      ),
    );
  }
  const kinds = [
    ["CiliumNetworkPolicy", "enable-cilium-network-policy"],
    ["CiliumClusterwideNetworkPolicy", "enable-cilium-clusterwide-network-policy"],
  ] as const;
  for (const [kind, key] of kinds) {
    const concerned = policies.filter((policy) => policy.kind === kind).length;
    if (concerned > 0 && !isOn(key, true))
      found.push(switched(key, true, `${none(concerned)} of the kind ${kind} is enforced`));
  }
  const proxied = policies.filter((policy) => rulesOf(policy).some(needsProxy)).length;
  if (proxied > 0 && !isOn("enable-l7-proxy", true)) {
    found.push(
      switched("enable-l7-proxy", true, `${some(proxied)} need it: L7 rules are refused, and toFQDNs learns no name`),
    );
  }
  const open = policies.filter((policy) => rulesOf(policy).some(isOpen)).length;
  if (open > 0 && !isOn("enable-non-default-deny-policies", true)) {
    found.push(
      switched(
        "enable-non-default-deny-policies",
        true,
        `${some(open)} without default deny (observe, allow-dns) would put pods into it and drop their traffic`,
      ),
    );
  }
  const mode = configuration["enable-policy"]?.toLowerCase() || "default";
  const isEnforcing = open < policies.length;
  if (mode === "never" && isEnforcing) {
    found.push(contradiction("enable-policy", mode, "no policy is enforced", enforceByDefault));
  }
  if (mode === "always") {
    const reason = "every pod is in default deny, also those without a policy and those that are only observed";
    found.push(contradiction("enable-policy", mode, reason, enforceByDefault));
  }
  if (isOn("policy-audit-mode", false) && isEnforcing)
    found.push(switched("policy-audit-mode", false, "nothing is dropped, only recorded"));
  return found;
}

const enforceByDefault = "set it to default in Cilium's Helm values and restart the agents";

const some = (count: number): string => `${count} ${count === 1 ? "policy" : "policies"}`;
const none = (count: number): string => (count === 1 ? "the 1 policy" : `none of the ${count} policies`);

/** L7 rules, which an agent without the proxy refuses (`pkg/policy/api/rule_validation.go`), and names that it teaches. */
const needsProxy = ({ ingress, egress }: Rule): boolean =>
  egress?.some(({ toFQDNs }) => toFQDNs != null) ||
  [...(ingress ?? []), ...(egress ?? [])].some(({ toPorts }) => toPorts?.some(({ rules }) => rules != null)) ||
  false;

const isOpen = ({ enableDefaultDeny }: Rule): boolean =>
  enableDefaultDeny?.ingress === false || enableDefaultDeny?.egress === false;

/** What a rule may use that not every agent knows, and Cilium's version that brought it. */
const needs: readonly {
  readonly what: string;
  readonly since: readonly [number, number];
  readonly by: (rule: Rule) => boolean;
}[] = [
  { what: "enableDefaultDeny", since: [1, 16], by: ({ enableDefaultDeny }) => enableDefaultDeny != null },
  { what: "names with **.", since: [1, 20], by: (rule) => patterns(rule).some((pattern) => pattern.startsWith("**.")) },
];

const patterns = ({ egress }: Rule): string[] =>
  (egress ?? []).flatMap(({ toFQDNs, toPorts }) =>
    [...(toFQDNs ?? []), ...(toPorts ?? []).flatMap(({ rules }) => rules?.dns ?? [])].flatMap(
      ({ matchPattern }) => matchPattern ?? [],
    ),
  );

function tooOld([major, minor]: readonly [number, number], policies: readonly Policy[]): Finding[] {
  return needs.flatMap(({ what, since: [sinceMajor, sinceMinor], by }) => {
    const concerned = policies.filter((policy) => rulesOf(policy).some(by)).length;
    if (concerned === 0 || major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)) return [];
    return {
      effect: "defeats",
      about: `Cilium ${major}.${minor}`,
      reason: `does not know ${what}, which ${some(concerned)} ${concerned === 1 ? "uses" : "use"}`,
      fix: `upgrade Cilium to ${sinceMajor}.${sinceMinor} or newer first`,
    };
  });
}
