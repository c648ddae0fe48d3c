import { from, gateway, kubeApiserver, namespace, tcp, tlsPassthrough } from "../cilium/language.ts";

const ns = namespace("kanidm");

export const kanidm = ns.workload("kanidm", {
  labels: { "app.kubernetes.io/name": "kanidm" },
  ports: { https: tlsPassthrough(8443), replication: tcp(8444) },
  probes: ["https"],
});

export default ns.flows(() => [
  from(gateway).to(kanidm.https).for("TLS Passthrough"),
  from(kanidm).to(kanidm.replication).for("replication"),
  from(kanidm).to(kubeApiserver),
]);
