/**
 * How long proofs take, and how much memory: this cluster and made-up ones against an edit and against a rewriting of
 * themselves, and policies that were made to have many combinations. Made-up ones have ten policies a namespace.
 * `node bench/prove.ts [sizes]`
 */
import { inventoryOf } from "../cilium/model/inventory.ts";
import type { Policy, Rule } from "../cilium/policy/schema.ts";
import { equal, type Proof } from "../cilium/prove/prove.ts";
import type { Inventory } from "../cilium/reach/compile/inventory.ts";
import { program } from "../test/this-cluster/rendered.ts";
import { policiesOf } from "./generated.ts";

const nobody: Inventory = { cluster: "default", endpoints: [], nodes: [], names: [] };
const { policies, cluster } = program;
const own = { ...inventoryOf(cluster), endpoints: [] };

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [170, 250, 500, 1000, 2000];
const families = process.argv.length > 2 ? [] : [75, 150, 300];

console.table([
  ...against("this cluster", policies, own),
  ...sizes.flatMap((size) => against(`${size} policies`, policiesOf(size, undefined, 10), nobody)),
  ...families.flatMap((size) => [
    ...against(`${size} opt-in labels, a port each`, optIn(size, true), nobody),
    ...against(`${size} opt-in labels, a peer each`, optIn(size, false), nobody),
  ]),
]);
console.log("Medians of 3 runs in one process; memory is the process's at its highest.");

function against(title: string, before: readonly Policy[], inventory: Inventory) {
  return [
    measure(`${title}, edited`, before, edited(before), inventory),
    measure(`${title}, rewritten`, before, rewritten(before), inventory),
    measure(`${title}, in cases`, before, inCases(before), inventory),
  ];
}

function measure(title: string, before: readonly Policy[], after: readonly Policy[], inventory: Inventory) {
  const runs = Array.from({ length: 3 }, () => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const proof = equal({ policies: before, inventory }, { policies: after, inventory }, { connections: false });
    const { user, system } = process.cpuUsage(cpu);
    return { ms: performance.now() - start, cpu: (user + system) / 1000, proof };
  }).sort((a, b) => a.ms - b.ms);
  return {
    proof: title,
    answer: describe(runs[0]?.proof),
    ms: Math.round(runs[1]?.ms ?? 0),
    "CPU ms": Math.round(runs[1]?.cpu ?? 0),
    "memory MB": Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

/** One rule allows a port more. */
function edited(policies: readonly Policy[]): Policy[] {
  const middle = policies.findIndex(
    (policy, i) =>
      i >= policies.length / 2 &&
      policy.kind !== "NetworkPolicy" &&
      policy.kind !== "ClusterNetworkPolicy" &&
      policy.spec?.ingress?.[0]?.toPorts,
  );
  return policies.map((policy, i): Policy => {
    if (i !== middle || policy.kind === "NetworkPolicy" || policy.kind === "ClusterNetworkPolicy" || !policy.spec) {
      return policy;
    }
    const [first, ...rest] = policy.spec.ingress ?? [];
    const toPorts = [...(first?.toPorts ?? []), { ports: [{ port: "12345", protocol: "TCP" as const }] }];
    return { ...policy, spec: { ...policy.spec, ingress: [{ ...first, toPorts }, ...rest] } };
  });
}

/** The same in other words: a policy for each rule and each of its peers and ports, by expressions instead of labels. */
function rewritten(policies: readonly Policy[]): Policy[] {
  return policies.flatMap((policy): Policy[] => {
    if (policy.kind !== "CiliumNetworkPolicy" && policy.kind !== "CiliumClusterwideNetworkPolicy") return [policy];
    const { spec } = policy;
    if (!spec) return [policy];
    const { ingress, egress, ingressDeny, egressDeny, ...rest } = spec;
    const rules: Partial<Rule>[] = [
      ...(ingress ?? []).flatMap((rule) => apart(rule, "fromEndpoints").map((one) => ({ ingress: [one] }))),
      ...(egress ?? []).flatMap((rule) => apart(rule, "toEndpoints").map((one) => ({ egress: [one] }))),
      ...(ingressDeny ?? []).map((rule) => ({ ingressDeny: [rule] })),
      ...(egressDeny ?? []).map((rule) => ({ egressDeny: [rule] })),
    ];
    return rules.map(
      (rule, i): Policy => ({
        ...policy,
        metadata: { ...policy.metadata, name: `${policy.metadata.name}-${i}` },
        spec: { ...rest, ...rule, endpointSelector: asExpressions(spec.endpointSelector ?? {}) },
      }),
    );
  });
}

/** The same in a way that no rule is left as it was: each is there twice, for pods with some label and for those without. */
function inCases(policies: readonly Policy[]): Policy[] {
  return policies.flatMap((policy): Policy[] => {
    if (policy.kind !== "CiliumNetworkPolicy" && policy.kind !== "CiliumClusterwideNetworkPolicy") return [policy];
    const { spec, metadata } = policy;
    if (!spec) return [policy];
    const { matchLabels, matchExpressions } = spec.endpointSelector ?? {};
    return (["Exists", "DoesNotExist"] as const).map((operator) => ({
      ...policy,
      metadata: { ...metadata, name: `${metadata.name}-${operator.toLowerCase()}` },
      spec: {
        ...spec,
        endpointSelector: { matchLabels, matchExpressions: [...(matchExpressions ?? []), { key: "team", operator }] },
      },
    }));
  });
}

type Peers = {
  readonly fromEndpoints?: Selector[] | null | undefined;
  readonly toEndpoints?: Selector[] | null | undefined;
};
type Selector = NonNullable<Rule["endpointSelector"]>;

function apart<R extends Peers>(rule: R, field: "fromEndpoints" | "toEndpoints"): R[] {
  const peers = rule[field] ?? [];
  return peers.length < 2 ? [rule] : peers.map((peer) => ({ ...rule, [field]: [asExpressions(peer)] }));
}

function asExpressions({ matchLabels, matchExpressions }: Selector): Selector {
  return {
    matchExpressions: [
      ...Object.entries(matchLabels ?? {}).map(([key, value]) => ({ key, operator: "In" as const, values: [value] })),
      ...(matchExpressions ?? []),
    ],
  };
}

/** Labels that each let pods in or out somewhere, in any combination. */
function optIn(size: number, byPort: boolean): Policy[] {
  return Array.from(
    { length: size },
    (_, i): Policy => ({
      apiVersion: "cilium.io/v2",
      kind: "CiliumClusterwideNetworkPolicy",
      metadata: { name: `opt-in-${i}` },
      spec: {
        endpointSelector: { matchLabels: { [`may-${i}`]: "true" } },
        ingress: [
          {
            fromEndpoints: [{ matchLabels: { [`calls-${byPort ? "all" : i}`]: "true" } }],
            toPorts: [{ ports: [{ port: `${byPort ? 1000 + i : 443}`, protocol: "TCP" }] }],
          },
        ],
        egress: [
          {
            toEndpoints: [{ matchLabels: { [`serves-${byPort ? "all" : i}`]: "true" } }],
            toPorts: [{ ports: [{ port: `${byPort ? 1000 + i : 443}`, protocol: "TCP" }] }],
          },
        ],
      },
    }),
  );
}

function describe(proof: Proof | undefined): string {
  return proof?.kind === "undecided" ? `not decided: ${proof.reasons[0]}` : (proof?.kind ?? "");
}
