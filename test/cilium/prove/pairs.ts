/** Pairs of policy sets of which one is the other with a change: one that may matter, or one that cannot. */
import fc from "fast-check";
import { type Policy, policy as policySchema } from "../../../cilium/policy/schema.ts";
import type { Inventory } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import type { Side } from "../../../cilium/reach/report/diff.ts";
import { worlds } from "../reach/worlds.ts";

export type Pair = {
  readonly before: Side;
  readonly after: Side;
  /** What was done to the first. */
  readonly change: string;
  /** Whether no verdict can have changed. */
  readonly isNeutral: boolean;
};

/** A manifest, taken apart without regard to its kind. */
type Manifest = { readonly metadata: object; readonly spec?: Spec; readonly specs?: readonly Spec[] } & object;
type Spec = Readonly<Record<string, unknown>>;

type Change = {
  readonly isNeutral: boolean;
  /** Undefined where there is nothing of the kind to change. */
  readonly apply: (policies: readonly Manifest[], choice: number) => readonly Manifest[] | undefined;
};

const lists = ["ingress", "egress", "ingressDeny", "egressDeny"] as const;

const renamed = (policy: Manifest, name: string): Manifest => ({ ...policy, metadata: { ...policy.metadata, name } });

const isCilium = (policy: Manifest): boolean => "kind" in policy && `${policy.kind}`.startsWith("Cilium");

const items = (spec: Spec | undefined, list: string): readonly unknown[] => {
  const found = spec?.[list];
  return Array.isArray(found) ? found : [];
};

const replaced = <T>(all: readonly T[], index: number, ...by: readonly T[]): T[] => [
  ...all.slice(0, index),
  ...by,
  ...all.slice(index + 1),
];

/** The policy and the list of rules that a choice falls on, among those with at least so many rules. */
function chosen(policies: readonly Manifest[], choice: number, least: number) {
  const places = policies.flatMap((policy, index) =>
    lists
      .filter((list) => items(policy.spec, list).length >= least)
      .map((list) => ({ policy, index, list, rules: items(policy.spec, list) })),
  );
  return places[choice % Math.max(1, places.length)];
}

/** @param change gives the rules to have instead */
const rulesChange =
  (least: number, change: (rules: readonly unknown[], choice: number) => readonly unknown[] | undefined) =>
  (policies: readonly Manifest[], choice: number): readonly Manifest[] | undefined => {
    const place = chosen(policies, choice, least);
    const rules = place && change(place.rules, choice >> 4);
    return (
      place &&
      rules &&
      replaced(policies, place.index, { ...place.policy, spec: { ...place.policy.spec, [place.list]: rules } })
    );
  };

const swapText =
  (from: RegExp, to: string) =>
  (policies: readonly Manifest[]): readonly Manifest[] | undefined => {
    const text = JSON.stringify(policies);
    const changed = text.replace(from, to);
    return text === changed ? undefined : JSON.parse(changed);
  };

