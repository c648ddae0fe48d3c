/** What check calls a fault, each beside what is much like it and none. */
import assert from "node:assert/strict";
import { findingsOf } from "../../cli/findings.ts";
import { manifestsSource } from "../../cli/sources/objects.ts";
import { folderOf, shopPods, shopPolicies, shopPolicy } from "./folder.ts";

const found = async (manifests: string, files: Readonly<Record<string, string>> = {}) =>
  findingsOf(
    await manifestsSource(folderOf({ "all.yaml": manifests, ...files }), undefined, { stack: "prod" }),
    undefined,
    false,
  );

const web = (spec: string): string => shopPolicies.replace(/[\s\S]*?(?=---\n[^-]*name: api)/, shopPolicy("web", spec));

const workload = (name: string, namespace = "shop"): string => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec: {template: {metadata: {labels: {app: ${name}}}}}
`;

const shopService = `---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: 9000}]}
`;

const nameServer = `---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {containers: [{name: main, image: none}]}
`;

type Case = readonly [
  about: string,
  manifests: string,
  level: "error" | "warning",
  rule: string,
  said: RegExp,
  innocent: readonly [about: string, manifests: string],
];

describe("netpol check", () => {
  const faults: readonly Case[] = [
    [
      "what the API server would not store",
      `${shopPolicies.replace("egress: [{}]", "egres: [{}]")}`,
      "error",
      "api-server-accepts",
      /shop\/db: the API server refuses it: spec: there is no field egres/,
      ["what it stores", shopPolicies],
    ],
    [
      "what Cilium's agent would refuse",
      web('ingress: [{fromEntities: [ingress], fromCIDR: ["192.0.2.0/24"]}]\negress: [{}]'),
      "error",
      "agent-accepts",
      /shop\/web .*combining/,
      [
        "entities and CIDRs in rules of their own",
        web('ingress: [{fromEntities: [ingress]}, {fromCIDR: ["192.0.2.0/24"]}]\negress: [{}]'),
      ],
    ],
    [
      "a flow that only one end allows",
      shopPolicies.replace("fromEndpoints: [{matchLabels: {app: web}}]", "fromEndpoints: [{matchLabels: {app: db}}]"),
      "warning",
      "closed-at-the-other-end",
      /shop\/web egress\[0\]\.toEndpoints\[0\]: opens a way to shop\/api, whose ingress is closed for it: denied: default deny \(shop\/api\)/,
      ["one that both allow", shopPolicies],
    ],
    [
      "a flow that a deny rule shadows",
      web(
        'ingress: [{fromEntities: [ingress], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]\ningressDeny: [{fromEntities: [all], toPorts: [{ports: [{port: "8000", endPort: 8100}]}]}]\negress: [{}]',
      ),
      "warning",
      "shadowed-by-deny",
      /shop\/web ingress\[0\]\.toPorts\[0\]: is allowed in vain at shop\/web-7d4b9-aaaaa, shop\/web-7d4b9-bbbbb: shop\/web ingressDeny\[0\]\.toPorts\[0\] denies it/,
      [
        "one on ports beside those that are denied",
        web(
          'ingress: [{fromEntities: [ingress], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]\ningressDeny: [{fromEntities: [all], toPorts: [{ports: [{port: "8081", endPort: 8100}]}]}]\negress: [{}]',
        ),
      ],
    ],
    [
      "a policy that selects no pod",
      shopPolicies + shopPolicy("gone", "ingress: [{}]\negress: [{}]"),
      "warning",
      "selects-nothing",
      /shop\/gone endpointSelector: selects no pod \(app=gone, /,
      [
        "one for pods that a workload has yet to make",
        shopPolicies + shopPolicy("gone", "ingress: [{}]\negress: [{}]") + workload("gone"),
      ],
    ],
    [
      "a peer that is nobody",
      shopPolicies.replace(
        "toEndpoints: [{matchLabels: {app: db}}]",
        "toEndpoints: [{matchLabels: {app: db}}, {matchLabels: {app: dbb}}]",
      ),
      "warning",
      "peer-selects-nothing",
      /shop\/api egress\[0\]\.toEndpoints\[1\]: selects no pod \(app=dbb, /,
      [
        "one in another cluster of the mesh",
        shopPolicies.replace(
          "toEndpoints: [{matchLabels: {app: db}}]",
          "toEndpoints: [{matchLabels: {app: db}}, {matchLabels: {app: dbb, io.cilium.k8s.policy.cluster: west}}]",
        ),
      ],
    ],
    [
      "a port that no container names",
      shopPolicies.replaceAll("port: sql", "port: mysql"),
      "warning",
      "port-without-name",
      /shop\/db ingress\[0\]\.toPorts\[0\]: no pod that it is about has a port named mysql/,
      ["one that a container names", shopPolicies],
    ],
    [
      "a policy for pods on their node's network",
      shopPolicies + shopPolicy("logs", "ingress: [{}]\negress: [{}]"),
      "warning",
      "selects-host-network",
      /shop\/logs endpointSelector: selects only pods on their node's network \(shop\/logs\)/,
      [
        "one for such pods and others",
        shopPolicies +
          shopPolicy("any", "ingress: [{}]\negress: [{}]").replace(
            "{matchLabels: {app: any}}",
            "{matchExpressions: [{key: app, operator: In, values: [web, logs]}]}",
          ),
      ],
    ],
    [
      "a Service's port",
      shopPolicies.replaceAll('port: "9000"', 'port: "80"') + shopService,
      "warning",
      "service-port",
      /shop\/web egress\[0\]\.toPorts\[0\]: names port 80 of Service shop\/api, whose pods listen on 9000/,
      ["the port of the pods behind it", shopPolicies + shopService],
    ],
    [
      "a Service that is not there",
      web(`ingress: [{}]
