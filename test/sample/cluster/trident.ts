import { external, from, https, kubeApiserver, namespace, nodes } from "../cilium/language.ts";

const trident = namespace("trident");

export const tridentNode = trident.hostNetwork("trident-node-linux", {
  reason: "CSI node plugin",
  labels: { app: "node.csi.trident.qnap.io" },
});

export const controller = trident.workload("controller", {
  labels: { app: "controller.csi.trident.qnap.io" },
  ports: { https: https(8443) },
});

export const operator = trident.workload("operator", {
  labels: { app: "operator.trident.qnap.io" },
  otherLabels: { name: "trident-operator" },
});

const storageApi = external("qnap-api", "192.168.0.240");

export default trident.flows(() => [
  from(nodes).to(controller.https).for("CSI node registration"),
  from(controller).to(kubeApiserver),
  from(controller).to(storageApi.on(8080)).for("QNAP NAS"),

  from(operator).to(kubeApiserver),
]);
