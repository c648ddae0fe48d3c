/** What is enforced at an endpoint or a node: the rules that select it, in the order in which they decide. */
import { type PolicyReference, policyKey } from "../../policy/parts.ts";
import { podNamespaceLabel } from "../../policy/selector.ts";
import { type Conflict, conflictOf } from "./conflicts.ts";
import type { Identity } from "./identity.ts";
import { mapEntries } from "./map-size.ts";
import type { NetworkRule } from "./network.ts";
import type { Tier } from "./rules.ts";
import type { Selection } from "./selection.ts";
import type { Unknown } from "./unknown.ts";

export type EnforcedPolicy = {
  readonly ingress: DirectionPolicy;
  readonly egress: DirectionPolicy;
  /** Why the agent cannot compute the endpoint's policy; it then goes on enforcing an earlier one. */
  readonly conflict: Conflict | undefined;
};

/** The rules that select an endpoint, for one direction. */
export type DirectionPolicy = {
  readonly rules: readonly NetworkRule[];
  /** The same, grouped by tier and priority. */
  readonly levels: readonly Level[];
  /** Whether what no rule decides is denied. */
  readonly defaultDeny: boolean;
  /** The policies that say so; none where the agent's configuration does, or at an endpoint without labels yet. */
  readonly isolating: readonly PolicyReference[];
  /** Whether the endpoint's own node is let in where no rule decides. */
  readonly admitsHost: boolean;
  /** Set where it is not known whether a rule selects the endpoint: nothing here is decidable then. */
  readonly unknownSubject: { readonly rule: NetworkRule; readonly unknown: Unknown } | undefined;
};

/** Rules that decide together: a deny before an allow before a pass. */
export type Level = { readonly tier: Tier; readonly rules: readonly NetworkRule[] };

/** What the configuration and the kind of endpoint add to its rules. */
type Circumstances = {
  readonly always: boolean;
  readonly isInitializing: boolean;
  readonly admitsHost: boolean;
  /** How many entries its policy map holds (`bpf-policy-map-max`), and how many parties there are. */
  readonly mapMax: number;
  readonly parties: number;
};

/** @param selecting the rules that select it or may do so, in order */
export function enforcedPolicy(
  selecting: readonly { readonly rule: NetworkRule; readonly selection: Selection }[],
  identity: Pick<Identity, "labels">,
  circumstances: Circumstances,
): EnforcedPolicy {
  const direction = (name: "ingress" | "egress"): DirectionPolicy => {
    const own = selecting.filter(({ rule }) => rule.direction === name);
    const rules = own.filter(({ selection }) => selection === "yes").map(({ rule }) => rule);
    const isolating = rules.filter(({ defaultDeny }) => defaultDeny);
    const [unknownSubject] = own.flatMap(({ rule, selection }) =>
      typeof selection === "string" ? [] : [{ rule, unknown: selection.maybe }],
    );
    return {
      rules,
      levels: levelsOf(rules),
      defaultDeny: circumstances.always || circumstances.isInitializing || isolating.length > 0,
      isolating: distinct(isolating),
      admitsHost: name === "ingress" && circumstances.admitsHost && rules.length > 0,
      unknownSubject,
    };
  };
  const ingress = direction("ingress");
  const egress = direction("egress");
  const inNamespace = identity.labels.some(({ key }) => key === podNamespaceLabel);
  return {
    ingress,
    egress,
    conflict:
      conflictOf(ingress.rules, inNamespace) ??
      conflictOf(egress.rules, inNamespace) ??
      overflow([...ingress.rules, ...egress.rules], circumstances),
  };
}

function overflow(rules: readonly NetworkRule[], { mapMax: limit, parties }: Circumstances): Conflict | undefined {
  const entries = mapEntries(rules, parties, limit);
  return entries > limit ? { entries, limit } : undefined;
}

function levelsOf(rules: readonly NetworkRule[]): Level[] {
  const levels: { tier: Tier; priority: number; rules: NetworkRule[] }[] = [];
  for (const rule of rules) {
    const last = levels.at(-1);
    if (last !== undefined && last.tier === rule.tier && last.priority === rule.priority) last.rules.push(rule);
    else levels.push({ tier: rule.tier, priority: rule.priority, rules: [rule] });
  }
  return levels;
}

const distinct = (rules: readonly NetworkRule[]): PolicyReference[] => [
  ...new Map(rules.map(({ kind, policy }) => [policyKey({ kind, policy }), { kind, policy }])).values(),
];