egress: [{toServices: [{k8sService: {serviceName: apj, namespace: shop}}], toPorts: [{ports: [{port: "9000"}]}]}]`) +
        shopService,
      "error",
      "missing-service",
      /shop\/web egress\[0\]\.toServices\[0\]: there is no Service shop\/apj \(did you mean api\?\); Cilium then opens these ports to everybody/,
      [
        "one that is",
        web(`ingress: [{}]
egress: [{toServices: [{k8sService: {serviceName: api, namespace: shop}}], toPorts: [{ports: [{port: "9000"}]}]}]`) +
          shopService,
      ],
    ],
    [
      "a group of CIDRs that is not there",
      `${web("ingress: [{fromCIDRSet: [{cidrGroupRef: offices}]}]\negress: [{}]")}---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: office}
spec: {externalCIDRs: [203.0.113.0/24]}
`,
      "warning",
      "missing-cidr-group",
      /shop\/web ingress\[0\]\.fromCIDRSet\[0\]: there is no CiliumCIDRGroup offices, .*did you mean office\?/,
      [
        "one that is",
        `${web("ingress: [{fromCIDRSet: [{cidrGroupRef: office}]}]\negress: [{}]")}---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: office}
spec: {externalCIDRs: [203.0.113.0/24]}
`,
      ],
    ],
    [
      "a CIDR with a node in it",
      web("ingress: [{fromCIDR: [192.0.2.0/24]}]\negress: [{}]"),
      "warning",
      "cluster-address",
      /shop\/web ingress\[0\]\.fromCIDR\[0\]: holds the addresses of node worker \(192\.0\.2\.20\), node control \(192\.0\.2\.10\)/,
      [
        "one with the nodes left out",
        web("ingress: [{fromCIDRSet: [{cidr: 192.0.2.0/24, except: [192.0.2.0/27]}]}]\negress: [{}]"),
      ],
    ],
    [
      "a name that nobody's look-up teaches",
      web("ingress: [{fromEntities: [ingress]}]\negress: [{toFQDNs: [{matchName: example.com}]}]"),
      "warning",
      "name-not-looked-up",
      /shop\/web egress\[0\]\.toFQDNs\[0\]: example\.com never matches at shop\/web-7d4b9-aaaaa, .*no DNS rule/,
      [
        "one whose look-ups pass the DNS proxy",
        web(`ingress: [{fromEntities: [ingress]}]
egress:
- toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}]
  toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchPattern: "*"}]}}]
