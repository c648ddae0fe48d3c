import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Provider } from "@pulumi/kubernetes/provider.js";
import { Faults } from "../../cilium/model/faults.ts";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import { policyName, policyText, referenceTo } from "../../cilium/policy/parts.ts";
import type { Policy } from "../../cilium/policy/schema.ts";
import { applyPolicies } from "../../components/apply.ts";
import { changeText } from "../../components/change-text.ts";
import { loadCluster } from "../../components/load.ts";
import { readProgram } from "../../components/program.ts";
import { netpol } from "../cli/command.ts";
import { copyOfProject } from "../project.ts";
import { program as before } from "../rendered.ts";
import { registrations } from "./recorded.ts";

/** A policy of each kind, one of which only refuses; the first has what a cluster adds to it. */
const policies = {
  "shop/web.yaml": `# Kept: nothing of the language says this.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: identity
  uid: 8a1c
  resourceVersion: "7"
  creationTimestamp: 2024-01-01T00:00:00Z
  annotations: { kubectl.kubernetes.io/last-applied-configuration: "{}", team: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress: [{ from: [{ ipBlock: { cidr: 192.0.2.0/24 } }], ports: [{ port: 8080 }] }]
`,
  "rest.yaml": `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: nodes }
spec: { description: Host firewall, nodeSelector: {}, ingress: [{ fromEntities: [cluster] }] }
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: default-deny, namespace: identity }
spec: { endpointSelector: {}, ingress: [{}] }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: monitoring }
spec:
  tier: Admin
  priority: 10
  subject: { namespaces: {} }
  ingress: [{ action: Accept, from: [{ namespaces: { matchLabels: { kubernetes.io/metadata.name: monitoring } } }] }]
`,
};

