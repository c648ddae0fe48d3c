/**
 * Why verdicts are not those that were recorded. What the record names is evidence; where it does not, what could be
 * otherwise is tried: a cause is one that would make the end agree.
 */
import { policyKey, referenceTo } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";
import { assumedKeys, kindKeys } from "../reach/compile/configuration.ts";
import type { Network } from "../reach/compile/network.ts";
import type { EndVerdict } from "../reach/decide/verdict.ts";
import { type ComparedEnd, compareEnds, decidingRules, hasSameOutcome, hasSameProxy } from "./compared.ts";
import type { Decision } from "./decision.ts";
import { judge, type Surroundings } from "./judge.ts";
import type { FlowRecord } from "./record.ts";

export type Cause =
  /** A policy that is not among these, by key where the record names it. */
  | { readonly kind: "missing-policy"; readonly policy: string | undefined }
  /** Policies that were not in force. */
  | { readonly kind: "absent-policies"; readonly policies: readonly string[] }
  /** Policies that said something else. */
  | { readonly kind: "changed-policies"; readonly policies: readonly string[] }
  /** The cluster decided both ways: its policies changed while it was recorded. */
  | { readonly kind: "changed-meanwhile" }
  /** A policy that is not judged here, and why. */
  | { readonly kind: "unjudged-policy"; readonly policy: string; readonly why: string }
  /** The policies deny it, and the agent only records that. */
  | { readonly kind: "audit-mode" }
  /** A key of `cilium-config`, of which nothing is known here. */
  | { readonly kind: "configuration"; readonly key: string; readonly value: string }
  /** It goes through a proxy on one side only. */
  | { readonly kind: "proxy" }
  | { readonly kind: "unknown" };

export function causeText(cause: Cause): string {
  switch (cause.kind) {
    case "missing-policy":
      return cause.policy === undefined ? "a policy that is not among these" : `${cause.policy} is not among these`;
    case "absent-policies":
      return `${cause.policies.join(", ")} not in force when recorded`;
    case "changed-policies":
      return `${cause.policies.join(", ")} not the same when recorded`;
    case "changed-meanwhile":
      return "policies that changed while it was recorded";
    case "unjudged-policy":
      return `${cause.policy} is not judged: ${cause.why}`;
    case "audit-mode":
      return "audit mode: nothing is dropped there";
    case "configuration":
      return `cilium-config, with ${cause.key}: ${cause.value}`;
    case "proxy":
      return "a proxy, on one side only";
    case "unknown":
      return "unknown";
  }
}

type Differing = Extract<ComparedEnd, { state: "differs" }>;

/** Whatever may be the cause of each difference, one at least. */
export function attribute(
  record: FlowRecord,
  policies: readonly Policy[],
  surroundings: Surroundings,
  network: Network,
  ends: readonly ComparedEnd[],
  broken: ReadonlyMap<string, string>,
): Map<ComparedEnd, readonly Cause[]> {
  const known = new Set(policies.map((policy) => policyKey(referenceTo(policy))));
  const unjudged = new Map([...broken, ...leftOut(network)]);
  const causes = new Map<ComparedEnd, readonly Cause[]>();
  const open: Differing[] = [];
  for (const end of ends) {
    if (end.state !== "differs") continue;
    const told = toldBy(end, known, unjudged);
    if (told.length > 0) causes.set(end, told);
    else open.push(end);
  }
  if (open.length === 0) return causes;
  const otherwise = tryOtherwise(record, policies, surroundings, ends, open);
  for (const end of open) {
    const tried = otherwise.get(end) ?? [];
    const found = [...tried, ...impliedBy(end, tried.length > 0)];
    causes.set(end, found.length > 0 ? found : [{ kind: "unknown" }]);
  }
  return causes;
}

/** Policies of the network that are not enforced, and why. */
const leftOut = ({ refused, basis }: Network): [string, string][] => [
  ...refused.map((policy): [string, string] => [
    policyKey(policy),
    `the agent refuses it (${policy.faults.map(({ reason }) => reason).join("; ")})`,
  ]),
  ...basis.unwatched.map((policy): [string, string] => [policyKey(policy), `${policy.key} is not set`]),
];

/** What the record itself says of the cause. */
function toldBy(
  { differing, here }: Differing,
  known: ReadonlySet<string>,
  unjudged: ReadonlyMap<string, string>,
): Cause[] {
  const named = differing.by?.kind === "policies" ? differing.by.policies : [];
  const foreign = named.flatMap((policy): Cause[] => {
    const why = unjudged.get(policy) ?? unjudgedKind(policy);
    if (why !== undefined) return [{ kind: "unjudged-policy", policy, why }];
    return known.has(policy) ? [] : [{ kind: "missing-policy", policy }];
  });
  if (foreign.length > 0) return foreign;
  return differing.outcome === "audited" && here.verdict === "denied" ? [{ kind: "audit-mode" }] : [];
}

function unjudgedKind(policy: string): string | undefined {
  const [kind = ""] = policy.split(" ");
  return kind in kindKeys ? undefined : `netpol judges no ${kind}`;
}

