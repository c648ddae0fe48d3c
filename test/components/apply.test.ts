import assert from "node:assert/strict";
import { Provider } from "@pulumi/kubernetes/provider.js";
import { output } from "@pulumi/pulumi";
import { rings } from "../../cilium/model/order.ts";
import { peerName } from "../../cilium/model/peers.ts";
import { policyName } from "../../cilium/policy/parts.ts";
import { applyPolicies } from "../../components/apply.ts";
import { type PolicyOutput, policyOutputs } from "../../components/outputs.ts";
import { program } from "../rendered.ts";
import { policyCount } from "../sample/counts.ts";
import { type Registration, registrations } from "./recorded.ts";

describe("The policies as Pulumi resources", () => {
  let all: Registration[];
  let policies: Registration[];
  let outputs: PolicyOutput[];
  const policy = (name: string): Registration => {
    const found = policies.find((registered) => registered.name === name);
    assert.ok(found, `${name} is registered`);
    return found;
  };

  before(async () => {
    all = await registrations(async () => {
      const applied = applyPolicies(program, { provider: new Provider("cluster", {}) });
      outputs = await new Promise((resolve) => output(policyOutputs(applied)).apply(resolve));
    });
    policies = all.filter(({ type }) => type.startsWith("kubernetes:cilium.io/v2:"));
  });

  it("are the rendered manifests, one resource each, as plain data", () => {
    const rendered = new Map(program.policies.map((manifest) => [policyName(manifest), manifest]));
    assert.equal(policies.length, policyCount);
    for (const { name, inputs } of policies) assert.deepEqual(inputs, rendered.get(name), name);
  });

  it("have stable URNs that say where they belong", () => {
    assert.equal(
      policy("argocd/server").urn,
      "urn:pulumi:prod::network-policies::network-policies:index:NamespacePolicies$kubernetes:cilium.io/v2:CiliumNetworkPolicy::argocd/server",
    );
    assert.equal(
      policy("allow-dns").urn,
      "urn:pulumi:prod::network-policies::network-policies:index:ClusterwidePolicies$kubernetes:cilium.io/v2:CiliumClusterwideNetworkPolicy::allow-dns",
    );
  });

  it("are children of their namespace's component and go through the one explicit provider", () => {
    const provider = all.find(({ type }) => type === "pulumi:providers:kubernetes");
    for (const { name, parent, provider: used } of policies) {
      const component = all.find(({ urn }) => urn === parent);
      assert.equal(component?.name, name.includes("/") ? name.slice(0, name.indexOf("/")) : "clusterwide");
      assert.ok(provider && used.startsWith(provider.urn), name);
    }
  });

  it("each depend on allow-dns, by the policy's own URN", () => {
    const dns = policy("allow-dns");
    assert.deepEqual(dns.dependencies, []);
    for (const { name, dependencies } of policies) {
      if (name !== "allow-dns") assert.ok(dependencies.includes(dns.urn), name);
    }
  });

  it("each depend on the servers of their own flows and on nothing else, but for those of a ring", () => {
    const ringOf = (name: string) => rings(program.cluster).find((ring) => ring.includes(name)) ?? [name];
    const servers = Map.groupBy(
      program.cluster.flows.flatMap(({ from, to }) =>
        from.kind === "workload" && to.kind === "workload" ? { client: peerName(from), server: peerName(to) } : [],
      ),
      ({ client }) => client,
    );
    for (const { name, dependencies } of policies) {
      const expected = new Set((servers.get(name) ?? []).map(({ server }) => server));
      for (const one of ringOf(name)) expected.delete(one);
      const names = dependencies.flatMap((urn) => policies.find((p) => p.urn === urn)?.name ?? []);
      assert.deepEqual(names.filter((one) => one !== "allow-dns").sort(), [...expected].sort(), name);
    }
  });

  it("have an order between namespaces, and none where they are each other's clients and servers", () => {
    const names = (name: string) =>
      policy(name).dependencies.flatMap((urn) => policies.find((p) => p.urn === urn)?.name ?? []);
    assert.ok(names("booking/tunnel").includes("argocd/server"));
    assert.ok(names("argocd/server").includes("argocd/redis"));
    assert.ok(names("monitoring/prometheus").includes("booking/web"), "prometheus scrapes booking");
    assert.ok(names("booking/web").includes("monitoring/tempo"), "and booking traces into monitoring");
    assert.ok(!names("monitoring/prometheus").includes("monitoring/grafana"), "grafana reads from prometheus");
    assert.ok(!names("monitoring/grafana").includes("monitoring/prometheus"), "prometheus scrapes grafana");
  });

  it("are registered after all that they depend on, so destroy runs in reverse", () => {
    const position = new Map(policies.map(({ urn }, at) => [urn, at]));
    for (const { urn, dependencies } of policies) {
      for (const dependency of dependencies) {
        assert.ok((position.get(dependency) ?? Infinity) < (position.get(urn) ?? -1), `${urn} after ${dependency}`);
      }
    }
  });

  it("come back as outputs with what the API server gave them", () => {
    assert.equal(outputs.length, policyCount);
    assert.deepEqual(
      outputs.find(({ name }) => name === "postgres"),
      {
        kind: "CiliumNetworkPolicy",
        namespace: "data",
        name: "postgres",
        uid: "uid-of-data/postgres",
        generation: 1,
      },
    );
  });
});
