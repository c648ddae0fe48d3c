/** Generated policies of workloads that name each other, and all pods that they can tell apart. */
import fc from "fast-check";
import type {
  CiliumClusterwideNetworkPolicy,
  CiliumNetworkPolicy,
  CiliumPolicy,
  EgressRule,
  IngressRule,
  LabelSelector,
  Rule,
} from "../../../cilium/policy/schema.ts";
import { clusterLabel } from "../../../cilium/policy/selector.ts";
import type { Endpoint } from "../../../cilium/reach/compile/inventory.ts";

export const cluster = "east";

/** Every port that a generated rule is about, and one beside each. */
export const samples = [79, 80, 81, 82, 83, 65535];

const apps = ["a", "b"];
const tiers = ["x", "y"];
const namespaces = ["shop", "other"];

/** A pod for each way to have the labels that policies name, another value, or none; in each of the namespaces. */
export const universe: readonly Endpoint[] = namespaces.flatMap((namespace) =>
  [...apps, "c", undefined].flatMap((app) =>
    [...tiers, "z", undefined].map((tier) => ({
      namespace,
      name: `${app}-${tier}`,
      labels: { ...(app !== undefined && { app }), ...(tier !== undefined && { tier }) },
    })),
  ),
);

const someApps = fc.subarray(apps, { minLength: 1, maxLength: 2 });
const app = fc.constantFrom(...apps);

const expressions: fc.Arbitrary<NonNullable<LabelSelector["matchExpressions"]>[number]> = fc.oneof(
  fc.constantFrom(...tiers).map((tier) => ({ key: "tier", operator: "In" as const, values: [tier] })),
  fc.constantFrom(...tiers).map((tier) => ({ key: "tier", operator: "NotIn" as const, values: [tier] })),
  fc.constantFrom("Exists" as const, "DoesNotExist" as const).map((operator) => ({ key: "tier", operator })),
);

const endpointSelector: fc.Arbitrary<LabelSelector> = fc.oneof(
  { weight: 4, arbitrary: app.map((app) => ({ matchLabels: { app } })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(app, fc.constantFrom(...namespaces))
      .map(([app, namespace]) => ({ matchLabels: { app, "io.kubernetes.pod.namespace": namespace } })),
  },
  {
    weight: 1,
    arbitrary: someApps.map((values) => ({ matchExpressions: [{ key: "app", operator: "In" as const, values }] })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(app, expressions)
      .map(([app, expression]) => ({ matchLabels: { app }, matchExpressions: [expression] })),
  },
);

/** Of one app or two, of some of their pods, or of all others. */
const subjects: fc.Arbitrary<LabelSelector> = fc
  .tuple(
    someApps,
    fc.constantFrom("In" as const, "In" as const, "In" as const, "NotIn" as const),
    fc.option(expressions, { freq: 2 }),
  )
  .map(([values, operator, expression]) => ({
    matchExpressions: [{ key: "app", operator, values }, ...(expression === null ? [] : [expression])],
  }));

const wide = fc.constantFrom<LabelSelector[]>(
  [{}],
  [{ matchLabels: { "io.kubernetes.pod.namespace": "shop" } }],
  [{ matchLabels: { "io.cilium.k8s.policy.cluster": cluster } }],
);

const port = fc.record({
  port: fc.constantFrom("80", "81", "82"),
  protocol: fc.constantFrom("TCP" as const, "UDP" as const, "ANY" as const),
});
const range = fc.record({
  port: fc.constantFrom("80", "81"),
  endPort: fc.constant(82),
  protocol: fc.constant("TCP" as const),
});
const toPorts = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: fc.oneof(port, range).map((one) => ({ toPorts: [{ ports: [one] }] })) },
);

const entities = fc.constantFrom("all" as const, "cluster" as const, "world" as const, "host" as const);
const selectors = fc.oneof(
  { weight: 4, arbitrary: fc.array(endpointSelector, { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: wide },
);

const ingress: fc.Arbitrary<IngressRule> = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: selectors.map((fromEndpoints) => ({ fromEndpoints })) },
      { weight: 2, arbitrary: entities.map((entity) => ({ fromEntities: [entity] })) },
      { weight: 1, arbitrary: fc.constant({}) },
    ),
    toPorts,
  )
  .map(([peers, ports]) => ({ ...peers, ...ports }));

const egress: fc.Arbitrary<EgressRule> = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: selectors.map((toEndpoints) => ({ toEndpoints })) },
      { weight: 2, arbitrary: entities.map((entity) => ({ toEntities: [entity] })) },
      { weight: 1, arbitrary: fc.constant({}) },
    ),
    toPorts,
  )
  .map(([peers, ports]) => ({ ...peers, ...ports }));

const isEnforced = fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });

const rules: fc.Arbitrary<Rule> = fc
  .record({
    ingress: fc.array(ingress, { minLength: 1, maxLength: 2 }),
    egress: fc.array(egress, { minLength: 1, maxLength: 2 }),
    // Every fifth has a deny rule.
    ingressDeny: fc.array(ingress, { maxLength: 4 }).map((items) => items.slice(3)),
    egressDeny: fc.array(egress, { maxLength: 4 }).map((items) => items.slice(3)),
    isEnforced,
  })
  .map(({ isEnforced, ...rules }) => ({
    ...rules,
    ...(!isEnforced && { enableDefaultDeny: { ingress: false, egress: false } }),
  }));

const namespaced = fc.tuple(fc.constantFrom(...namespaces), subjects, rules);

const clusterwide: fc.Arbitrary<CiliumClusterwideNetworkPolicy> = fc
  .tuple(
    fc.constantFrom<LabelSelector>({ matchLabels: { [clusterLabel]: cluster } }, { matchLabels: { app: "a" } }),
    rules,
  )
  .map(([subject, rules]) => ({
    apiVersion: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    metadata: { name: "clusterwide" },
    spec: { endpointSelector: subject, ...rules },
  }));

/** Clusterwide policies come first. */
export const policySets: fc.Arbitrary<CiliumPolicy[]> = fc
  .tuple(fc.array(clusterwide, { maxLength: 1 }), fc.array(namespaced, { minLength: 2, maxLength: 4 }))
  .map(([first, rest]) => [
    ...first,
    ...rest.map(
      ([namespace, endpointSelector, rules], number): CiliumNetworkPolicy => ({
        apiVersion: "cilium.io/v2",
        kind: "CiliumNetworkPolicy",
        metadata: { name: `policy-${number}`, namespace },
        spec: { endpointSelector, ...rules },
      }),
    ),
  ]);
