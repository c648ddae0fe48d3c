import { clusterwideWith, describeRule, manifestWith, only, policyWith, refused, tcp } from "../cases.ts";

const peers = [{ matchLabels: { app: "x" } }];

describeRule("no-silent-no-ops", {
  bad: {
    "ingress: [] beside egress": refused(
      /ingress: \[\] is no rule at all: the direction stays open.*\[\{\}\] for a default deny/,
      policyWith({ ingress: [] }),
    ),
    "an empty list of peers": refused(
      /egress\[0\]\.toEndpoints: \[\] selects nobody/,
      policyWith({ egress: [{ toEndpoints: [], toPorts: tcp("80") }] }),
    ),
    "an empty list of names": refused(
      /toFQDNs: \[\] counts as absent/,
      policyWith({ egress: [{ toFQDNs: [], toPorts: tcp("80") }] }),
    ),
    "an empty list of ports": refused(
      /toPorts\[0\]\.ports: \[\] stands for every port/,
      policyWith({ ingress: [{ fromEndpoints: peers, toPorts: [{ ports: [] }] }] }),
    ),
    "rules.http: []": refused(
      /rules\.http: \[\] parses nothing/,
      policyWith({
        ingress: [
          { fromEndpoints: peers, toPorts: [{ ports: [{ port: "80", protocol: "TCP" }], rules: { http: [] } }] },
        ],
      }),
    ),
    specs: refused(
      /specs: several rules/,
      manifestWith("specs", [{ endpointSelector: {}, ingress: [{}], egress: [{}] }]),
    ),
    "a subject by a label that Cilium strips": refused(
      /endpointSelector\.matchLabels: no identity carries pod-template-hash/,
      policyWith({ endpointSelector: { matchLabels: { app: "web", "pod-template-hash": "5d4f8" } } }),
    ),
    "a peer by a label that Cilium strips": refused(
      /toEndpoints\[0\]\.matchExpressions\[0\]: no identity carries kubernetes\.io\/os/,
      policyWith({
        egress: [
          {
            toEndpoints: [{ matchExpressions: [{ key: "kubernetes.io/os", operator: "Exists" }] }],
            toPorts: tcp("80"),
          },
        ],
      }),
    ),
    "a subject in another namespace": refused(
      /asks for the namespace other, but a policy selects in its own, shop/,
      policyWith({ endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": "other" } } }),
    ),
    "a subject in another cluster": {
      ...refused(
        /asks for the cluster east, but this one is west/,
        clusterwideWith({ endpointSelector: { matchLabels: { "io.cilium.k8s.policy.cluster": "east" } } }),
      ),
      config: { "no-silent-no-ops": { cluster: "west" } },
    },
    "a port name with a CIDR": refused(
      /toPorts\[0\]\.ports\[0\]\.port: the port name https never matches with toCIDR/,
      policyWith({ egress: [{ toCIDR: ["192.0.2.0/24"], toPorts: tcp("https") }] }),
    ),
    "a port name with an FQDN": refused(
      /never matches with toFQDNs/,
      policyWith({ egress: [{ toFQDNs: [{ matchName: "a.example.com" }], toPorts: tcp("https") }] }),
    ),
    "endPort below port": refused(
      /endPort: 8000 lies below port 8100/,
      policyWith({
        ingress: [{ fromEndpoints: peers, toPorts: [{ ports: [{ port: "8100", endPort: 8000, protocol: "TCP" }] }] }],
      }),
    ),
    "endPort beside a port name": refused(
      /8100 has no effect beside a port name/,
      policyWith({ ingress: [{ fromEndpoints: peers, toPorts: [{ ports: [{ port: "http", endPort: 8100 }] }] }] }),
    ),
    "two kinds of L7 rules for one peer and port": refused(
      /egress: has rules that Cilium cannot merge, so its pods keep an earlier policy/,
      policyWith({
        egress: [
          { toEndpoints: peers, toPorts: [{ ports: [{ port: "53", protocol: "TCP" }], rules: { http: [{}] } }] },
          {
            toEndpoints: peers,
            toPorts: [{ ports: [{ port: "53", protocol: "TCP" }], rules: { dns: [{ matchPattern: "*" }] } }],
          },
        ],
      }),
    ),
    "an annotation of Cilium's domain": refused(
      /policy\.cilium\.io\/proxy-visibility is nothing that Cilium reads/,
      policyWith({}, { annotations: { "policy.cilium.io/proxy-visibility": "<Ingress/80/TCP/HTTP>" } }),
    ),
    "an annotation with Cilium's old prefix": refused(
      /io\.cilium\/x/,
      policyWith({}, { annotations: { "io.cilium/x": "y" } }),
    ),
  },
  good: {
    "a policy where everything counts": only(policyWith({})),
    "[{}] both ways": only(policyWith({ ingress: [{}], egress: [{}] })),
    "rules.http: [{}]": only(
      policyWith({
        ingress: [
          { fromEndpoints: peers, toPorts: [{ ports: [{ port: "80", protocol: "TCP" }], rules: { http: [{}] } }] },
        ],
      }),
    ),
    "its own namespace in its subject": only(
      policyWith({ endpointSelector: { matchLabels: { "io.kubernetes.pod.namespace": "shop" } } }),
    ),
    "labels that only look like stripped ones": only(
      policyWith({ endpointSelector: { matchLabels: { "batch.kubernetes.io/job-name": "web" } } }),
    ),
    "a reserved label as a peer": only(
      policyWith({ ingress: [{ fromEndpoints: [{ matchLabels: { "reserved:ingress": "" } }], toPorts: tcp("80") }] }),
    ),
    "a port name with pods": only(policyWith({ egress: [{ toEndpoints: peers, toPorts: tcp("https") }] })),
    "a port name beside fromCIDR, where it is the pods' own": only(
      policyWith({ ingress: [{ fromCIDR: ["192.0.2.0/24"], toPorts: tcp("https") }] }),
    ),
    "a range": only(
      policyWith({
        ingress: [{ fromEndpoints: peers, toPorts: [{ ports: [{ port: "8000", endPort: 8100, protocol: "TCP" }] }] }],
      }),
    ),
    "two kinds of L7 rules for two ports": only(
      policyWith({
        egress: [
          { toEndpoints: peers, toPorts: [{ ports: [{ port: "80", protocol: "TCP" }], rules: { http: [{}] } }] },
          {
            toEndpoints: peers,
            toPorts: [{ ports: [{ port: "53", protocol: "TCP" }], rules: { dns: [{ matchPattern: "*" }] } }],
          },
        ],
      }),
    ),
    "annotations of others": only(
      policyWith({}, { annotations: { "network-policies/stack": "prod", "pulumi.com/patchForce": "true" } }),
    ),
    "any cluster where no config names this one": only(
      clusterwideWith({ endpointSelector: { matchLabels: { "io.cilium.k8s.policy.cluster": "east" } } }),
    ),
    "the cluster that the config names": {
      ...only(clusterwideWith({ endpointSelector: { matchLabels: { "io.cilium.k8s.policy.cluster": "east" } } })),
      config: { "no-silent-no-ops": { cluster: "east" } },
    },
  },
});
