/** The rule both-ends-open against the engine, asked about every connection between all pods of a stack at once. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { namespaceOf, policyName } from "../../../cilium/policy/parts.ts";
import type {
  CiliumClusterwideNetworkPolicy,
  CiliumNetworkPolicy,
  CiliumPolicy,
  EgressRule,
  IngressRule,
  LabelSelector,
  PortRule,
  Rule,
} from "../../../cilium/policy/schema.ts";
import { clusterLabel, matches, podIdentity, subjectRequirements } from "../../../cilium/policy/selector.ts";
import { type Endpoint, type FlowProtocol, flowProtocols } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { type Verdict, verdict } from "../../../cilium/reach/decide/verdict.ts";
import { type HalfOpenFlow, halfOpenFlows } from "../../../policypack/stack/flows.ts";
import { Stack } from "../../../policypack/stack/stack.ts";
import { resourceOf } from "../registration.ts";

const cluster = "east";
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

describe(`The rule both-ends-open finds what the engine finds (SEED=${seed})`, function () {
  this.timeout("2m");
  const parameters = { seed, numRuns: 400 };
  let compared = 0;
  after(() => assert.ok(compared > 200, `only ${compared} flows were half open`));

  it("at the end of a stack, of the flows that each policy opens", () => {
    fc.assert(
      fc.property(policySets, (policies) => {
        const stack = stackOf(policies, { whole: true });
        const expected = asked(policies);
        for (const policy of policies) {
          const own = expected.filter(({ by, opener }) => by === policyName(policy) && isOf(policy, opener));
          compared += compare(halfOpenFlows(policy, stack, cluster), own);
        }
      }),
      parameters,
    );
  });

  it("when a policy is registered, of the flows from and to its pods", () => {
    fc.assert(
      fc.property(policySets, (policies) => {
        policies.forEach((policy, index) => {
          if (policy.kind === "CiliumClusterwideNetworkPolicy") return;
          const known = policies.slice(0, index + 1);
          const concerned = asked(known).filter(({ opener, target }) => isOf(policy, opener) || isOf(policy, target));
          compared += compare(halfOpenFlows(policy, stackOf(known, {}), cluster), concerned);
        });
      }),
      parameters,
    );
  });
});

type Pod = { readonly policy: CiliumPolicy; readonly endpoint: Endpoint };
type Asked = { readonly by: string; readonly place: string; readonly opener: Pod; readonly target: Pod };

const isOf = (policy: CiliumPolicy, pod: Pod): boolean =>
  policy === pod.policy || policy.kind === "CiliumClusterwideNetworkPolicy";

function compare(found: readonly HalfOpenFlow[], expected: readonly Asked[]): number {
  const names = (flows: readonly string[]) => [...new Set(flows)].sort();
  const told = names(expected.map(({ by, place, target }) => `${by} ${place} → ${policyName(target.policy)}`));
  assert.deepEqual(
    names(found.map(({ opened, closed }) => `${opened.by} ${opened.place} → ${policyName(closed.policy)}`)),
    told,
  );
  return told.length;
}

function stackOf(policies: readonly CiliumPolicy[], options: { whole?: boolean }): Stack {
  const stack = new Stack(options);
  for (const policy of policies) {
    const resource = resourceOf(policy);
    const urn = `urn:pulumi:test::test::${resource.type}::${resource.name}`;
    stack.add({ ...resource, urn, props: { ...policy } }, { readable: true, policy });
  }
  return stack;
}

/** Every half-open flow that a rule opens for workloads which it names, from verdicts about all pods of all policies. */
function asked(policies: readonly CiliumPolicy[]): Asked[] {
  const pods = podsOf(policies);
  const network = compile(policies, { cluster, endpoints: pods.map(({ endpoint }) => endpoint), nodes: [], names: [] });
  const ask = (source: Pod, destination: Pod, protocol: FlowProtocol, port: number) =>
    verdict(network, { source: peer(source), destination: peer(destination), protocol, port });
  return policies.flatMap((policy) =>
    openings(policy).flatMap(({ place, direction, ports }) =>
      pods
        .filter(({ endpoint }) => isSelected(endpoint, policy))
        .flatMap((opener) =>
          pods
            .filter((target) => {
              const [source, destination] = direction === "egress" ? [opener, target] : [target, opener];
              const closed = (protocol: FlowProtocol, port: number) =>
                isHalfOpen(ask(source, destination, protocol, port), direction, { policy: policyName(policy), place });
              return ports.protocols.every((protocol) => {
                const each = ports.numbers.map((port) => closed(protocol, port));
                return ports.any ? each.every(Boolean) : each.some(Boolean);
              });
            })
            .map((target) => ({ by: policyName(policy), place, opener, target })),
        ),
    ),
  );
}

