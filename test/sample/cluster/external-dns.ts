import { fqdn, from, host, http, kubeApiserver, namespace } from "../cilium/language.ts";

const ns = namespace("external-dns");

export const externalDns = ns.workload("external-dns", {
  labels: { "app.kubernetes.io/name": "external-dns" },
  ports: { http: http(7979) },
  probes: ["http"],
});

export default ns.flows(() => [
  from(host).to(externalDns.http).for("probes"),
  from(externalDns).to(kubeApiserver, fqdn("api.cloudflare.com").on(443)),
]);
