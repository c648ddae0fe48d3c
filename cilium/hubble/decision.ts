/**
 * What an event tells of the decision at one end: verdict events and drops say at which, and since Cilium 1.16 by which
 * policies (`pkg/policy/correlation`).
 */
import type { Direction } from "../reach/compile/rules.ts";
import type { HubbleFlow } from "./event.ts";

export type Decision = {
  readonly direction: Direction;
  /** `audited`: the policies deny it, and the agent let it pass. */
  readonly outcome: "allowed" | "denied" | "audited";
  /** Whether a proxy took it; undefined where that is not told. */
  readonly isRedirected: boolean | undefined;
  /** Undefined where that was not recorded. */
  readonly by: DecidedBy | undefined;
};

export type DecidedBy =
  /** Keys of policies: `CiliumNetworkPolicy shop/web`. */
  | { readonly kind: "policies"; readonly policies: readonly string[] }
  /** A rule, which one was not recorded. */
  | { readonly kind: "rule" }
  /** No rule of a policy: default deny, or no policy in this direction. */
  | { readonly kind: "no-rule" };

/** How often each decision was recorded. */
export type Decisions = ReadonlyMap<Decision, number>;

/** Gives one object for all decisions that are equal. */
export function oneForEqual(): (decision: Decision) => Decision {
  const known = new Map<string, Decision>();
  return (decision) => {
    const { direction, outcome, isRedirected, by } = decision;
    const key = `${direction} ${outcome} ${isRedirected} ${by?.kind} ${by?.kind === "policies" ? by.policies.join() : ""}`;
    const one = known.get(key) ?? decision;
    known.set(key, one);
    return one;
  };
}

/** @param one gives one object for all that are equal */
export function decisionReader(one: (decision: Decision) => Decision): (flow: HubbleFlow) => Decision | undefined {
  return (flow) => {
    const direction = directionOf(flow);
    const outcome = outcomeOf(flow);
    if (direction === undefined || outcome === undefined) return undefined;
    const by = decidedBy(flow, direction, outcome);
    const isRedirected = isVerdict(flow) && outcome === "allowed" ? flow.verdict === "REDIRECTED" : undefined;
    return one({ direction, outcome, isRedirected, by });
  };
}

/** The type of the event of a policy's verdict (`MessageTypePolicyVerdict` in `pkg/monitor/api/types.go`). */
const policyVerdict = 5;

export const isVerdict = ({ event_type }: HubbleFlow): boolean => event_type?.type === policyVerdict;

function directionOf({ traffic_direction }: HubbleFlow): Direction | undefined {
  if (traffic_direction === "EGRESS") return "egress";
  return traffic_direction === "INGRESS" ? "ingress" : undefined;
}

/** Packets that were traced are counted by how far they got; a drop for lack of authentication is none by a policy. */
function outcomeOf(flow: HubbleFlow): Decision["outcome"] | undefined {
  if (flow.Type === "L7") return undefined;
  switch (flow.verdict) {
    case "DROPPED":
      return reasonOf(flow) === "AUTH_REQUIRED" ? undefined : "denied";
    case "AUDIT":
      return "audited";
    case "FORWARDED":
    case "REDIRECTED":
      return isVerdict(flow) ? "allowed" : undefined;
    default:
      return undefined;
  }
}

const reasonOf = ({ drop_reason_desc, drop_reason }: HubbleFlow) => drop_reason_desc ?? drop_reason;

function decidedBy(flow: HubbleFlow, direction: Direction, outcome: Decision["outcome"]): DecidedBy | undefined {
  const named = flow[`${direction}_${outcome === "allowed" ? "allowed" : "denied"}_by`] ?? [];
  const policies = named.flatMap(({ kind, namespace, name }) =>
    name ? [`${kind} ${namespace ? `${namespace}/` : ""}${name}`] : [],
  );
  if (policies.length > 0) return { kind: "policies", policies: [...new Set(policies)].sort() };
  // Rules of Cilium's own have labels and no name: to allow what is under no policy, and a pod's own node.
  if (named.length > 0) return { kind: "no-rule" };
  if (outcome === "denied") {
    const reason = reasonOf(flow);
    if (reason === "POLICY_DENY") return { kind: "rule" };
    return reason === "POLICY_DENIED" ? { kind: "no-rule" } : undefined;
  }
  const isRule = outcome === "allowed" && ruleMatches.has(flow.policy_match_type ?? 0) && !isFromHost(flow);
  return isRule ? { kind: "rule" } : undefined;
}

/**
 * What only an entry of a rule matches by (`PolicyMatchL3Only` … in `pkg/monitor/api/types.go`), but for the one that lets
 * a pod's own node in; an entry for everything may be that of no policy.
 */
const ruleMatches = new Set([1, 2, 3, 5, 6]);

const isFromHost = ({ source }: HubbleFlow): boolean =>
  source?.identity === 1 || Boolean(source?.labels?.includes("reserved:host"));
