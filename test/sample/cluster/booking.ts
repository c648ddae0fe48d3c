import { fqdn, from, gateway, http, namespace, tcp, udp } from "../cilium/language.ts";
import { server } from "./argocd.ts";
import { postgres } from "./data.ts";
import { tempo } from "./monitoring.ts";

const booking = namespace("booking");

export const tunnel = booking.workload("tunnel", { labels: { app: "tunnel" } });

export const web = booking.workload("web", {
  labels: { app: "web" },
  ports: { http: http(8080), metrics: http(9102) },
  probes: ["http"],
});

export default booking.flows(() => [
  from(gateway).to(web.http).throughHttpProxy(),
  from(web).to(postgres.postgresql).for("Bookings"),
  from(web).to(tempo.otlp).for("Traces"),
  from(tunnel).to(fqdn("*.tunnel.example", "tunnel.example").on(443, tcp(7844), udp(7844)), web.http),
  from(tunnel).to(server.https).for("Webhooks"),
]);