- toFQDNs: [{matchName: example.com}]`) + nameServer,
      ],
    ],
    [
      "a Service's name",
      web("ingress: [{fromEntities: [ingress]}]\negress: [{toFQDNs: [{matchName: api.shop.svc.cluster.local}]}]"),
      "warning",
      "name-of-a-service",
      /api\.shop\.svc\.cluster\.local is a Service/,
      [
        "a name outside the cluster that looks like one",
        web("ingress: [{fromEntities: [ingress]}]\negress: [{toFQDNs: [{matchName: api.shop.svc.example.com}]}]"),
      ],
    ],
    [
      "names of several Services",
      web(
        "ingress: [{fromEntities: [ingress]}]\negress: [{toFQDNs: [{matchName: api.shop.svc.cluster.local}, {matchName: db.shop.svc.cluster.local}]}]",
      ),
      "warning",
      "name-of-a-service",
      /api\.shop\.svc\.cluster\.local, db\.shop\.svc\.cluster\.local are Services of the cluster: connections to them arrive .*Instead: select their pods/,
      [
        "names outside the cluster",
        web(
          "ingress: [{fromEntities: [ingress]}]\negress: [{toFQDNs: [{matchName: example.com}, {matchName: example.org}]}]",
        ),
      ],
    ],
    [
      "pods that cannot look up names",
      shopPolicies
        .replace(
          "egress: [{toEndpoints: [{matchLabels: {app: db}}]",
          "egress: [{toCIDR: [203.0.113.0/24]}, {toEndpoints: [{matchLabels: {app: db}}]",
        )
        .replace(/(name: (web|db),[\s\S]*?egress: )\[[^\n]*/g, "$1[{toEntities: [all]}]") + nameServer,
      "warning",
      "no-name-server",
      /shop\/api egress: shop\/api may open connections and cannot look up any name/,
      [
        "pods whose egress to it is open",
        shopPolicies.replaceAll(
          "egress: [",
          "egress: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system}}]}, ",
        ) + nameServer,
      ],
    ],
    [
      "look-ups that are refused with the endings of the search path",
      web(`ingress: [{fromEntities: [ingress]}]
egress:
- toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}]
  toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchName: example.com}]}}]
- toFQDNs: [{matchName: example.com}]`) + nameServer,
      "warning",
      "search-path",
      /shop\/web egress\[1\]\.toFQDNs\[0\]: .*may look up example\.com, but not with the endings/,
      [
        "look-ups of any name",
        web(`ingress: [{fromEntities: [ingress]}]
egress:
- toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}]
  toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchPattern: "*"}]}}]
- toFQDNs: [{matchName: example.com}]`) + nameServer,
      ],
    ],
    [
      "a policy that only denies and closes the rest",
      web("ingressDeny: [{fromEndpoints: [{matchLabels: {app: db}}]}]\negress: [{}]"),
      "warning",
      "deny-closes-the-rest",
      /shop\/web ingressDeny: only denies, and still puts .*into default deny for ingress/,
      [
        "one that is said to close nothing",
        web(
          "enableDefaultDeny: {ingress: false}\ningressDeny: [{fromEndpoints: [{matchLabels: {app: db}}]}]\negress: [{}]",
        ),
      ],
    ],
    [
      "a clusterwide policy that opens every namespace to every other",
      `${shopPolicies}---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: within}
spec:
  endpointSelector: {matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}]}
  ingress: [{fromEndpoints: [{}]}]
${nameServer}`,
      "warning",
      "opens-every-namespace",
      /within ingress\[0\]\.fromEndpoints\[0\]: opens all ports between pods of every namespace/,
      [
        "one of a namespace, which opens that one",
        shopPolicies +
          web("ingress: [{fromEndpoints: [{}]}]\negress: [{}]").replace(/name: web,/, "name: within,") +
          nameServer,
      ],
    ],
    [
      "rules that contradict each other",
      web(
        `ingress: [{}]
egress:
- {toEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {http: [{}]}}]}
- {toEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {dns: [{matchPattern: "*"}]}}]}`,
      ),
      "error",
      "contradiction",
      /shop\/web-7d4b9-aaaaa, shop\/web-7d4b9-bbbbb: Cilium cannot compute its policy/,
      [
        "the same on ports of their own",
        web(
          `ingress: [{}]
