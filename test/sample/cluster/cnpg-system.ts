import { from, host, http, https, kubeApiserver, namespace, remoteNode } from "../cilium/language.ts";
import { sharedPg } from "./database.ts";

const cnpgSystem = namespace("cnpg-system");

export const cloudnativePg = cnpgSystem.workload("cloudnative-pg", {
  labels: { "app.kubernetes.io/name": "cloudnative-pg" },
  otherLabels: { "app.kubernetes.io/instance": "cnpg" },
  ports: { webhook: https(9443), metrics: http(8080) },
  probes: ["webhook"],
});

export default cnpgSystem.flows(() => [
  from(kubeApiserver, host, remoteNode).to(cloudnativePg.webhook),
  from(cloudnativePg).to(kubeApiserver),
  from(cloudnativePg).to(sharedPg.status).for("Health probes"),
]);
