import { clusterwideWith, describeRule, manifestWith, only, policyWith, refused, tcp } from "../cases.ts";

const pods = [{ matchLabels: { app: "x" } }];
const http = { http: [{}] };

/** Cilium's own code refuses each of these: `test/cilium/policy/validity.test.ts` compares the two over thousands. */
describeRule("agent-accepts", {
  bad: {
    "two kinds of egress peers in a rule": refused(
      /egress\[0\]: the agent refuses \["toEndpoints","toFQDNs"\]: combining ToEndpoints and ToFQDNs.*one rule for each kind/,
      policyWith({ egress: [{ toFQDNs: [{ matchName: "a.example.com" }], toEndpoints: pods, toPorts: tcp("443") }] }),
    ),
    "two kinds of ingress peers in a rule": refused(
      /FromEndpoints and FromEntities/,
      policyWith({ ingress: [{ fromEndpoints: pods, fromEntities: ["host"], toPorts: tcp("80") }] }),
    ),
    "a CIDR beside a set of CIDRs": refused(
      /ToCIDR and ToCIDRSet/,
      policyWith({
        egress: [{ toCIDR: ["192.0.2.0/24"], toCIDRSet: [{ cidr: "198.51.100.0/24" }], toPorts: tcp("80") }],
      }),
    ),
    "a rule without anything": refused(/at least one of Ingress/, policyWith({ ingress: [], egress: [] })),
    "only enableDefaultDeny": refused(
      /at least one of Ingress/,
      policyWith({ ingress: [], egress: undefined, enableDefaultDeny: { ingress: true } }),
    ),
    "HTTP rules on port 0": refused(
      /ports\[0\]\.port: .*port is 0/,
      policyWith({
        ingress: [{ fromEndpoints: pods, toPorts: [{ ports: [{ port: "0", protocol: "TCP" }], rules: http }] }],
      }),
    ),
    "HTTP rules on UDP": refused(
      /only apply to TCP \(not UDP\)/,
      policyWith({
        ingress: [{ fromEndpoints: pods, toPorts: [{ ports: [{ port: "80", protocol: "UDP" }], rules: http }] }],
      }),
    ),
    "HTTP rules on any protocol": refused(
      /only apply to TCP \(not ANY\)/,
      policyWith({ ingress: [{ fromEndpoints: pods, toPorts: [{ ports: [{ port: "80" }], rules: http }] }] }),
    ),
    "HTTP rules with a listener": refused(
      /Listener is not allowed with L7/,
      policyWith({
        egress: [
          {
            toEndpoints: pods,
            toPorts: [{ ...tcp("80")[0], rules: http, listener: { name: "l", envoyConfig: { name: "e" } } }],
          },
        ],
      }),
    ),
    "HTTP rules in a deny rule": refused(
      /Unrecognized key: "rules"/,
      manifestWith("spec.ingressDeny", [
        { fromEntities: ["world"], toPorts: [{ ports: [{ port: "80" }], rules: http }] },
      ]),
    ),
    "DNS rules on ingress": refused(
      /DNS is not supported on ingress/,
      policyWith({
        ingress: [
          { fromEndpoints: pods, toPorts: [{ ports: [{ port: "53" }], rules: { dns: [{ matchPattern: "*" }] } }] },
        ],
      }),
    ),
    "DNS rules without port 53": refused(
      /port 53 must be specified/,
      policyWith({ egress: [{ toEndpoints: pods, toPorts: [{ rules: { dns: [{ matchPattern: "*" }] } }] }] }),
    ),
    "DNS rules on a range": refused(
      /do not support port ranges/,
      policyWith({
        egress: [
          {
            toEndpoints: pods,
            toPorts: [{ ports: [{ port: "53", endPort: 54 }], rules: { dns: [{ matchPattern: "*" }] } }],
          },
        ],
      }),
    ),
    "a port that is missing": refused(
      /port must be specified/,
      policyWith({ egress: [{ toEndpoints: pods, toPorts: [{ ports: [{ protocol: "TCP" }] }] }] }),
    ),
    "a port above 65535": refused(
      /"70000": unable to parse port/,
      policyWith({ egress: [{ toEndpoints: pods, toPorts: tcp("70000") }] }),
    ),
    "a range as one string": refused(
      /"8000-8100": unable to parse port.*endPort 8100/,
      policyWith({ egress: [{ toEndpoints: pods, toPorts: tcp("8000-8100") }] }),
    ),
    "more than 40 ports": refused(
      /toPorts\[0\]\.ports: Too big/,
      policyWith({
        egress: [
          { toEndpoints: pods, toPorts: [{ ports: Array.from({ length: 41 }, (_, i) => ({ port: `${i + 1}` })) }] },
        ],
      }),
    ),
    "more than 40 denied ports": refused(
      /too many ports, the max is 40/,
      policyWith({
        egressDeny: [
          { toEndpoints: pods, toPorts: [{ ports: Array.from({ length: 41 }, (_, i) => ({ port: `${i + 1}` })) }] },
        ],
      }),
    ),
    "an exception outside its CIDR": refused(
      /except\[0\].*does not contain exclude CIDR prefix/,
      policyWith({
        egress: [{ toCIDRSet: [{ cidr: "192.0.2.0/24", except: ["198.51.100.0/24"] }], toPorts: tcp("80") }],
      }),
    ),
    "ICMP beside ports": refused(
      /ICMPs block may only be present without ToPorts/,
      policyWith({ egress: [{ toEndpoints: pods, icmps: [{ fields: [{ type: 8 }] }], toPorts: tcp("80") }] }),
    ),
    "a bad regular expression": refused(
      /rules\.http\[0\]\.path: .*RE2/,
      policyWith({
        ingress: [{ fromEndpoints: pods, toPorts: [{ ...tcp("80")[0], rules: { http: [{ path: "/(?=a)" }] } }] }],
      }),
    ),
    "In without values": refused(
      /matchExpressions\[0\]\.values: .*must be specified/,
      policyWith({ endpointSelector: { matchExpressions: [{ key: "app", operator: "In", values: [] }] } }),
    ),
    "toNodes without its flag": refused(
      /enable-node-selector-labels.*by entity/,
      policyWith({ egress: [{ toNodes: [{}], toPorts: tcp("80") }] }),
    ),
    "a nodeSelector in a namespaced policy": refused(
      /cannot have NodeSelector/,
      policyWith({ endpointSelector: undefined, nodeSelector: {} }),
    ),
    "an unknown field, which the API server would drop": refused(
      /Unrecognized key: "fromEndpoint"/,
      manifestWith("spec.ingress", [{ fromEndpoint: pods }]),
    ),
    "an unknown entity": refused(
      /spec\.egress\[0\]\.toEntities\[0\]/,
      manifestWith("spec.egress", [{ toEntities: ["nodes"] }]),
    ),
    "no spec": refused(/a policy needs a spec/, manifestWith("spec", null)),
  },
  good: {
    "a policy with rules both ways": only(policyWith({})),
    "default deny": only(policyWith({ ingress: [{}], egress: [{}] })),
    "HTTP and DNS rules where they belong": only(
      clusterwideWith({}),
      policyWith({
        ingress: [
          {
            fromEndpoints: pods,
            toPorts: [{ ...tcp("80")[0], rules: { http: [{ method: "GET", path: "/api/.*" }] } }],
          },
        ],
      }),
    ),
    "a range of ports": only(
      policyWith({ egress: [{ toEndpoints: pods, toPorts: [{ ports: [{ port: "8000", endPort: 8100 }] }] }] }),
    ),
    "an exception inside its CIDR": only(
      policyWith({
        egress: [{ toCIDRSet: [{ cidr: "192.0.2.0/24", except: ["192.0.2.128/25"] }], toPorts: tcp("80") }],
      }),
    ),
    "a clusterwide policy for nodes": only(
      clusterwideWith({
        endpointSelector: undefined,
        nodeSelector: {},
        egress: [{ toEntities: ["world"], toPorts: tcp("443") }],
      }),
    ),
  },
});