egress:
- {toEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{}]}}]}
- {toEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {dns: [{matchPattern: "*"}]}}]}`,
        ),
      ],
    ],
    [
      "ports for an empty list of peers",
      web('ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: "8080"}]}]}]\negress: [{}]'),
      "warning",
      "rule-for-nobody",
      /shop\/web ingress\[0\]: names ports, but its list of peers is empty/,
      [
        "ports without a list of peers, which are open to everybody",
        web('ingress: [{toPorts: [{ports: [{port: "8080"}]}]}]\negress: [{}]'),
      ],
    ],
    [
      "a label that no namespace has",
      web(
        "ingress: [{fromEndpoints: [{matchLabels: {k8s:io.cilium.k8s.namespace.labels.stage: test}}]}]\negress: [{}]",
      ),
      "warning",
      "peer-selects-nothing",
      /shop\/web ingress\[0\]\.fromEndpoints\[0\]: selects no pod \(io\.cilium\.k8s\.namespace\.labels\.stage=test/,
      [
        "one that the shop's has",
        web(
          "ingress: [{fromEndpoints: [{matchLabels: {k8s:io.cilium.k8s.namespace.labels.stage: production}}]}]\negress: [{}]",
        ),
      ],
    ],
  ];
  for (const [about, manifests, level, rule, said, [innocent, innocents]] of faults) {
    it(`reports ${about}, and not ${innocent}`, async () => {
      const findings = await found(manifests + shopPods);
      const reported = findings.filter((finding) => finding.rule === rule);
      assert.ok(
        reported.some((finding) => finding.level === level && said.test(finding.message)),
        JSON.stringify(findings, null, 1),
      );
      assert.ok(reported.every(({ file }) => file?.includes("all.yaml, document ") ?? rule === "contradiction"));
      const messages = reported.map(({ message }) => message);
      assert.deepEqual(messages, [...new Set(messages)]);
      assert.deepEqual(
        (await found(innocents + shopPods)).filter((finding) => finding.rule === rule),
        [],
      );
    });
  }

  describe("takes manifests for what somebody keeps of a cluster, not for all of it", () => {
    const dns =
      '{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}], toPorts: [{ports: [{port: "53"}]}]}';
    const policies = ["web", "api"].map((name) => shopPolicy(name, `egress: [${dns}]`)).join("");
    const kept = policies + workload("web") + workload("api");
    const typo = shopPolicy("wbe", "ingress: [{}]");
    const told = async (manifests: string, files: Readonly<Record<string, string>> = {}) =>
      (await found(manifests, files)).filter(({ rule }) => rule !== "unreachable");

    it("so that it says once of a namespace that none of its pods are given, which is nothing wrong", async () => {
      const [note, ...more] = await told(kept);
      assert.deepEqual([note?.level, note?.rule, more], ["note", "pods-not-given", []]);
      assert.match(note?.message ?? "", /\(io\.kubernetes\.pod\.namespace=kube-system\); so do 1 more selectors/);
      const listed = await told(policies + shopPods);
      assert.deepEqual(
        listed.map(({ level, rule }) => `${level} ${rule}`),
        ["warning peer-selects-nothing", "warning peer-selects-nothing"],
      );
    });

    it("so that nobody selected is a note where charts may make somebody, and a fault where nothing does", async () => {
      const [fault, ...more] = await told(typo + workload("web"));
      assert.deepEqual([fault?.level, fault?.rule, more], ["warning", "selects-nothing", []]);
      const release =
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: db, namespace: shop}\n";
      const [note] = await told(typo + workload("web"), { "release.yaml": release });
      assert.equal(note?.level, "note");
      assert.match(note?.message ?? "", /unless what is not here makes it \(1 HelmRelease\)\.$/);
    });

    it("so that a Service is missing only where others of its namespace are given", async () => {
      const to = (namespace: string) =>
        shopPolicy("web", `egress: [{toServices: [{k8sService: {serviceName: kubernetes, namespace: ${namespace}}}]}]`);
      const rules = async (namespace: string) =>
        (await told(to(namespace) + shopService + workload("web") + workload("api"))).map(({ rule }) => rule);
      assert.deepEqual([await rules("default"), await rules("shop")], [[], ["missing-service"]]);
    });
  });

  it("tells names of a policy that are in vain for the same reason together", async () => {
    const names = ["a", "b", "c", "d"].map((name) => `{toFQDNs: [{matchName: ${name}.example.com}]}`);
    const findings = await found(web(`ingress: [{fromEntities: [ingress]}]\negress: [${names.join(", ")}]`) + shopPods);
    const [one, ...more] = findings.filter(({ rule }) => rule === "name-not-looked-up");
    assert.match(one?.message ?? "", /: a\.example\.com, b\.example\.com, c\.example\.com and 1 more never match at /);
    assert.deepEqual(more, []);
  });
});
