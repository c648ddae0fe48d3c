import assert from "node:assert/strict";
import { clusterwideWith, describeRule, only, policyWith, refused, tcp } from "../cases.ts";
import { judgeStack, type Registered, register } from "../registration.ts";

const dns = clusterwideWith({});
const toName = (matchName: string) => [{ toFQDNs: [{ matchName }], toPorts: tcp("443") }];
const toPattern = (matchPattern: string) => [{ toFQDNs: [{ matchPattern }], toPorts: tcp("443") }];
const dnsFor = (...names: string[]) =>
  clusterwideWith({
    egress: [
      {
        toEndpoints: [{ matchLabels: { "k8s-app": "kube-dns", "io.kubernetes.pod.namespace": "kube-system" } }],
        toPorts: [
          { ports: [{ port: "53", protocol: "UDP" }], rules: { dns: names.map((matchPattern) => ({ matchPattern })) } },
        ],
      },
    ],
  });

describeRule("dns-before-fqdn", {
  bad: {
    "a name where the stack has no DNS rule": refused(
      /egress\[0\]\.toFQDNs\[0\]\.matchName: a\.example\.com never matches: no DNS rule applies/,
      policyWith({ egress: toName("a.example.com") }),
    ),
    "a name that the DNS rule does not let through": refused(
      /no DNS rule of these pods lets it through/,
      dnsFor("*.example.org"),
      policyWith({ egress: toName("a.example.com") }),
    ),
    "the apex where the DNS rule has a wildcard": refused(
      /example\.com never matches/,
      dnsFor("*.example.com"),
      policyWith({ egress: toName("example.com") }),
    ),
    "a pattern of any depth where the DNS rule has one label": refused(
      /matchPattern: \*\*\.example\.com/,
      dnsFor("*.example.com"),
      policyWith({ egress: toPattern("**.example.com") }),
    ),
    "a name where the DNS rule is for another namespace": refused(
      /no DNS rule applies/,
      clusterwideWith({ endpointSelector: { matchLabels: { "io.kubernetes.pod.namespace": "other" } } }),
      policyWith({ egress: toName("a.example.com") }),
    ),
    "a name where lookups are allowed past the proxy": refused(
      /no DNS rule applies/,
      clusterwideWith({ egress: [{ toEntities: ["cluster"], toPorts: tcp("53") }] }),
      policyWith({ egress: toName("a.example.com") }),
    ),
  },
  good: {
    "names and patterns with a DNS rule for all": only(
      dns,
      policyWith({ egress: [...toName("a.example.com"), ...toPattern("*.example.com")] }),
    ),
    "a name with a DNS rule for its domain": only(
      dnsFor("*.example.com"),
      policyWith({ egress: toName("a.example.com") }),
    ),
    "any depth with a DNS rule of any depth": only(
      dnsFor("**.example.com"),
      policyWith({ egress: toPattern("**.example.com") }),
    ),
    "a DNS rule in the policy itself": only(
      policyWith({
        egress: [
          ...toName("a.example.com"),
          {
            toEndpoints: [{ matchLabels: { "k8s-app": "kube-dns" } }],
            toPorts: [{ ports: [{ port: "53" }], rules: { dns: [{ matchName: "a.example.com" }] } }],
          },
        ],
      }),
    ),
    "no names, no DNS rule": only(policyWith({})),
  },
});

const client = (
  egress: Parameters<typeof policyWith>[0]["egress"],
  labels: Record<string, string> = { app: "client" },
) => policyWith({ endpointSelector: { matchLabels: labels }, egress }, { name: "client" });
const toWeb = (port: string) => [{ toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: tcp(port) }];
const fromClient = (port: string) => [{ fromEndpoints: [{ matchLabels: { app: "client" } }], toPorts: tcp(port) }];
const range = [{ ports: [{ port: "8000", endPort: 8100, protocol: "TCP" as const }] }];
const web = (ingress: Parameters<typeof policyWith>[0]["ingress"]) => policyWith({ ingress });

