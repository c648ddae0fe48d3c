import { dns, fqdn, from, host, http, https, kubeApiserver, namespace, remoteNode, world } from "../cilium/language.ts";

const certManager = namespace("cert-manager");

export const controller = certManager.workload("controller", {
  labels: { "app.kubernetes.io/name": "cert-manager" },
  otherLabels: { "app.kubernetes.io/component": "controller", app: "cert-manager" },
  ports: { health: http(9403), metrics: http(9402) },
  probes: ["health"],
});

export const cainjector = certManager.workload("cainjector", {
  labels: { "app.kubernetes.io/name": "cainjector" },
  ports: { metrics: http(9402) },
});

export const webhook = certManager.workload("webhook", {
  labels: { "app.kubernetes.io/name": "webhook" },
  ports: { https: https(10250), health: http(6080), metrics: http(9402) },
  probes: ["health"],
});

/** A Job: Helm runs it after every install. */
export const startupapicheck = certManager.workload("startupapicheck", {
  labels: { "app.kubernetes.io/name": "startupapicheck" },
});

export default certManager.flows(() => [
  from(host).to(controller.health).for("probes"),
  from(controller).to(kubeApiserver, fqdn("acme-v02.api.letsencrypt.org", "api.cloudflare.com").on(443)),
  from(controller)
    .to(world.on(dns(53)))
    .for("propagation check"),

  from(cainjector).to(kubeApiserver),

  from(kubeApiserver, remoteNode).to(webhook.https),
  from(host).to(webhook.health).for("probes"),
  from(webhook).to(kubeApiserver),

  from(startupapicheck).to(kubeApiserver),
]);
