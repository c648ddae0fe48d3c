/** What the policy pack is told of this cluster, by the file that is generated from its declarations. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { policyNameOf, workloads } from "../../cilium/model/cluster.ts";
import { policyName } from "../../cilium/policy/parts.ts";
import type { CiliumNetworkPolicy, Policy, Rule } from "../../cilium/policy/schema.ts";
import { readPackConfig } from "../../policypack/config.ts";
import { policyWith } from "../policypack/cases.ts";
import { judgeStack, register, resourceOf } from "../policypack/registration.ts";
import { repository } from "../project.ts";
import { program, renderedPolicies } from "./rendered.ts";

const config = readPackConfig(join(repository, "policypack/cluster.json"));

describe("The policy pack, told of this cluster, knows", () => {
  const policies = new Map(renderedPolicies().map((policy) => [policyName(policy), policy]));
  const violates = (rule: string, policy: Policy) =>
    register([resourceOf(policy)], config).some((violation) => violation.rule === rule);

  for (const workload of workloads(program.cluster)) {
    const name = `${workload.namespace}/${policyNameOf(program.cluster, workload)}`;
    const policy = policies.get(name);
    const probed = workload.probes.length > 0;

    it(`that ${name} is ${probed ? "" : "not "}probed`, () => {
      const denying = changed(policy, { ingressDeny: [{ fromEntities: ["world"] }] });
      assert.equal(violates("no-ingress-deny-on-probed-pods", denying), probed);
    });

    for (const port of Object.values(workload.ports).filter(({ transports }) => transports.includes("TCP"))) {
      const passthrough = port.speaks === "tls-passthrough";
      it(`that ${name}:${port.number} ${passthrough ? "passes" : "does not pass"} TLS through`, () => {
        const parsing = changed(policy, { ingress: [parsed(`${port.number}`)] });
        assert.equal(violates("no-l7-http-on-tls-passthrough", parsing), passthrough);
      });
    }
  }

  for (const [name, port] of [
    ["kanidm/kanidm", "https"],
    ["argocd/server", "server"],
  ] as const) {
    it(`that ${name} calls its port behind a TLSRoute ${port}`, () => {
      const parsing = changed(policies.get(name), { ingress: [parsed(port)] });
      assert.ok(violates("no-l7-http-on-tls-passthrough", parsing));
    });
  }

  const onNodes: [namespace: string, label: string, value: string][] = [
    ["monitoring", "app.kubernetes.io/name", "prometheus-node-exporter"],
    ["kube-system", "k8s-app", "cilium"],
    ["kube-system", "k8s-app", "cilium-envoy"],
    ["kube-system", "io.cilium/app", "operator"],
    ["kube-system", "k8s-app", "kube-proxy"],
    ["kube-system", "app.kubernetes.io/name", "tetragon"],
    ["kube-system", "component", "kube-apiserver"],
    ["kube-system", "component", "kube-scheduler"],
    ["kube-system", "component", "kube-controller-manager"],
    ["kube-system", "component", "etcd"],
    ["trident", "app", "node.csi.trident.qnap.io"],
  ];
  for (const [namespace, label, value] of onNodes) {
    it(`that ${value} in ${namespace} runs on the nodes' network`, () => {
      const subject = policyWith({ endpointSelector: { matchLabels: { [label]: value } } }, { namespace });
      assert.ok(register([subject], config).some(({ rule }) => rule === "hostnetwork-pods-excluded"));
    });
  }

  it("the labels of everything that is declared to be there", () => {
    const declared = program.cluster.namespaces.flatMap(({ hostNetwork }) => hostNetwork);
    assert.deepEqual(
      declared.filter(({ labels }) => labels === undefined),
      [],
    );
  });
});

describe("This project's policies and the pack", () => {
  const resources = renderedPolicies().map(resourceOf);

  it("agree, but for the exemptions that cluster/policy-pack.ts explains", () => {
    assert.deepEqual(
      register(resources, config).map(({ rule, message }) => [rule, message.split(" is every address", 1)]),
      ["argo/workflow-pods", "trivy-system/scan-jobs"].map((policy) => [
        "exemptions",
        [`${policy} is exempt from no-wide-open: toCIDR 0.0.0.0/0 on 443/TCP`],
      ]),
    );
  });

  it("agree as a whole stack", () => {
    assert.deepEqual(judgeStack(resources, config), []);
  });
});

const parsed = (port: string) => ({
  fromEntities: ["ingress" as const],
  toPorts: [{ ports: [{ port, protocol: "TCP" as const }], rules: { http: [{}] as [object] } }],
});

function changed(policy: Policy | undefined, spec: Partial<Rule>): CiliumNetworkPolicy {
  assert.ok(policy?.kind === "CiliumNetworkPolicy");
  return { ...policy, spec: { ...policy.spec, ...spec } };
}