describeRule("both-ends-open", {
  bad: {
    "a flow that the server does not open": refused(
      /shop\/client egress\[0\]\.toPorts\[0\]: opens 8080 for shop\/web, whose ingress is closed/,
      web([{}]),
      client(toWeb("8080")),
    ),
    "a flow that the client does not open": refused(
      /shop\/client egress: is closed for 8080, which shop\/web ingress\[0\]\.toPorts\[0\] opens/,
      web(fromClient("8080")),
      client([{}]),
    ),
    "another port at the other end": refused(/opens 8081/, web(fromClient("8080")), client(toWeb("8081"))),
    "a range of which the client has one port": refused(
      /opens 8000-8100/,
      client(toWeb("8080")),
      web([{ fromEndpoints: [{ matchLabels: { app: "client" } }], toPorts: range }]),
    ),
    "another protocol at the other end": refused(
      /opens 8080/,
      web(fromClient("8080")),
      client([
        { toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: [{ ports: [{ port: "8080", protocol: "UDP" }] }] },
      ]),
    ),
    "a peer in the wrong namespace": refused(
      /other\/web/,
      policyWith({ ingress: fromClient("8080") }, { namespace: "other" }),
      client([
        {
          toEndpoints: [{ matchLabels: { app: "web", "io.kubernetes.pod.namespace": "other" } }],
          toPorts: tcp("8080"),
        },
      ]),
    ),
    "one of several clients forgotten": refused(
      /opens 8080/,
      web([{ fromEndpoints: [{ matchLabels: { app: "a" } }], toPorts: tcp("8080") }]),
      policyWith(
        {
          endpointSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["a", "b"] }] },
          egress: toWeb("8080"),
        },
        { name: "clients" },
      ),
    ),
    "a deny rule at the other end": refused(
      /opens 8080/,
      policyWith({
        ingress: fromClient("8080"),
        ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: "client" } }] }],
      }),
      client(toWeb("8080")),
    ),
    "the server that is registered later": refused(
      /shop\/web ingress: is closed for 8080, which shop\/client egress\[0\]/,
      client(toWeb("8080")),
      web([{}]),
    ),
  },
  good: {
    "a flow that both open": only(web(fromClient("8080")), client(toWeb("8080"))),
    "a range that both open": only(
      web([{ fromEndpoints: [{ matchLabels: { app: "client" } }], toPorts: range }]),
      client([{ toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: range }]),
    ),
    "a server that no policy selects": only(client(toWeb("8080"))),
    "a server that governs egress only": only(policyWith({ ingress: undefined }), client(toWeb("8080"))),
    "a server whose default deny is off": only(
      policyWith({ ingress: [{}], enableDefaultDeny: { ingress: false } }),
      client(toWeb("8080")),
    ),
    "a server that lets the whole cluster in": only(
      web([{ fromEntities: ["cluster"], toPorts: tcp("8080") }]),
      client(toWeb("8080")),
    ),
    "a clusterwide policy for one end": only(
      clusterwideWith({
        endpointSelector: { matchLabels: { "io.kubernetes.pod.namespace": "shop", app: "client" } },
        egress: [
          {
            toEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "shop", app: "web" } }],
            toPorts: tcp("8080"),
          },
        ],
      }),
      web(fromClient("8080")),
      client([{}]),
    ),
    "replicas that talk to each other": only(
      policyWith({
        ingress: [{ fromEndpoints: [{ matchLabels: { app: "web" } }], toPorts: tcp("7946") }],
        egress: toWeb("7946"),
      }),
    ),
  },
});

const labelled = (name: string, selector: Parameters<typeof policyWith>[0]["endpointSelector"], namespace = "shop") =>
  policyWith({ endpointSelector: selector, egress: [{}] }, { name, namespace });
const workflow = { key: "workflow", operator: "Exists" as const };

