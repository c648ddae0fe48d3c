import { fqdn, from, gateway, host, http, namespace, tcp } from "../cilium/language.ts";

const shop = namespace("shop");

export const web = shop.workload("web", {
  labels: { app: "web" },
  ports: { http: http(8080) },
  probes: ["http"],
});

export const orders = shop.workload("orders", {
  labels: { app: "orders" },
  ports: { sql: tcp(5432) },
});

export default shop.flows(() => [
  from(gateway).to(web.http),
  from(host).to(web.http).for("probes"),
  from(web).to(orders.sql, fqdn("payments.example.com").on(443)),
]);
