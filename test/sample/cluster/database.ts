import { fqdn, from, host, http, https, kubeApiserver, namespace, tcp } from "../cilium/language.ts";

const database = namespace("database");

/** The instances of the CloudNativePG cluster, and its Jobs, which carry the same label. */
export const sharedPg = database.workload("shared-pg", {
  labels: { "cnpg.io/cluster": "shared-pg" },
  otherLabels: {
    "cnpg.io/instanceName": "shared-pg-1",
    "cnpg.io/podRole": "instance",
    "cnpg.io/instanceRole": "primary",
  },
  ports: { postgresql: tcp(5432), status: https(8000), metrics: http(9187) },
  probes: ["status"],
});

export default database.flows(() => [
  from(host).to(sharedPg.status).for("probes"),

  from(sharedPg).to(kubeApiserver),
  from(sharedPg).to(sharedPg.postgresql, sharedPg.status).for("replication"),
  from(sharedPg).to(fqdn("*.r2.cloudflarestorage.com").on(443)).for("CNPG barman backup/WAL archiving"),
]);
