import assert from "node:assert/strict";
import { policyName } from "../../cilium/policy/parts.ts";
import type { CiliumPolicy, Rule } from "../../cilium/policy/schema.ts";
import { readProgram } from "../../components/program.ts";
import { ciliumPolicies, declared, program, renderedPolicies } from "../rendered.ts";
import { policyCount, policyCounts, workloadCount } from "../sample/counts.ts";

const stack = { project: "network-policies", stack: "prod" };

/** The program with config values as the engine writes them. */
const configured = (values: Record<string, string>) => {
  const config = Object.entries(values).map(([key, value]) => [`${stack.project}:${key}`, value]);
  return { policies: ciliumPolicies(readProgram(declared, Object.fromEntries(config), stack)) };
};

const find = (policies: readonly CiliumPolicy[], name: string): CiliumPolicy => {
  const found = policies.find((policy) => policyName(policy) === name);
  assert.ok(found, name);
  return found;
};

const withoutDenies = ({ ingressDeny: _, enableDefaultDeny: __, ingress, ...rest }: Rule): Rule => ({
  ...rest,
  ingress: ingress ?? [{}],
});

describe("The program, configured", () => {
  it("names its owner on every policy and lets deletions finish at once", () => {
    for (const { metadata } of program.policies) {
      assert.deepEqual(metadata.labels, {
        "app.kubernetes.io/managed-by": "pulumi",
        "app.kubernetes.io/part-of": "network-policies",
      });
      assert.deepEqual(metadata.annotations, {
        "network-policies/stack": "network-policies/prod",
        "pulumi.com/deletionPropagationPolicy": "background",
      });
    }
  });

  it("reaches the API server on its configured port in every policy that reaches it", () => {
    const text = JSON.stringify(configured({ apiServerPort: "16443" }).policies);
    assert.equal(text.includes('"6443"'), false);
    assert.equal(text.match(/"16443"/g)?.length, JSON.stringify(program.policies).match(/"6443"/g)?.length);
  });

  it("uses the configured address of an external host", () => {
    const { policies } = configured({ addresses: '{"nas":"192.0.2.7"}' });
    assert.ok(JSON.stringify(find(policies, "jobs/archive")).includes('"toCIDR":["192.0.2.7/32"]'));
    const { policies: sixth } = configured({ addresses: '{"nas":"2001:db8::7"}' });
    assert.ok(JSON.stringify(find(sixth, "jobs/archive")).includes('"toCIDR":["2001:db8::7/128"]'));
  });

  it("selects a workload by its configured labels, as subject and as peer", () => {
    const { policies } = configured({ labels: '{"argocd/redis":{"app":"valkey"}}' });
    assert.deepEqual(find(policies, "argocd/redis").spec?.endpointSelector, { matchLabels: { app: "valkey" } });
    const peers = find(policies, "argocd/server").spec?.egress?.flatMap(({ toEndpoints }) => toEndpoints ?? []);
    assert.ok(peers?.some(({ matchLabels }) => matchLabels?.app === "valkey"));
    assert.equal(JSON.stringify(policies).includes('"argocd-redis"'), false);
  });

  it("takes the cluster name, the resolvable names and the egress default deny into allow-dns", () => {
    const { policies } = configured({
      clusterName: "east",
      dnsNames: '["*.example.com","api.io"]',
      egressDefaultDeny: "true",
    });
    const { spec } = find(policies, "allow-dns");
    assert.deepEqual(spec?.endpointSelector, { matchLabels: { "io.cilium.k8s.policy.cluster": "east" } });
    assert.deepEqual(spec?.egress?.[0]?.toPorts?.[0]?.rules?.dns, [
      { matchPattern: "*.example.com" },
      { matchName: "api.io" },
    ]);
    assert.deepEqual(spec?.enableDefaultDeny, { egress: true });
  });

  it("observes with the same allow rules, without default deny and without deny rules", () => {
    const { policies } = configured({ enforcement: "observe" });
    for (const policy of policies.slice(1)) {
      const { spec } = find(renderedPolicies(), policyName(policy));
      assert.ok(spec && policy.spec);
      assert.deepEqual(policy.spec.enableDefaultDeny, { ingress: false, egress: false }, policyName(policy));
      assert.equal(policy.spec.ingressDeny, undefined, policyName(policy));
      assert.deepEqual(withoutDenies(policy.spec), withoutDenies(spec), policyName(policy));
    }
  });

  it("observes one namespace and enforces the others, or the other way round", () => {
    const stages = (values: Record<string, string>) =>
      configured(values)
        .policies.filter(({ spec }) => spec?.enableDefaultDeny?.ingress === false)
        .map(({ metadata }) => metadata.namespace);
    assert.deepEqual(stages({ namespaceEnforcement: '{"identity":"observe"}' }), ["identity"]);
    const observed = stages({ enforcement: "observe", namespaceEnforcement: '{"identity":"enforce"}' });
    assert.equal(observed.length, workloadCount - policyCounts.identity);
    assert.equal(observed.includes("identity"), false);
  });

  it("never puts pods into egress default deny through allow-dns while it observes", () => {
    const { policies } = configured({ enforcement: "observe", egressDefaultDeny: "true" });
    assert.deepEqual(find(policies, "allow-dns").spec?.enableDefaultDeny, { egress: false });
  });

  it("gives a policy the name that it already has in the cluster", () => {
    const { policies } = configured({ policyNames: '{"argocd/server":"argocd-server-netpol"}' });
    assert.deepEqual(
      find(policies, "argocd/argocd-server-netpol").spec,
      find(renderedPolicies(), "argocd/server").spec,
    );
    assert.equal(policies.length, policyCount);
  });

  it("marks policies for taking over and for waiting only when told to", () => {
    const annotations = configured({ adoptExisting: "true", waitForValid: "true" }).policies[0]?.metadata.annotations;
    assert.equal(annotations?.["pulumi.com/patchForce"], "true");
    assert.equal(annotations?.["pulumi.com/waitFor"], "condition=Valid");
  });
});