export const changes: Readonly<Record<string, Change>> = {
  "a policy is gone": { isNeutral: false, apply: (policies, choice) => replaced(policies, choice % policies.length) },
  "a rule is gone": {
    isNeutral: false,
    apply: rulesChange(2, (rules, choice) => replaced(rules, choice % rules.length)),
  },
  "another label": { isNeutral: false, apply: swapText(/"app":"web"/, '"app":"db"') },
  "another port": { isNeutral: false, apply: swapText(/"port":"80"/, '"port":"443"') },
  "another protocol": { isNeutral: false, apply: swapText(/"protocol":"TCP"/, '"protocol":"UDP"') },
  "a longer range": { isNeutral: false, apply: swapText(/"endPort":90/, '"endPort":91') },
  "another prefix": { isNeutral: false, apply: swapText(/"10.1.0.0\/16"/, '"10.1.0.0/17"') },
  "another namespace": { isNeutral: false, apply: swapText(/"namespace":"a"/, '"namespace":"b"') },
  "deny for allow": { isNeutral: false, apply: swapText(/"action":"Accept"/, '"action":"Deny"') },
  "another tier": { isNeutral: false, apply: swapText(/"tier":"Admin"/, '"tier":"Baseline"') },
  "another request": { isNeutral: false, apply: swapText(/"path":"\/ok"/, '"path":"/other"') },
  "no default deny": {
    isNeutral: false,
    apply: (policies, choice) => {
      const own = policies.filter((policy) => isCilium(policy) && policy.spec !== undefined);
      const policy = own[choice % Math.max(1, own.length)];
      return (
        policy &&
        replaced(policies, policies.indexOf(policy), {
          ...policy,
          spec: { ...policy.spec, enableDefaultDeny: { ingress: false, egress: false } },
        })
      );
    },
  },
  "new names": { isNeutral: true, apply: (policies) => policies.map((policy, i) => renamed(policy, `other-${i}`)) },
  "another order": { isNeutral: true, apply: (policies) => [...policies].reverse() },
  "a policy twice": {
    isNeutral: true,
    apply: (policies, choice) => {
      const policy = policies[choice % policies.length];
      return policy && [...policies, renamed(policy, "again")];
    },
  },
  "a policy in two": {
    isNeutral: true,
    apply: (policies, choice) => {
      const place = chosen(
        policies.map((policy) => (isCilium(policy) ? policy : { metadata: {} })),
        choice,
        2,
      );
      if (place === undefined) return undefined;
      const { policy, index, list, rules } = place;
      const { enableDefaultDeny, endpointSelector, nodeSelector } = policy.spec ?? {};
      const second = { enableDefaultDeny, endpointSelector, nodeSelector, [list]: rules.slice(1) };
      return replaced(
        policies,
        index,
        { ...policy, spec: { ...policy.spec, [list]: rules.slice(0, 1) } },
        { ...renamed(policy, "second"), spec: JSON.parse(JSON.stringify(second)) },
      );
    },
  },
  "a range in two": {
    isNeutral: true,
    apply: swapText(
      /\{"port":"80","endPort":90,"protocol":"(\w+)"\}/,
      '{"port":"80","endPort":85,"protocol":"$1"},{"port":"86","endPort":90,"protocol":"$1"}',
    ),
  },
  "a label as an expression": {
    isNeutral: true,
    apply: swapText(
      /"endpointSelector":\{"matchLabels":\{"app":"(\w+)"\}\}/,
      '"endpointSelector":{"matchExpressions":[{"key":"app","operator":"In","values":["$1"]}]}',
    ),
  },
};

const names = Object.keys(changes);

/** Policies changed in one way; undefined where there is nothing of the kind to change. */
export function changed(
  policies: readonly object[],
  inventory: Inventory,
  change: string,
  choice: number,
): Pair | undefined {
  const manifests = policies.map((manifest): Manifest => ({ metadata: {}, ...manifest }));
  const after = changes[change]?.apply(manifests, choice);
  if (after === undefined) return undefined;
  const side = (own: readonly object[]): Side => ({ policies: own.map(parsed), inventory });
  const before = side(manifests);
  // Of a policy that the agent refuses, a part may be taken.
  const isTaken = compile(before.policies, inventory).refused.length === 0;
  return { before, after: side(after), change, isNeutral: changes[change]?.isNeutral === true && isTaken };
}

const parsed = (manifest: object): Policy => policySchema.parse(JSON.parse(JSON.stringify(manifest)));

/** Clusters whose policies are changed in one of these ways: the first that applies, from one on. */
export const pairs: fc.Arbitrary<Pair> = fc
  .tuple(worlds(1), fc.nat({ max: names.length - 1 }), fc.nat({ max: 1023 }))
  .map(([{ policies, inventory }, first, choice]) => {
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const pair = changed(policies, inventory, name, choice);
      if (pair !== undefined) return pair;
    }
    throw new Error("new names can be given to all policies");
  });

const ofNamespace: Readonly<Record<string, Readonly<Record<string, string>>>> = { a: { team: "red" } };

/** All pods of two namespaces that differ in the labels that generated policies name, in a cluster as it was. */
export const everyPod = (inventory: Inventory): Inventory => ({
  ...inventory,
  names: [],
  endpoints: ["a", "b"].flatMap((namespace) =>
    ["web", "db"].flatMap((app) =>
      ["front", undefined].map((tier, i) => ({
        namespace,
        name: `${app}-${tier}`,
        labels: { app, ...(tier && { tier }), ...(i === 0 && { "k8s-app": "kube-dns" }) },
        namespaceLabels: ofNamespace[namespace] ?? {},
        node: "third",
        addresses: [`10.1.2.${namespace === "a" ? 10 : 20 + i}`],
        ports: [
          { name: "http", port: 80, protocol: "TCP" as const },
          { name: "dns", port: 53, protocol: "UDP" as const },
        ],
      })),
    ),
  ),
});
