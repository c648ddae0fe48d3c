import { describeRule, only, policyWith, refused } from "../cases.ts";
import type { Registered } from "../registration.ts";

const kanidm = (rules?: { http: [] | [object] }, port = "8443") =>
  policyWith(
    {
      endpointSelector: { matchLabels: { "app.kubernetes.io/name": "kanidm" } },
      ingress: [
        { fromEntities: ["ingress"], toPorts: [{ ports: [{ port, protocol: "TCP" }], ...(rules && { rules }) }] },
      ],
    },
    { namespace: "kanidm" },
  );
const config = {
  "no-l7-http-on-tls-passthrough": {
    workloads: [{ namespace: "kanidm", labels: { "app.kubernetes.io/name": "kanidm" }, ports: ["8443", "https"] }],
  },
};
const parsed = (annotations?: Record<string, string>) =>
  policyWith(
    {
      ingress: [
        { fromEntities: ["ingress"], toPorts: [{ ports: [{ port: "8080", protocol: "TCP" }], rules: { http: [{}] } }] },
      ],
    },
    { annotations },
  );
const route = (service: string): Registered => ({
  type: "kubernetes:gateway.networking.k8s.io/v1alpha2:TLSRoute",
  name: "route",
  props: {
    metadata: { name: "shop", namespace: "shop" },
    spec: { rules: [{ backendRefs: [{ name: service, port: 443 }] }] },
  },
});
const service = (selector: Record<string, string>, targetPort: number | string = 8080): Registered => ({
  type: "kubernetes:core/v1:Service",
  name: "service",
  props: { metadata: { name: "web", namespace: "shop" }, spec: { selector, ports: [{ port: 443, targetPort }] } },
});

describeRule("no-l7-http-on-tls-passthrough", {
  bad: {
    "HTTP rules on a workload that the config names": {
      ...refused(/ingress\[0\]\.toPorts\[0\]\.rules\.http: parses HTTP on 8443, https/, kanidm({ http: [{}] })),
      config,
    },
    "HTTP rules on its port by name": { ...refused(/rules\.http/, kanidm({ http: [{}] }, "https")), config },
    "HTTP rules on all pods of its namespace": {
      ...refused(
        /rules\.http/,
        policyWith(
          { endpointSelector: {}, ingress: [{ toPorts: [{ rules: { http: [{}] } }] }] },
          { namespace: "kanidm" },
        ),
      ),
      config,
    },
    "HTTP rules on a port that an annotation names": refused(
      /its annotation network-policies\/tls-passthrough/,
      parsed({ "network-policies/tls-passthrough": "8443, 8080" }),
    ),
    "HTTP rules on the pods of a TLSRoute's Service": refused(
      /TLSRoute shop\/shop/,
      service({ app: "web" }),
      route("web"),
      parsed(),
    ),
    "a TLSRoute that comes after the HTTP rules": refused(
      /shop\/web ingress/,
      service({ app: "web" }),
      parsed(),
      route("web"),
    ),
    "a Service that comes after both": refused(/shop\/web ingress/, parsed(), service({ app: "web" }), route("web")),
    "HTTP rules beside a TLSRoute whose Service is unknown": refused(
      /pods are not known/,
      route("elsewhere"),
      parsed(),
    ),
    "HTTP rules beside a TLSRoute that is not known yet": refused(
      /pods are not known/,
      { ...route("web"), props: { metadata: {}, spec: {} } },
      parsed(),
    ),
  },
  good: {
    "HTTP rules where no TLSRoute leads": only(parsed()),
    "a workload behind a TLSRoute without HTTP rules": { ...only(kanidm()), config },
    "HTTP rules on another port of it": { ...only(kanidm({ http: [{}] }, "8080")), config },
    "HTTP rules where no config says what is behind a TLSRoute": only(kanidm({ http: [{}] })),
    "HTTP rules on other pods of the namespace": only(service({ app: "other" }), route("web"), parsed()),
    "HTTP rules beside a TLSRoute to another port": only(service({ app: "web" }, 9443), route("web"), parsed()),
    "HTTP rules that an annotation is not about": only(parsed({ "network-policies/tls-passthrough": "8443" })),
  },
});
