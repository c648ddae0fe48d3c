import assert from "node:assert/strict";
import { loadAll } from "js-yaml";
import { sample } from "../project.ts";
import { type KubernetesApi, kubernetesApiOf, objectSchema } from "../provider/kubernetes-api.ts";
import { namespaces } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { netpol, netpolWith, withoutBasis } from "./command.ts";

describe("netpol diff with a cluster on one side", function () {
  this.timeout("2m");
  let cluster: Cluster;
  let api: KubernetesApi;

  const diff = (...sides: [string, string]) =>
    netpolWith({ env: { KUBECONFIG: cluster.kubeconfig } }, sample, "diff", ...sides);

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces });
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
    for (const object of [...objectsOf("inventory"), ...objectsOf("render")]) {
      await api.apply(object, { fieldManager: "test" });
    }
  });
  after(() => cluster?.stop());

  it("finds no difference where the cluster has what the program renders", () => {
    const { code, stdout, stderr } = diff("live", "program");
    assert.equal(withoutBasis(stdout), `context ${cluster.context} → stack prod: no difference\n`, stderr);
    assert.equal(code, 0);
  });

  it("says what the program would close that somebody opened, and open that somebody closed", async () => {
    const policy = { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" };
    await api.patch(
      { ...policy, metadata: { name: "redis", namespace: "argocd" } },
      { spec: { ingress: [{ fromEntities: ["world"], toPorts: [{ ports: [{ port: "6379", protocol: "TCP" }] }] }] } },
    );
    await api.delete({ ...policy, metadata: { name: "reloader", namespace: "kube-system" } }, "Background");
    const { code, stdout } = diff(`context:${cluster.context}`, "program");
    assert.deepEqual(withoutBasis(stdout).split("\n"), [
      "context embedded → stack prod: 1 workload enters default deny, 16 flows closed, 2 flows opened",
      "! kube-system/reloader enters default deny in both directions: what no rule allows is refused",
      "- remote-node, world, kube-system/reloader, every other pod, gateway, health and unmanaged can no longer reach kube-system/reloader on every port",
      "- kube-system/reloader can no longer reach world, every other pod, host, remote-node, gateway, health and unmanaged on every port and kube-apiserver on every port but 6443",
      "- world can no longer reach argocd/redis:6379",
      "+ argocd/repo-server and argocd/server can now reach argocd/redis:6379",
      "",
    ]);
    assert.equal(code, 1);
  });
});

/** What a command of the program prints, as objects. The API server takes no pod without an image. */
const objectsOf = (command: string) =>
  loadAll(netpol(sample, command).stdout.replaceAll(/^ {4}- name: .*/gm, "$&\n      image: none")).map((document) =>
    objectSchema.parse(document),
  );