const peer = ({ endpoint }: Pod) => ({ kind: "endpoint", namespace: endpoint.namespace, name: endpoint.name }) as const;

function isHalfOpen(
  { egress, ingress }: Verdict,
  direction: "ingress" | "egress",
  rule: { policy: string; place: string },
): boolean {
  const [here, there] = direction === "egress" ? [egress, ingress] : [ingress, egress];
  if (here.verdict !== "allowed" || here.by.kind !== "rules") return false;
  const { rules } = here.by;
  return there.verdict === "denied" && rules.some(({ policy, path }) => policy === rule.policy && path === rule.place);
}

/** The pods that namespaced policies select, one for each value of the label that they ask for. */
function podsOf(policies: readonly CiliumPolicy[]): Pod[] {
  return policies.flatMap((policy, number) => {
    const namespace = namespaceOf(policy);
    if (namespace === undefined) return [];
    return apps
      .filter((app) => selectsApp(policy.spec?.endpointSelector ?? {}, app))
      .map((app) => ({ policy, endpoint: { namespace, name: `${number}-${app}`, labels: { app } } }));
  });
}

const selectsApp = ({ matchExpressions }: LabelSelector, app: string): boolean =>
  (matchExpressions ?? []).some(({ values }) => values?.includes(app));

const isSelected = (endpoint: Endpoint, policy: CiliumPolicy): boolean =>
  matches(
    subjectRequirements(policy.spec?.endpointSelector ?? {}, namespaceOf(policy)),
    podIdentity({ ...endpoint, cluster }),
  );

type Opening = { readonly place: string; readonly direction: "ingress" | "egress"; readonly ports: AskedPorts };
type AskedPorts = {
  readonly protocols: readonly FlowProtocol[];
  readonly numbers: readonly number[];
  readonly any: boolean;
};

/** What the rules of a policy open for workloads that they name. */
function openings({ spec }: CiliumPolicy): Opening[] {
  const of = (direction: Opening["direction"], index: number, peers: unknown, ports: PortRule[] | null | undefined) => {
    if (!JSON.stringify(peers ?? "").includes('"app"')) return [];
    const place = `${direction}[${index}]`;
    const asked = ports?.[0]?.ports?.[0];
    if (asked === undefined)
      return [{ place, direction, ports: { protocols: flowProtocols, numbers: samples, any: true } }];
    const { port, endPort, protocol } = asked;
    const numbers = samples.filter((one) => Number(port) <= one && one <= (endPort ?? Number(port)));
    const protocols: readonly FlowProtocol[] =
      protocol === "TCP" || protocol === "UDP" ? [protocol] : ["TCP", "UDP", "SCTP"];
    return [{ place: `${place}.toPorts[0]`, direction, ports: { protocols, numbers, any: false } }];
  };
  return [
    ...(spec?.ingress ?? []).flatMap((item, i) => of("ingress", i, item.fromEndpoints, item.toPorts)),
    ...(spec?.egress ?? []).flatMap((item, i) => of("egress", i, item.toEndpoints, item.toPorts)),
  ];
}

/** Every port that a generated rule is about, and one beside each. */
const samples = [0, 79, 80, 81, 82, 83, 65535];

const apps = ["a", "b", "c"];
const namespaces = ["shop", "other"];

const someApps = fc.subarray(apps, { minLength: 1, maxLength: 2 });

const endpointSelector: fc.Arbitrary<LabelSelector> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...apps).map((app) => ({ matchLabels: { app } })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...apps), fc.constantFrom(...namespaces))
      .map(([app, namespace]) => ({ matchLabels: { app, "io.kubernetes.pod.namespace": namespace } })),
  },
  {
    weight: 1,
    arbitrary: someApps.map((values) => ({ matchExpressions: [{ key: "app", operator: "In" as const, values }] })),
  },
);

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

const namespaced = fc.tuple(fc.constantFrom(...namespaces), someApps, rules);

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

/** Clusterwide policies come first, and each pod has one policy of its namespace or more. */
const policySets: fc.Arbitrary<CiliumPolicy[]> = fc
  .tuple(fc.array(clusterwide, { maxLength: 1 }), fc.array(namespaced, { minLength: 2, maxLength: 4 }))
  .map(([first, rest]) => [
    ...first,
    ...rest.map(
      ([namespace, values, rules], number): CiliumNetworkPolicy => ({
        apiVersion: "cilium.io/v2",
        kind: "CiliumNetworkPolicy",
        metadata: { name: `policy-${number}`, namespace },
        spec: { endpointSelector: { matchExpressions: [{ key: "app", operator: "In", values }] }, ...rules },
      }),
    ),
  ]);
