import assert from "node:assert/strict";
import { configure } from "../../../cilium/model/cluster.ts";
import { type Policy, policy as policySchema } from "../../../cilium/policy/schema.ts";
import type { Inventory } from "../../../cilium/reach/compile/inventory.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { differences, proof } from "../../../cilium/translate/proof.ts";
import { translate } from "../../../cilium/translate/translate.ts";
import { program } from "../../rendered.ts";

const policy = (kind: string, metadata: object, spec: object): Policy =>
  policySchema.parse({ apiVersion: "cilium.io/v2", kind, metadata, spec });

const to = (app: string) => [{ toEndpoints: [{ matchLabels: { app } }] }];

/** Pods without `locked` may connect to the whole cluster, others may not: today's are all of the former. */
const policies = [
  policy(
    "CiliumClusterwideNetworkPolicy",
    { name: "open" },
    {
      endpointSelector: {
        matchExpressions: [
          { key: "locked", operator: "DoesNotExist" },
          { key: "io.kubernetes.pod.namespace", operator: "Exists" },
        ],
      },
      egress: [{ toEntities: ["cluster"] }],
    },
  ),
  policy(
    "CiliumNetworkPolicy",
    { name: "api", namespace: "shop" },
    {
      endpointSelector: { matchLabels: { app: "api" } },
      egress: to("cache"),
    },
  ),
  policy(
    "CiliumNetworkPolicy",
    { name: "db", namespace: "shop" },
    {
      endpointSelector: { matchLabels: { app: "db" } },
      ingress: [
        { fromEndpoints: [{ matchLabels: { app: "api" } }], toPorts: [{ ports: [{ port: "5432", protocol: "TCP" }] }] },
      ],
    },
  ),
];

const inventory: Inventory = {
  cluster: program.config.clusterName,
  endpoints: ["api", "db", "cache"].map((app) => ({ namespace: "shop", name: app, labels: { app } })),
  nodes: [],
  names: [],
};

describe("Policies brought in", () => {
  it("say at the other end nothing that holds for today's pods alone", () => {
    const { cluster, kept, settings } = translate(policies, inventory, program.config);
    assert.deepEqual(kept, []);
    const rendered = renderPolicies(configure(cluster, { ...program.config, policyNames: {}, ...settings }));
    assert.equal(proof(policies, rendered, inventory).kind, "proved");
    const whole = rendered.map((own) =>
      own.metadata.name === "api" && own.kind === "CiliumNetworkPolicy"
        ? { ...own, spec: { ...own.spec, egress: [...(own.spec?.egress ?? []), ...to("db")] } }
        : own,
    );
    // Which today's pods cannot tell.
    assert.deepEqual(differences(policies, whole, inventory), differences(policies, policies, inventory));
    assert.equal(proof(policies, whole, inventory).kind, "refuted");
  });
});
