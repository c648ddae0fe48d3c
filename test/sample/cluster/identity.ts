import { from, gateway, kubeApiserver, namespace, tcp, tlsPassthrough } from "../cilium/language.ts";

const identity = namespace("identity");

export const login = identity.workload("login", {
  labels: { app: "login" },
  ports: { https: tlsPassthrough(8443), replication: tcp(8444) },
  probes: ["https"],
});

export default identity.flows(() => [
  from(gateway).to(login.https),
  from(login).to(login.replication).for("replication"),
  from(login).to(kubeApiserver),
]);
