import { fqdn, from, grpc, host, http, https, kubeApiserver, namespace, remoteNode, tcp } from "../cilium/language.ts";

const data = namespace("data");

export const postgres = data.workload("postgres", {
  labels: { "cnpg.io/cluster": "main" },
  otherLabels: { "cnpg.io/instanceRole": "primary" },
  ports: { postgresql: tcp(5432), status: https(8000), metrics: http(9187) },
  probes: ["status"],
});

export const controller = data.workload("controller", {
  labels: { app: "postgres-controller" },
  ports: { webhook: https(9443) },
});

const part = (component: string) => ({
  labels: { app: "store", component },
  ports: { grpc: grpc(18888), s3: http(8333), metrics: http(9327) },
  probes: ["s3" as const],
});

export const store = data.workload("store", part("store"));
export const index = data.workload("index", part("index"));

export default data.flows(() => [
  from(host).to(postgres.status).for("probes"),
  from(postgres).to(kubeApiserver, fqdn("*.backup.example").on(443)),
  from(postgres).to(postgres.postgresql, postgres.status).for("replication"),
  from(kubeApiserver, host, remoteNode).to(controller.webhook),
  from(controller).to(kubeApiserver, postgres.status),
  from(store, index).to(store.grpc, index.grpc),
]);
