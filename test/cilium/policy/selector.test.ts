import assert from "node:assert/strict";
import type { LabelSelector } from "../../../cilium/policy/schema.ts";
import {
  areImplied,
  isKept,
  matches,
  nodeRequirements,
  peerRequirements,
  podIdentity,
  type Requirement,
  reservedIdentity,
  subjectRequirements,
} from "../../../cilium/policy/selector.ts";

const argocdServer = podIdentity({
  namespace: "argocd",
  cluster: "default",
  serviceAccount: "argocd-server",
  labels: { "app.kubernetes.io/name": "argocd-server", "pod-template-hash": "5d4f8" },
});
const gateway = reservedIdentity("ingress");
const controlPlane = reservedIdentity("remote-node", "kube-apiserver");

describe("A policy's subject", () => {
  const subject = (selector: LabelSelector, namespace?: string) => subjectRequirements(selector, namespace);
  const cases: [string, boolean][] = [
    [
      "in the policy's namespace is selected by its labels",
      matches(subject(named("argocd-server"), "argocd"), argocdServer),
    ],
    ["in another namespace is not selected", !matches(subject(named("argocd-server"), "argo"), argocdServer)],
    ["is everything of the namespace for {}", matches(subject({}, "argocd"), argocdServer)],
    ["of a namespaced policy is never the Gateway", !matches(subject({}, "argocd"), gateway)],
    ["of a clusterwide policy with {} is also the Gateway", matches(subject({}), gateway)],
    ["with a cluster name is a pod, not the Gateway", !matches(subject(inCluster("default")), gateway)],
    ["with another cluster's name is nothing", !matches(subject(inCluster("other")), argocdServer)],
    [
      "that names another namespace plainly is nothing",
      !matches(subject({ matchLabels: { "io.kubernetes.pod.namespace": "argo" } }, "argocd"), argocdServer),
    ],
    [
      "that names another namespace with the k8s source is still in its own",
      matches(subject({ matchLabels: { "k8s:io.kubernetes.pod.namespace": "argo" } }, "argocd"), argocdServer),
    ],
  ];
  for (const [statement, holds] of cases) it(statement, () => assert.ok(holds));
});

describe("A peer", () => {
  const peer = (selector: LabelSelector, namespace?: string) =>
    peerRequirements(selector, { namespace, cluster: "default", subject: {} });
  const cases: [string, boolean][] = [
    ["without a namespace is one of the policy's own", matches(peer(named("argocd-server"), "argocd"), argocdServer)],
    ["without a namespace is not one of another", !matches(peer(named("argocd-server"), "argo"), argocdServer)],
    ...["", "k8s:", "any:"].map((source): [string, boolean] => [
      `of another namespace is named by the key with the source '${source}'`,
      matches(peer({ matchLabels: { [`${source}io.kubernetes.pod.namespace`]: "argocd" } }, "argo"), argocdServer),
    ]),
    [
      "of another namespace is named by that namespace's labels",
      matches(
        peer({ matchLabels: { "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": "argocd" } }, "argo"),
        argocdServer,
      ),
    ],
    ["{} in a clusterwide policy is every pod", matches(peer({}), argocdServer)],
    ["{} in a clusterwide policy is no endpoint without a namespace", !matches(peer({}), gateway)],
    [
      "with a reserved label is taken as it is",
      matches(peer({ matchLabels: { "reserved:ingress": "" } }, "argo"), gateway),
    ],
    [
      "with the source any does not hide the k8s one",
      matches(peer(named("argocd-server", "any:"), "argocd"), argocdServer),
    ],
    [
      "with a foreign source matches no pod",
      !matches(peer(named("argocd-server", "container:"), "argocd"), argocdServer),
    ],
    [
      "selected by a stripped label is nobody",
      !matches(peer({ matchLabels: { "pod-template-hash": "5d4f8" } }, "argocd"), argocdServer),
    ],
    [
      "excluded by a stripped label is not excluded",
      matches(peer(expression("pod-template-hash", "DoesNotExist"), "argocd"), argocdServer),
    ],
    [
      "NotIn matches where the label is missing",
      matches(peer(expression("tier", "NotIn", ["db"]), "argocd"), argocdServer),
    ],
    ["Exists needs the label", !matches(peer(expression("tier", "Exists"), "argocd"), argocdServer)],
    [
      "In needs one of the values",
      matches(peer(expression("app.kubernetes.io/name", "In", ["x", "argocd-server"]), "argocd"), argocdServer),
    ],
  ];
  for (const [statement, holds] of cases) it(statement, () => assert.ok(holds));

  it("that is a node is a remote node, never a pod", () => {
    assert.ok(!matches(nodeRequirements({}, undefined), argocdServer));
    assert.ok(matches(nodeRequirements({}, undefined), controlPlane));
  });
});

describe("An identity", () => {
  const kept = [
    "app.kubernetes.io/name",
    "batch.kubernetes.io/job-name",
    "cnpg.io/cluster",
    "workflows.argoproj.io/workflow",
    "k8s-app",
    "io.kubernetes.pod.namespace",
    "io.cilium.k8s.policy.cluster",
  ];
  const stripped = [
    "kubernetes.io/os",
    "k8s.io/x",
    "io.kubernetes.container.name",
    "node.beta.kubernetes.io/x",
    "pod-template-hash",
    "pod-template-generation",
    "controller-revision-hash",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
    "topology.kubernetes.io/zone",
    "annotation.x",
  ];
  for (const key of kept) it(`keeps ${key}`, () => assert.ok(isKept(key)));
  for (const key of stripped) it(`loses ${key}`, () => assert.ok(!isKept(key)));
});

function named(name: string, source = ""): LabelSelector {
  return { matchLabels: { [`${source}app.kubernetes.io/name`]: name } };
}

function inCluster(cluster: string): LabelSelector {
  return { matchLabels: { "io.cilium.k8s.policy.cluster": cluster } };
}

function expression(
  key: string,
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist",
  values?: string[],
): LabelSelector {
  return { matchExpressions: [{ key, operator, values }] };
}

describe("Requirements that others imply", () => {
  const values = [["a"], ["b"], ["a", "b"]];
  const about = (source: string): Requirement[] => [
    ...values.flatMap((values) => [
      { source, key: "app", operator: "In" as const, values },
      { source, key: "app", operator: "NotIn" as const, values },
    ]),
    { source, key: "app", operator: "Exists" },
    { source, key: "app", operator: "DoesNotExist" },
  ];
  const pods = ["a", "b", "c", undefined].map((value) =>
    value === undefined ? [] : [{ source: "k8s", key: "app", value }],
  );

  it("are those that every pod satisfies which satisfies the others", () => {
    for (const wanted of [...about("k8s"), ...about("any")]) {
      for (const own of about("k8s")) {
        const holds = pods.every((pod) => !matches([own], pod) || matches([wanted], pod));
        assert.equal(areImplied([wanted], [own]), holds, JSON.stringify({ wanted, own }));
      }
    }
  });

  it("are all of them, each by one of the others", () => {
    const requirement = (key: string): Requirement => ({ source: "k8s", key, operator: "Exists" });
    const [app, tier] = [requirement("app"), requirement("tier")];
    assert.ok(areImplied([app], [tier, app]));
    assert.ok(!areImplied([app, tier], [app]));
    assert.ok(areImplied([], []));
  });

  it("are not of a source that the others leave open", () => {
    const [any, k8s] = ["any", "k8s"].map((source): Requirement => ({ source, key: "app", operator: "Exists" }));
    assert.ok(any && k8s && !areImplied([k8s], [any]));
  });
});
