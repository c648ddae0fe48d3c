import assert from "node:assert/strict";
import { ciliumPolicy as policy } from "../../../cilium/policy/schema.ts";
import { heldFields } from "../../../cilium/stored/fields.ts";
import { type ManagedFields, type StoredPolicy, storedPolicy } from "../../../cilium/stored/policy.ts";

const rendered = policy.parse({
  apiVersion: "cilium.io/v2",
  kind: "CiliumNetworkPolicy",
  metadata: { name: "web", namespace: "shop", labels: { "app.kubernetes.io/managed-by": "pulumi" } },
  spec: { endpointSelector: { matchLabels: { app: "web" } }, ingress: [{}], egress: [{}] },
});

/** The rendered policy with other egress, and who has set what. */
const changed = (...managedFields: ManagedFields[]): StoredPolicy =>
  storedPolicy.parse({
    ...rendered,
    metadata: { ...rendered.metadata, managedFields },
    spec: { ...rendered.spec, egress: [{ toEntities: ["world"] }] },
  });

const everything = {
  "f:metadata": { "f:labels": { "f:app.kubernetes.io/managed-by": {} } },
  "f:spec": {
    ".": {},
    "f:endpointSelector": { "f:matchLabels": { ".": {}, "f:app": {} } },
    "f:ingress": {},
    "f:egress": {},
  },
};

const outcomes = (manager: string, operation: string, own?: string): string[] =>
  heldFields(changed({ manager, operation, fieldsV1: everything }), rendered, own).map(
    ({ outcome, fields }) => `${outcome} ${fields}`,
  );

describe("heldFields", () => {
  for (const [manager, operation, expected] of [
    ["argocd-controller", "Apply", ["conflict spec.egress"]],
    ["argocd-controller", "Update", ["conflict spec.egress"]],
    ["kubectl-edit", "Update", ["taken-over spec.egress"]],
    ["kubectl-client-side-apply", "Update", ["taken-over spec.egress"]],
    ["kubectl", "Apply", ["taken-over spec.egress"]],
    ["before-first-apply", "Update", ["taken-over spec.egress"]],
    ["before-first-apply", "Apply", ["conflict spec.egress"]],
    ["pulumi-kubernetes-0badcafe", "Apply", []],
    ["pulumi-kubernetes-0badcafe", "Update", []],
  ] as const) {
    it(`set by ${manager} (${operation}) are ${expected.length === 0 ? "the stack's own" : expected}`, () => {
      assert.deepEqual(outcomes(manager, operation), expected);
    });
  }

  it("tells the stack's own manager from another of Pulumi's where the state names it", () => {
    const own = "pulumi-kubernetes-0badcafe";
    assert.deepEqual(outcomes("pulumi-kubernetes-0badcafe", "Apply", own), []);
    assert.deepEqual(outcomes("pulumi-kubernetes-00000000", "Apply", own), ["conflict spec.egress"]);
  });

  it("are no edit where the stack has them too, as it applied them last: the program has changed", () => {
    const own = {
      manager: "pulumi-kubernetes-0badcafe",
      operation: "Apply",
      fieldsV1: { "f:spec": { "f:egress": {} } },
    };
    const also = (manager: string, operation: string) =>
      heldFields(changed(own, { manager, operation, fieldsV1: everything }), rendered, undefined).length;
    assert.equal(also("kubectl-client-side-apply", "Update"), 0);
    assert.equal(also("argocd-controller", "Apply"), 1);
  });

  it("are not those of the status, nor kubectl's note of what it applied", () => {
    const annotations = { "f:kubectl.kubernetes.io/last-applied-configuration": {}, "f:note": {} };
    const stored = changed({
      manager: "kubectl",
      operation: "Update",
      fieldsV1: { "f:metadata": { "f:annotations": annotations } },
    });
    const noted = {
      ...stored,
      metadata: {
        ...stored.metadata,
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", note: "x" },
      },
    };
    assert.deepEqual(heldFields(noted, rendered, undefined), [
      { manager: "kubectl", outcome: "taken-over", fields: ["metadata.annotations.note"] },
    ]);
    const status = changed({
      manager: "cilium-operator",
      operation: "Update",
      subresource: "status",
      fieldsV1: everything,
    });
    assert.deepEqual(heldFields(status, rendered, undefined), []);
  });
});
