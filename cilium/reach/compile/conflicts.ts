/**
 * Rules that Cilium cannot merge: when an endpoint's rules agree on peers and ports and disagree above L4, the agent
 * computes no policy for the endpoint and goes on enforcing an earlier one (`mergePortProto` in `pkg/policy/rule.go`).
 */

import type { L7, L7Parser } from "./ports.ts";
import { protocolBit } from "./ports.ts";
import { type CompiledRule, type Effect, type RuleReference, ruleText } from "./rules.ts";

/** Rules that cannot be merged, and what they disagree about; or more entries than a policy map holds. */
export type Conflict = Unmergeable | { readonly entries: number; readonly limit: number };

type Unmergeable = { readonly rules: readonly RuleReference[]; readonly what: string };

export const conflictText = (conflict: Conflict): string =>
  "entries" in conflict
    ? `the rules here take ${conflict.entries} entries of a policy map that holds ${conflict.limit} (bpf-policy-map-max), and which of them the agent leaves out is not known`
    : `${conflict.rules.map(ruleText).join(" and ")} ${conflict.what}; the agent keeps an earlier policy`;

/**
 * Why the rules of an endpoint for one direction cannot be merged; undefined if they can.
 * @param rules in the order in which they decide
 * @param inNamespace false for endpoints of Cilium's own, as the Gateway's
 */
export function conflictOf(rules: readonly CompiledRule[], inNamespace: boolean): Unmergeable | undefined {
  const ambiguous = ambiguousRange(rules);
  if (ambiguous !== undefined) return ambiguous;
  if (!rules.some((rule) => rule.authentication !== undefined || rule.ports.some(({ l7 }) => l7 !== undefined))) {
    return undefined;
  }
  const homeless = inNamespace ? undefined : rules.find(({ ports }) => ports.some(({ l7 }) => l7?.namespacedListener));
  if (homeless !== undefined) {
    return {
      rules: homeless.references.slice(0, 1),
      what: "name a CiliumEnvoyConfig, which an endpoint without a namespace cannot have",
    };
  }
  const filters = new Map<string, Merged>();
  for (const added of rules.flatMap(contributions)) {
    const existing = filters.get(added.filter);
    const merged = existing === undefined ? added : merge(existing, added);
    if ("what" in merged) return merged;
    filters.set(added.filter, merged);
  }
  return undefined;
}

/** What a rule says about one set of peers on one set of ports, which Cilium calls a filter. */
type Merged = {
  readonly filter: string;
  readonly origin: RuleReference;
  readonly priority: number;
  readonly effect: Effect;
  readonly authentication: string | undefined;
  readonly parser: L7Parser | undefined;
  readonly listenerPriority: number;
  readonly listener: string | undefined;
  readonly terminatingTLS: string | undefined;
  readonly originatingTLS: string | undefined;
  readonly serverNames: boolean;
  readonly requests: boolean;
};

const contributions = (rule: CompiledRule): Merged[] =>
  rule.ports.flatMap((match, i) =>
    protocolsIn(match.protocols).flatMap((protocol) =>
      rule.peers
        .filter(({ selector: { key } }) => key !== nobody)
        .flatMap(({ selector: { key } }) => {
          const origin = rule.references[i];
          return origin === undefined
            ? []
            : [
                {
                  filter: `${rule.tier} ${match.key}/${protocol} ${key}`,
                  origin,
                  priority: rule.priority,
                  effect: rule.effect,
                  authentication: rule.authentication,
                  ...l7Part(match.l7),
                },
              ];
        }),
    ),
  );

const l7Part = (l7: L7 | undefined) => ({
  parser: l7?.parser,
  listenerPriority: l7?.priority ?? lowestPriority,
  listener: l7?.listener,
  terminatingTLS: l7?.terminatingTLS,
  originatingTLS: l7?.originatingTLS,
  serverNames: (l7?.serverNames.length ?? 0) > 0,
  requests: (l7?.http.length ?? 0) + (l7?.dns.length ?? 0) > 0,
});

