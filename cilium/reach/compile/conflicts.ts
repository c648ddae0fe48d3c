/**
 * Rules that Cilium cannot merge: when an endpoint's rules agree on peers and ports and disagree above L4, the agent
 * computes no policy for the endpoint and goes on enforcing an earlier one (`mergePortProto` in `pkg/policy/rule.go`).
 */

import type { L7, L7Parser } from "./ports.ts";
import { protocolBit } from "./ports.ts";
import type { CompiledRule } from "./rules.ts";

/**
 * Why the rules of an endpoint for one direction cannot be merged; undefined if they can.
 * @param inNamespace false for endpoints of Cilium's own, as the Gateway's
 */
export function conflictOf(rules: readonly CompiledRule[], inNamespace: boolean): string | undefined {
  const ambiguous = ambiguousRange(rules);
  if (ambiguous !== undefined) return ambiguous;
  if (!rules.some((rule) => rule.authentication !== undefined || rule.ports.some(({ l7 }) => l7 !== undefined))) {
    return undefined;
  }
  const homeless = inNamespace ? undefined : rules.find(({ ports }) => ports.some(({ l7 }) => l7?.namespacedListener));
  if (homeless !== undefined) {
    return `${homeless.policy} names a CiliumEnvoyConfig, which an endpoint without a namespace cannot have`;
  }
  const filters = new Map<string, Merged>();
  for (const added of rules.toSorted(inOrderOfImport).flatMap(contributions)) {
    const existing = filters.get(added.filter);
    const merged = existing === undefined ? added : merge(existing, added);
    if (typeof merged === "string") return merged;
    filters.set(added.filter, merged);
  }
  return undefined;
}

/** What a rule says about one set of peers on one set of ports, which Cilium calls a filter. */
type Merged = {
  readonly filter: string;
  readonly origin: string;
  readonly deny: boolean;
  readonly authentication: string | undefined;
  readonly parser: L7Parser | undefined;
  readonly priority: number;
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
        .filter(({ key }) => key !== nobody)
        .map(({ key }) => ({
          filter: `${match.key}/${protocol} ${key}`,
          origin: `${rule.policy} ${rule.references[i]?.path}`,
          deny: rule.deny,
          authentication: rule.authentication,
          ...l7Part(match.l7),
        })),
    ),
  );

const l7Part = (l7: L7 | undefined) => ({
  parser: l7?.parser,
  priority: l7?.priority ?? lowestPriority,
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

/** Clusterwide policies first, then by name; the rules of a policy in their order (`ruleSlice.sort`). */
function inOrderOfImport(a: CompiledRule, b: CompiledRule): number {
  if (a.clusterwide !== b.clusterwide) return a.clusterwide ? -1 : 1;
  return a.policy === b.policy ? 0 : a.policy < b.policy ? -1 : 1;
}

function merge(a: Merged, b: Merged): Merged | string {
  if (a.deny) return a;
  if (b.deny) return b;
  const parser = mergeParsers(a.parser, b.parser);
  if (parser === "conflict") return conflict(a, b, `different L7 parsers (${a.parser} and ${b.parser})`);
  const priority = parser === a.parser ? a.priority : b.priority;
  const listener = mergeListeners({ ...a, priority }, b);
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
    priority: listener?.priority ?? priority,
    listener: listener?.listener,
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

/** Where rules give one named port different ends, Cilium takes the first that it imports for all of them. */
function ambiguousRange(rules: readonly CompiledRule[]): string | undefined {
  const ends = new Map<string, { readonly endPort: number; readonly policy: string }>();
  for (const { ports, policy, direction } of rules) {
    for (const match of direction === "ingress" ? ports : []) {
      if (!("name" in match.ports)) continue;
      const { name, endPort } = match.ports;
      const first = ends.get(name);
      if (first === undefined) ends.set(name, { endPort, policy });
      else if (first.endPort !== endPort) return `${first.policy} and ${policy} give the port ${name} different ends`;
    }
  }
  return undefined;
}

type Listening = Pick<Merged, "listener" | "priority">;

function mergeListeners(a: Listening, b: Listening): Listening | "conflict" {
  if (b.listener === undefined || (b.listener === a.listener && b.priority === a.priority)) return a;
  if (a.priority < b.priority) return a;
  return a.listener === undefined || b.priority < a.priority ? b : "conflict";
}

const conflict = (a: Merged, b: Merged, what: string): string =>
  `${a.origin} and ${b.origin} say the same peers and ports with ${what}; the agent keeps an earlier policy`;

const same = (a: Merged, b: Merged): boolean =>
  a.parser === b.parser && a.serverNames === b.serverNames && a.requests === b.requests;
