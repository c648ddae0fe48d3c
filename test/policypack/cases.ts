/** Tables of good and bad policies: each is a compliant one with one thing changed, judged by all rules of the pack. */
import assert from "node:assert/strict";
import type { CiliumClusterwideNetworkPolicy, CiliumNetworkPolicy, Rule } from "../../cilium/policy/schema.ts";
import type { PackConfig } from "../../policypack/config.ts";
import { judgeStack, type Registered, register, resourceOf } from "./registration.ts";

/** What is registered, in this order; the last is the one that the case is about. */
export type Case = {
  readonly resources: readonly Registered[];
  readonly config?: PackConfig;
  /** Of a bad case: what the violation says, among other things. */
  readonly says?: RegExp;
};

/**
 * Describes a rule by tables of what it refuses and what it lets pass.
 * @param cases by a title that completes 'refuses …' or 'takes …'
 */
export function describeRule(rule: string, cases: { bad: Record<string, Case>; good: Record<string, Case> }): void {
  describe(`The rule ${rule}`, () => {
    for (const [title, { resources, config, says }] of Object.entries(cases.bad)) {
      it(`refuses ${title}`, () => {
        const violations = register(resources, config).filter((violation) => violation.rule === rule);
        assert.notDeepEqual(violations, []);
        if (says) assert.match(violations.map(({ message }) => message).join("\n"), says);
      });
    }
    for (const [title, { resources, config }] of Object.entries(cases.good)) {
      it(`takes ${title}`, () => {
        const violations = [...register(resources, config), ...judgeStack(resources, config)];
        assert.deepEqual(
          violations.filter((violation) => violation.rule === rule),
          [],
        );
      });
    }
    it("has three good and three bad cases", () => {
      assert.ok(Object.keys(cases.bad).length >= 3 && Object.keys(cases.good).length >= 3);
    });
  });
}

/** A policy that no rule objects to. */
export const compliant: CiliumNetworkPolicy = {
  apiVersion: "cilium.io/v2",
  kind: "CiliumNetworkPolicy",
  metadata: { name: "web", namespace: "shop", labels: { "app.kubernetes.io/part-of": "shop" } },
  spec: {
    description: "web. Ingress: Gateway:8080. Egress: kube-apiserver.",
    endpointSelector: { matchLabels: { app: "web" } },
    ingress: [{ fromEntities: ["ingress"], toPorts: [{ ports: [{ port: "8080", protocol: "TCP" }] }] }],
    egress: [{ toEntities: ["kube-apiserver"], toPorts: [{ ports: [{ port: "6443", protocol: "TCP" }] }] }],
  },
};

/** A clusterwide policy that no rule objects to: DNS for all pods. */
export const compliantClusterwide: CiliumClusterwideNetworkPolicy = {
  apiVersion: "cilium.io/v2",
  kind: "CiliumClusterwideNetworkPolicy",
  metadata: { name: "allow-dns", labels: { "app.kubernetes.io/part-of": "platform" } },
  spec: {
    description: "All pods may resolve names.",
    endpointSelector: { matchLabels: { "io.cilium.k8s.policy.cluster": "default" } },
    egress: [
      {
        toEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns" } }],
        toPorts: [
          {
            ports: [
              { port: "53", protocol: "UDP" },
              { port: "53", protocol: "TCP" },
            ],
            rules: { dns: [{ matchPattern: "*" }] },
          },
        ],
      },
    ],
    enableDefaultDeny: { egress: false },
  },
};

type Metadata = Partial<CiliumNetworkPolicy["metadata"]>;

/** The compliant policy with another spec or metadata; `undefined` takes a field out. */
export const policyWith = (spec: Partial<Rule>, metadata: Metadata = {}): Registered =>
  resourceOf(changed(compliant, spec, metadata));

export const clusterwideWith = (spec: Partial<Rule>, metadata: Metadata = {}): Registered =>
  resourceOf(changed(compliantClusterwide, spec, metadata));

/** A manifest that its types would refuse: the field at a path such as `spec.ingress` has another value. */
export function manifestWith(field: string, value: unknown): Registered {
  const path = field.split(".");
  const replace = (object: unknown, [head, ...rest]: readonly string[]): unknown => {
    if (head === undefined) return value;
    const inner = typeof object === "object" && object !== null ? Object.entries(object) : [];
    return { ...Object.fromEntries(inner), [head]: replace(Object.fromEntries(inner)[head], rest) };
  };
  return { ...resourceOf(compliant), props: Object(replace(compliant, path)) };
}

export const only = (...resources: Registered[]): Case => ({ resources });

/** A case that is refused with these words. */
export const refused = (says: RegExp, ...resources: Registered[]): Case => ({ resources, says });

export const tcp = (port: string) => [{ ports: [{ port, protocol: "TCP" as const }] }];

function changed<P extends CiliumNetworkPolicy | CiliumClusterwideNetworkPolicy>(
  policy: P,
  spec: Partial<Rule>,
  metadata: Metadata,
): P {
  return withoutUndefined({
    ...policy,
    metadata: { ...policy.metadata, ...metadata },
    spec: { ...policy.spec, ...spec },
  });
}

/** As a manifest is sent. */
const withoutUndefined = <T>(value: T): T => JSON.parse(JSON.stringify(value));