function project(files: Readonly<Record<string, string>>): string {
  const folder = copyOfProject();
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, "cluster/verbatim", name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

const programOf = async (folder: string) =>
  readProgram(await loadCluster(folder), {}, { project: "network-policies", stack: "prod" });

const faultsOf = async (files: Readonly<Record<string, string>>): Promise<readonly string[]> => {
  try {
    await programOf(project(files));
    return [];
  } catch (error) {
    assert.ok(error instanceof Faults, String(error));
    return error.faults;
  }
};

/** Policies as the state of a stack has them. */
const deployed = (policies: readonly Policy[]) =>
  policies.map((written) => ({ name: policyName(written), written: { spec: undefined, ...written } }));

describe("Verbatim policies", () => {
  const folder = project(policies);
  const verbatim = ["nodes", "identity/default-deny", "ClusterNetworkPolicy monitoring", "NetworkPolicy identity/web"];

  it("are rendered after those of the workloads as they stand, with the owner's marks beside their own", async () => {
    const { policies } = await programOf(folder);
    assert.deepEqual(
      policies.slice(before.policies.length).map((one) => policyText(referenceTo(one))),
      verbatim,
    );
    const web = policies.at(-1);
    assert.deepEqual(web?.metadata, {
      name: "web",
      namespace: "identity",
      labels: { "app.kubernetes.io/managed-by": "pulumi", "app.kubernetes.io/part-of": "network-policies" },
      annotations: {
        team: "shop",
        "network-policies/stack": "network-policies/prod",
        "pulumi.com/deletionPropagationPolicy": "background",
      },
    });
    assert.deepEqual(web?.spec, {
      podSelector: { matchLabels: { app: "web" } },
      ingress: [{ from: [{ ipBlock: { cidr: "192.0.2.0/24" } }], ports: [{ port: 8080 }] }],
    });
  });

  it("are applied before the flows' policies, and after them where they only refuse", async () => {
    const program = await programOf(folder);
    const all = await registrations(() => applyPolicies(program, { provider: new Provider("cluster", {}) }));
    const resources = all.filter(({ type }) => type.startsWith("kubernetes:") && type.endsWith("NetworkPolicy"));
    assert.equal(resources.length, program.policies.length);
    const dependenciesOf = (type: string, name: string) => {
      const found = resources.find((one) => one.type === type && one.name === name);
      assert.ok(found, name);
      return found.dependencies.map((urn) => urn.slice(urn.lastIndexOf("::") + 2));
    };
    const cilium = "kubernetes:cilium.io/v2:CiliumNetworkPolicy";
    assert.deepEqual(dependenciesOf("kubernetes:networking.k8s.io/v1:NetworkPolicy", "identity/web"), ["allow-dns"]);
    assert.deepEqual(dependenciesOf(cilium, "argocd/redis").slice(0, 4), [
      "allow-dns",
      "nodes",
      "monitoring",
      "identity/web",
    ]);
    assert.equal(dependenciesOf(cilium, "identity/default-deny").length, resources.length - 1);
    const parents = resources.map(({ parent, name }) => [name, parent.slice(parent.lastIndexOf("::") + 2)]);
    assert.deepEqual(Object.fromEntries(parents)["identity/web"], "identity");
    assert.deepEqual(Object.fromEntries(parents).monitoring, "clusterwide");
  });

  it("are judged, with a pod for one that selects no workload", async () => {
    const { cluster } = await programOf(folder);
    const { endpoints } = inventoryOf(cluster);
    assert.deepEqual(
      endpoints
        .filter(({ namespace, name }) => namespace === "identity" && name === "web")
        .map(({ namespace, labels }) => [namespace, labels]),
      [["identity", { app: "web" }]],
    );
    const { stdout } = netpol(folder, "explain", "192.0.2.7", "identity/web", "8080");
    assert.match(stdout, /is allowed/);
    assert.match(stdout, /NetworkPolicy identity\/web ingress\[0\]/);
  });

  it("are what a preview says that they change", async () => {
    const program = await programOf(folder);
    assert.match(changeText(deployed(before.policies), program) ?? "", /identity\/web/);
    assert.equal(changeText(deployed(program.policies), program), undefined);
  });

  it("are counted by check, and told in the document with their files", () => {
    const { stdout } = netpol(folder, "check");
    assert.match(stdout, /note verbatim: 4 of \d+ policies are verbatim, not flows: nodes, identity\/default-deny/);
    netpol(folder, "docs");
    const { stdout: map, code } = netpol(folder, "map", "-o", "-");
    assert.equal(code, 0);
    assert.match(map, /identity\/web/);
  });

  it("are faults with file and line where they are none", async () => {
    assert.deepEqual(
      await faultsOf({
        "shop.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web }
spec: {}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec: { podSelectr: {} }
---
no: [yaml
`,
        "template.yaml":
          "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: {{ .Release.Name }} }\n",
      }),
      [
        "cluster/verbatim/shop.yaml:10: NetworkPolicy shop/web: the API server refuses it: spec: there is no field podSelectr",
        "cluster/verbatim/shop.yaml:5: NetworkPolicy web has no namespace; write metadata.namespace",
        "cluster/verbatim/shop.yaml, document 4, line 16: no valid YAML: deficient indentation; only policies stand here",
        "cluster/verbatim/template.yaml: template with {{ }}; only policies stand here",
        "cluster/verbatim/shop.yaml:1: is no policy; only policies stand here",
      ],
    );
  });

  it("may not have the name of a policy that the program has", async () => {
    const policy = (kind: string, metadata: string) => `apiVersion: cilium.io/v2
kind: ${kind}
metadata: ${metadata}
spec: { endpointSelector: {}, ingress: [{}] }
`;
    assert.deepEqual(
      await faultsOf({
        "a.yaml": policy("CiliumNetworkPolicy", "{ name: redis, namespace: argocd }"),
        "b.yaml": policy("CiliumClusterwideNetworkPolicy", "{ name: allow-dns }"),
      }),
      [
        "cluster/verbatim/a.yaml:1: argocd/redis is the policy of the workload argocd/redis; rename one of them, or write this one as its flows",
        "cluster/verbatim/b.yaml:1: allow-dns is the policy by which all pods resolve names; write dns: false in cluster/cluster.ts to keep this one",
      ],
    );
  });
});
