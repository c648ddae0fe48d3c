import assert from "node:assert/strict";
import type { CiliumNetworkPolicy, CiliumPolicy, PortProtocol } from "../../cilium/policy/schema.ts";
import { expand } from "./expand.ts";
import { expected, title } from "./expected.ts";
import { renderedPolicies } from "./rendered.ts";
import { policyCounts, rows } from "./rows.ts";

describe("the policies, against the policy document", () => {
  for (const row of rows) {
    it(`${title(row)} selects, admits and reaches what its row says, and nothing else`, () => {
      assert.deepEqual(expand(policyOf(title(row))), expected(row));
    });
  }

  it("are one clusterwide policy, which lets every pod of the cluster look names up and closes nothing", () => {
    const clusterwide = renderedPolicies().filter(({ kind }) => kind === "CiliumClusterwideNetworkPolicy");
    assert.deepEqual(clusterwide.map(expand), [
      {
        name: "allow-dns",
        selects: "endpoint *{io.cilium.k8s.policy.cluster=default}",
        facts: [
          "egress default deny false",
          "egress endpoint kube-system{k8s-app=kube-dns} 53/TCP dns *",
          "egress endpoint kube-system{k8s-app=kube-dns} 53/UDP dns *",
        ],
      },
    ]);
  });

  it("are as many in each namespace as the document counts", () => {
    const counts = Object.groupBy(namespaced(), ({ metadata }) => metadata.namespace ?? "");
    const found = Object.fromEntries(Object.entries(counts).map(([namespace, list]) => [namespace, list?.length]));
    assert.deepEqual(found, policyCounts);
  });

  it("are named as the rows name the components", () => {
    assert.deepEqual(namespaced().map(titleOf).sort(), rows.map(title).sort());
  });

  it("govern both directions", () => {
    const halfOpen = namespaced().filter(({ spec }) => {
      const ingress = [...(spec?.ingress ?? []), ...(spec?.ingressDeny ?? [])];
      const egress = [...(spec?.egress ?? []), ...(spec?.egressDeny ?? [])];
      return ingress.length === 0 || egress.length === 0 || spec?.enableDefaultDeny;
    });
    assert.deepEqual(halfOpen.map(titleOf), []);
  });

  it("name a protocol with every port", () => {
    const bare = renderedPolicies().flatMap((policy) =>
      portsOf(policy.spec)
        .filter(({ protocol }) => !protocol || protocol === "ANY")
        .map(({ port }) => `${policy.metadata.name} ${port}`),
    );
    assert.deepEqual(bare, []);
  });
});

function namespaced(): CiliumNetworkPolicy[] {
  return renderedPolicies().filter((policy) => policy.kind === "CiliumNetworkPolicy");
}

function titleOf({ metadata }: CiliumNetworkPolicy): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function policyOf(name: string): CiliumNetworkPolicy {
  const found = namespaced().filter((policy) => titleOf(policy) === name);
  const [policy] = found;
  if (!policy || found.length > 1) throw new Error(`${found.length} policies named ${name}`);
  return policy;
}

function portsOf(spec: CiliumPolicy["spec"]): PortProtocol[] {
  const rules = [spec?.ingress, spec?.ingressDeny, spec?.egress, spec?.egressDeny].flatMap((list) => list ?? []);
  return rules.flatMap(({ toPorts }) => toPorts ?? []).flatMap(({ ports }) => ports ?? []);
}
