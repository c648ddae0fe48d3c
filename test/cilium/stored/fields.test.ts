import assert from "node:assert/strict";
import { ciliumPolicy as policy } from "../../../cilium/policy/schema.ts";
import { heldFields } from "../../../cilium/stored/fields.ts";
import type { ManagedFields, RecordedPolicy, StoredPolicy } from "../../../cilium/stored/policy.ts";

const rendered = policy.parse({
  apiVersion: "cilium.io/v2",
  kind: "CiliumNetworkPolicy",
  metadata: { name: "web", namespace: "shop", labels: { "app.kubernetes.io/managed-by": "pulumi" } },
  spec: { endpointSelector: { matchLabels: { app: "web" } }, ingress: [{}], egress: [{}] },
});

/** The rendered policy with other egress, and what another says of itself. */
const changed = (entry: ManagedFields): StoredPolicy => ({
  ...rendered,
  metadata: { ...rendered.metadata, managedFields: [entry] },
  spec: { ...rendered.spec, egress: [{ toEntities: ["world"] }] },
  status: null,
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

const outcomes = (manager: string, operation: string, recorded?: RecordedPolicy): string[] =>
  heldFields(changed({ manager, operation, fieldsV1: everything }), rendered, recorded).map(
    ({ outcome, fields }) => `${outcome} ${fields}`,
  );

describe("heldFields", () => {
  for (const [manager, operation, expected] of [
    ["argocd-controller", "Apply", ["conflict spec.egress"]],
    ["argocd-controller", "Update", ["conflict spec.egress"]],
    ["kubectl-edit", "Update", ["update spec.egress"]],
    ["kubectl-client-side-apply", "Update", ["update spec.egress"]],
    ["kubectl", "Apply", ["update spec.egress"]],
    ["before-first-apply", "Update", ["update spec.egress"]],
    ["before-first-apply", "Apply", ["conflict spec.egress"]],
    ["pulumi-kubernetes-0badcafe", "Apply", []],
    ["pulumi-kubernetes-0badcafe", "Update", []],
  ] as const) {
    it(`of ${manager} (${operation}) are ${expected.length === 0 ? "the stack's own" : expected}`, () => {
      assert.deepEqual(outcomes(manager, operation), expected);
    });
  }

  it("tells the stack's own manager from another of Pulumi's where the state names it", () => {
    const recorded = { inputs: rendered, manager: "pulumi-kubernetes-0badcafe" };
    assert.deepEqual(outcomes("pulumi-kubernetes-0badcafe", "Apply", recorded), []);
    assert.deepEqual(outcomes("pulumi-kubernetes-00000000", "Apply", recorded), ["conflict spec.egress"]);
  });

  it("are no edit where they are as the stack applied them last: the program has changed", () => {
    const inputs = { ...rendered, spec: { ...rendered.spec, egress: [{ toEntities: ["world"] }] } };
    assert.deepEqual(outcomes("kubectl-edit", "Update", { inputs, manager: undefined }), []);
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
      { manager: "kubectl", outcome: "update", fields: ["metadata.annotations.note"] },
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