/** What the recorded decision leaves as possible besides what was tried. */
function impliedBy({ recorded, differing, here, deciding }: Differing, isExplained: boolean): Cause[] {
  const { outcome } = differing;
  const isMixed = recorded.some((one) => one.outcome !== outcome);
  const isProxy = !isExplained && hasSameOutcome(differing, here) && !hasSameProxy(differing, here);
  const changed = isExplained ? [] : changedPolicies(differing, here, deciding);
  return [
    ...(isMixed ? [{ kind: "changed-meanwhile" } as const] : []),
    ...(isProxy ? [{ kind: "proxy" } as const] : []),
    ...(changed.length > 0 ? [{ kind: "changed-policies", policies: changed } as const] : []),
    ...(mayBeUnnamed(differing, here) ? [{ kind: "missing-policy", policy: undefined } as const] : []),
  ];
}

/** The policies that the record names and that do not decide here, or else those that do. */
function changedPolicies({ by }: Decision, here: EndVerdict, deciding: readonly string[]): readonly string[] {
  // The rules are the same; who looked the name up is not.
  if (isUnresolvable(here)) return [];
  const rules = decidingRules(here);
  const others = by?.kind === "policies" ? by.policies.filter((policy) => !rules.has(policy)) : [];
  return others.length > 0 ? others : deciding;
}

/**
 * Whether a policy that is not among these may have decided. None is needed to connect under none, and none puts a pod's
 * own node under default deny; but where `enable-policy` is `always`, any policy lets it in.
 */
function mayBeUnnamed({ by, outcome }: Decision, here: EndVerdict): boolean {
  if (isUnresolvable(here)) return true;
  switch (by?.kind) {
    case "policies":
      return false;
    case "no-rule":
      return outcome === "allowed"
        ? here.verdict === "denied" && here.by.kind === "default-deny" && here.by.policies.length === 0
        : !(here.verdict === "allowed" && here.by.kind === "allow-localhost");
    case "rule":
    case undefined:
      return true;
  }
}

/** Whether it is denied for lack of a policy that sends look-ups of the name through the DNS proxy. */
const isUnresolvable = (here: EndVerdict): boolean => here.verdict === "denied" && here.by.kind === "unresolvable";

/** What could be otherwise: policies or configuration, and the cause that it would be. */
type Alternative = {
  readonly policies: readonly Policy[];
  readonly surroundings: Surroundings;
  /** @param isConsistent whether everything else agrees as before; undefined if it is no cause then */
  readonly cause: (isConsistent: boolean) => Cause | undefined;
};

/** More sets of policies than anybody has changed at once. */
const mostTried = 24;

function tryOtherwise(
  record: FlowRecord,
  policies: readonly Policy[],
  surroundings: Surroundings,
  ends: readonly ComparedEnd[],
  open: readonly Differing[],
): Map<ComparedEnd, Cause[]> {
  const wanted = new Set<ComparedEnd>(open);
  const found = new Map<ComparedEnd, Cause[]>();
  for (const alternative of [
    ...otherConfigurations(policies, surroundings),
    ...fewerPolicies(policies, surroundings, open),
  ]) {
    const states = compareEnds(judge(record, alternative.policies, alternative.surroundings));
    const isConsistent = ends.every(({ state }, i) => state !== "agrees" || states[i]?.state === "agrees");
    const cause = alternative.cause(isConsistent);
    if (cause === undefined) continue;
    ends.forEach((end, i) => {
      if (wanted.has(end) && states[i]?.state === "agrees") found.set(end, [...(found.get(end) ?? []), cause]);
    });
  }
  return found;
}

/** The keys that are assumed, one at a time with another value. */
function otherConfigurations(policies: readonly Policy[], surroundings: Surroundings): Alternative[] {
  if (surroundings.configuration !== undefined) return [];
  return assumedKeys(policies).flatMap(({ key, assumed }) =>
    (otherValues[key] ?? [assumed === "true" ? "false" : "true"]).map((value) => ({
      policies,
      surroundings: { ...surroundings, configuration: { [key]: value } },
      cause: (isConsistent): Cause | undefined => (isConsistent ? { kind: "configuration", key, value } : undefined),
    })),
  );
}

const otherValues: Readonly<Record<string, readonly string[]>> = {
  "enable-policy": ["always", "never"],
  "allow-localhost": ["policy"],
  "policy-cidr-match-mode": ["nodes", "pods"],
};

/** Without the policies that decide an end, those that decide the most first. */
function fewerPolicies(
  policies: readonly Policy[],
  surroundings: Surroundings,
  open: readonly Differing[],
): Alternative[] {
  const deciding = Map.groupBy(open, (end) => end.deciding.join("\n"));
  return [...deciding]
    .filter(([keys]) => keys !== "")
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, mostTried)
    .map(([keys]) => {
      const without = new Set(keys.split("\n"));
      return {
        policies: policies.filter((policy) => !without.has(policyKey(referenceTo(policy)))),
        surroundings,
        cause: (isConsistent) => ({
          kind: isConsistent ? "absent-policies" : "changed-policies",
          policies: [...without],
        }),
      };
    });
}