/** The selector of the entity `none`, whose rules Cilium does not merge. */
const nobody = JSON.stringify([{ source: "reserved", key: "none", operator: "In", values: [""] }]);

const lowestPriority = 256;

const protocolsIn = (bits: number): number[] => Object.values(protocolBit).filter((bit) => (bits & bit) !== 0);

const precedence: Readonly<Record<Effect, number>> = { deny: 0, allow: 1, pass: 2 };

/** Of two in order, the first decides alone where it comes first by priority or effect. */
function merge(a: Merged, b: Merged): Merged | Unmergeable {
  if (a.priority < b.priority || precedence[a.effect] < precedence[b.effect]) return a;
  if (precedence[b.effect] < precedence[a.effect]) return b;
  if (a.effect !== "allow") return a;
  const parser = mergeParsers(a.parser, b.parser);
  if (parser === "conflict") return conflict(a, b, `different L7 parsers (${a.parser} and ${b.parser})`);
  const listenerPriority = parser === a.parser ? a.listenerPriority : b.listenerPriority;
  const listener = mergeListeners({ ...a, listenerPriority }, b);
  if (listener === "conflict") return conflict(a, b, "different Envoy listeners of the same priority");
  for (const part of ["authentication", "terminatingTLS", "originatingTLS"] as const) {
    if (a[part] !== undefined && b[part] !== undefined && a[part] !== b[part])
      return conflict(a, b, `different ${part}`);
  }
  const terminatingTLS = a.terminatingTLS ?? b.terminatingTLS;
  const serverNames = a.serverNames || b.serverNames;
  if (serverNames && a.requests && terminatingTLS === undefined && !same(a, b)) {
    return conflict(a, b, "server names and L7 rules without TLS termination");
  }
  return {
    ...a,
    parser,
    listenerPriority: listener.listenerPriority,
    listener: listener.listener,
    authentication: a.authentication ?? b.authentication,
    terminatingTLS,
    originatingTLS: a.originatingTLS ?? b.originatingTLS,
    serverNames,
    requests: a.requests || b.requests,
  };
}

function mergeParsers(a: L7Parser | undefined, b: L7Parser | undefined): L7Parser | undefined | "conflict" {
  if (a === b || b === undefined) return a;
  if (a === undefined) return b;
  if (a === "tls" && b === "http") return b;
  if (b === "tls" && a === "http") return a;
  return "conflict";
}

/** Where rules of a tier give one named port different ends, Cilium takes the first that it imports for all of them. */
function ambiguousRange(rules: readonly CompiledRule[]): Unmergeable | undefined {
  const ends = new Map<string, { readonly endPort: number; readonly reference: RuleReference }>();
  for (const { ports, references, tier, direction } of rules) {
    for (const [i, match] of direction === "ingress" ? ports.entries() : []) {
      const reference = references[i];
      if (!("name" in match.ports) || reference === undefined) continue;
      const { name, endPort } = match.ports;
      const first = ends.get(`${tier} ${name}`);
      if (first === undefined) ends.set(`${tier} ${name}`, { endPort, reference });
      else if (first.endPort !== endPort) {
        return { rules: [first.reference, reference], what: `give the port ${name} different ends` };
      }
    }
  }
  return undefined;
}

type Listening = Pick<Merged, "listener" | "listenerPriority">;

function mergeListeners(a: Listening, b: Listening): Listening | "conflict" {
  if (b.listener === undefined || (b.listener === a.listener && b.listenerPriority === a.listenerPriority)) return a;
  if (a.listenerPriority < b.listenerPriority) return a;
  return a.listener === undefined || b.listenerPriority < a.listenerPriority ? b : "conflict";
}

const conflict = (a: Merged, b: Merged, what: string): Unmergeable => ({
  rules: [a.origin, b.origin],
  what: `say the same peers and ports with ${what}`,
});

const same = (a: Merged, b: Merged): boolean =>
  a.parser === b.parser && a.serverNames === b.serverNames && a.requests === b.requests;
