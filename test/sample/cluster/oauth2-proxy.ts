import { from, gateway, http, namespace } from "../cilium/language.ts";
import { kanidm } from "./kanidm.ts";
import { hubbleUi } from "./kube-system.ts";
import { filer } from "./seaweedfs.ts";

const oauth2Proxy = namespace("oauth2-proxy");

// Both releases carry the same name, so the instance tells them apart.
const release = (instance: string) => ({
  labels: { "app.kubernetes.io/instance": instance },
  otherLabels: { "app.kubernetes.io/name": "oauth2-proxy", app: "oauth2-proxy" },
  ports: { http: http(4180), metrics: http(44180) },
  probes: ["http" as const],
});

export const oauth2ProxyHubble = oauth2Proxy.workload("oauth2-proxy-hubble", release("oauth2-proxy-hubble"));
export const oauth2ProxySeaweedfs = oauth2Proxy.workload("oauth2-proxy-seaweedfs", release("oauth2-proxy-seaweedfs"));

export default oauth2Proxy.flows(() => [
  from(gateway).to(oauth2ProxyHubble.http, oauth2ProxySeaweedfs.http).throughHttpProxy(),

  from(oauth2ProxyHubble).to(hubbleUi.web).for("Reverse proxy upstream"),
  from(oauth2ProxySeaweedfs).to(filer.http, filer.grpc).for("Reverse proxy upstream"),

  from(oauth2ProxyHubble, oauth2ProxySeaweedfs).to(kanidm.https).for("OIDC token exchange"),
]);
