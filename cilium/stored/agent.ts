/** Where Cilium's own configuration contradicts the policies of a program, so that it does not do what they say. */
import { rulesOf } from "../policy/parts.ts";
import type { Policy, Rule } from "../policy/schema.ts";
import type { UpdateFinding } from "./finding.ts";

/** The agents of a cluster, as far as their objects could be read. */
export interface RunningAgent {
  /** The data of the ConfigMap `kube-system/cilium-config`. */
  readonly configuration: Readonly<Record<string, string>> | undefined;
  /** Major and minor version. */
  readonly version: readonly [number, number] | undefined;
}

/** @param clusterName Cilium's name of the cluster, as the policies have it */
export const agentFindings = (
  { configuration, version }: RunningAgent,
  policies: readonly Policy[],
  clusterName: string,
): UpdateFinding[] => [
  ...(configuration === undefined ? [] : contradictions(configuration, policies, clusterName)),
  ...(version === undefined ? [] : tooOld(version, policies)),
];

function contradictions(
  configuration: Readonly<Record<string, string>>,
  policies: readonly Policy[],
  clusterName: string,
): UpdateFinding[] {
  const name = configuration["cluster-name"] || "default";
  const called: UpdateFinding = {
    effect: "defeats",
    about: `cilium-config cluster-name=${name}`,
    reason: `the program says ${clusterName}: the clusterwide policy selects no pod, no name resolves`,
    fix: `pulumi config set clusterName ${name}`,
  };
  const set = flags(policies).filter(
    ({ key, wrong, concerned }) => concerned > 0 && normal(configuration[key]) === wrong,
  );
  return [
    ...(name === clusterName ? [] : [called]),
    ...set.map(
      ({ key, wrong, right, reason }): UpdateFinding => ({
        effect: "defeats",
        about: `cilium-config ${key}=${wrong}`,
        reason,
        fix: `set it to ${right} and restart the agents`,
      }),
    ),
  ];
}

/** The agent reads switches as Go's `strconv.ParseBool` does, and modes in any case. */
function normal(value: string | undefined): string | undefined {
  if (/^(1|t|true)$/i.test(value ?? "")) return "true";
  return /^(0|f|false)$/i.test(value ?? "") ? "false" : value?.toLowerCase();
}

/** A flag of the agent with a value, never the default one, by which some policies are not what they say. */
interface Flag {
  readonly key: string;
  readonly wrong: string;
  readonly right: string;
  /** How many policies. */
  readonly concerned: number;
  readonly reason: string;
}

/** The flags that decide about policies (`pkg/option/config.go`; their defaults in `pkg/defaults/defaults.go`). */
function flags(policies: readonly Policy[]): Flag[] {
  const count = (holds: (policy: Policy) => boolean): number => policies.filter(holds).length;
  const having = (holds: (rule: Rule) => boolean): number => count((policy) => rulesOf(policy).some(holds));
  const namespaced = count(({ kind }) => kind === "CiliumNetworkPolicy");
  const clusterwide = count(({ kind }) => kind === "CiliumClusterwideNetworkPolicy");
  const [proxied, open] = [having(needsProxy), having(isOpen)];
  const on = { wrong: "false", right: "true" };
  const byDefault = { key: "enable-policy", right: "default" };
  const ignored = (concerned: number) =>
    `the agents ignore this kind: ${some(concerned)} ${concerned === 1 ? "is" : "are"} not enforced`;
  return [
    { key: "enable-cilium-network-policy", ...on, concerned: namespaced, reason: ignored(namespaced) },
    { key: "enable-cilium-clusterwide-network-policy", ...on, concerned: clusterwide, reason: ignored(clusterwide) },
    {
      key: "enable-l7-proxy",
      ...on,
      concerned: proxied,
      reason: `${some(proxied)} need it: L7 rules are refused, and toFQDNs learns no name`,
    },
    {
      key: "enable-non-default-deny-policies",
      ...on,
      concerned: open,
      reason: `enableDefaultDeny: false is ignored: ${some(open)} would put pods into default deny`,
    },
    { ...byDefault, wrong: "never", concerned: policies.length - open, reason: "no policy is enforced" },
    {
      ...byDefault,
      wrong: "always",
      concerned: policies.length,
      reason: "every pod is in default deny, without a policy or only observed too",
    },
    {
      key: "policy-audit-mode",
      wrong: "true",
      right: "false",
      concerned: policies.length - open,
      reason: "nothing is dropped, only recorded",
    },
  ];
}

const some = (count: number): string => `${count} ${count === 1 ? "policy" : "policies"}`;

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

function tooOld([major, minor]: readonly [number, number], policies: readonly Policy[]): UpdateFinding[] {
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