describeRule("one-policy-per-workload", {
  bad: {
    "two policies with one subject": refused(
      /shop\/b endpointSelector: selects pods that shop\/a selects too/,
      labelled("a", { matchLabels: { app: "x" } }),
      labelled("b", { matchLabels: { app: "x" } }),
    ),
    "a subject within another": refused(
      /shop\/b/,
      labelled("a", { matchLabels: { app: "x" } }),
      labelled("b", { matchLabels: { app: "x", tier: "y" } }),
    ),
    "a subject around another": refused(
      /shop\/b/,
      labelled("a", { matchLabels: { app: "x", tier: "y" } }),
      labelled("b", { matchLabels: { app: "x" } }),
    ),
    "a policy for the whole namespace": refused(
      /shop\/b/,
      labelled("a", { matchLabels: { app: "x" } }),
      labelled("b", {}),
    ),
    "a value that two lists share": refused(
      /shop\/b/,
      labelled("a", { matchExpressions: [{ key: "app", operator: "In", values: ["x", "y"] }] }),
      labelled("b", { matchExpressions: [{ key: "app", operator: "In", values: ["y", "z"] }] }),
    ),
    "a catch-all that does not leave one out": refused(
      /shop\/b/,
      labelled("a", { matchExpressions: [workflow] }),
      labelled("b", { matchLabels: { backup: "true" }, matchExpressions: [workflow] }),
    ),
    "two policies with one name": refused(
      /metadata\.name: is the name of another policy/,
      labelled("a", { matchLabels: { app: "x" } }),
      { ...labelled("a", { matchLabels: { app: "y" } }), name: "again" },
    ),
  },
  good: {
    "subjects that differ in a value": only(
      labelled("a", { matchLabels: { app: "x" } }),
      labelled("b", { matchLabels: { app: "y" } }),
    ),
    "one subject in two namespaces": only(
      labelled("a", { matchLabels: { app: "x" } }),
      labelled("a", { matchLabels: { app: "x" } }, "other"),
    ),
    "a catch-all that leaves one out": only(
      labelled("a", { matchExpressions: [workflow, { key: "backup", operator: "DoesNotExist" }] }),
      labelled("b", { matchLabels: { backup: "true" }, matchExpressions: [workflow] }),
    ),
    "a clusterwide policy besides": only(dns, labelled("a", { matchLabels: { app: "x" } })),
    "a clusterwide policy with the name of a namespaced one": only(
      clusterwideWith({}, { name: "a" }),
      labelled("a", { matchLabels: { app: "x" } }),
    ),
  },
});

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
    "HTTP rules on a workload of this cluster behind a TLSRoute": refused(
      /ingress\[0\]\.toPorts\[0\]\.rules\.http: parses HTTP on 8443, https/,
      kanidm({ http: [{}] }),
    ),
    "HTTP rules on its port by name": refused(/rules\.http/, kanidm({ http: [{}] }, "https")),
    "HTTP rules on all pods of its namespace": refused(
      /rules\.http/,
      policyWith(
        { endpointSelector: {}, ingress: [{ toPorts: [{ rules: { http: [{}] } }] }] },
        { namespace: "kanidm" },
      ),
    ),
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
    "a workload behind a TLSRoute without HTTP rules": only(kanidm()),
    "HTTP rules on another port of it": only(kanidm({ http: [{}] }, "8080")),
    "HTTP rules on other pods of the namespace": only(service({ app: "other" }), route("web"), parsed()),
    "HTTP rules beside a TLSRoute to another port": only(service({ app: "web" }, 9443), route("web"), parsed()),
    "HTTP rules that an annotation is not about": only(parsed({ "network-policies/tls-passthrough": "8443" })),
  },
});

describe("The stack rules", () => {
  const halfOpen = [web([{}]), client(toWeb("8080"))];

  it("find at the end what was registered in any order", () => {
    const end = (resources: readonly Registered[]) => judgeStack(resources).map(({ rule }) => rule);
    assert.deepEqual(end(halfOpen), ["both-ends-open"]);
    assert.deepEqual(end(halfOpen.toReversed()), ["both-ends-open"]);
    assert.deepEqual(end([policyWith({ egress: toName("a.example.com") }), dns]), []);
  });

  it("object to a policy with names that is registered before its DNS rule", () => {
    const early = register([policyWith({ egress: toName("a.example.com") }), dns]).map(({ rule }) => rule);
    assert.deepEqual(early, ["dns-before-fqdn"]);
  });

  it("say a half-open flow once, at the policy that opens it", () => {
    const [violation, ...more] = judgeStack(halfOpen);
    assert.match(violation?.message ?? "", /^shop\/client egress/);
    assert.deepEqual(more, []);
  });
});
