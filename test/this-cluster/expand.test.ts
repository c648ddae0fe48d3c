import assert from "node:assert/strict";
import type { CiliumNetworkPolicy, IngressRule, Rule } from "../../cilium/policy/schema.ts";
import { expand } from "./expand.ts";

function policy(spec: Rule): CiliumNetworkPolicy {
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: "web", namespace: "shop" },
    spec: { endpointSelector: { matchLabels: { app: "web" } }, ...spec },
  };
}

const tcp = (...ports: string[]) => ({ ports: ports.map((port) => ({ port, protocol: "TCP" as const })) });

describe("the comparable form of a policy", () => {
  it("has one fact for each peer and port, with the policy's own namespace where a selector names none", () => {
    const { name, selects, facts } = expand(
      policy({
        ingress: [
          { fromEntities: ["ingress"], toPorts: [{ ...tcp("80"), rules: { http: [{}] } }] },
          {
            fromEndpoints: [
              { matchLabels: { app: "cart" } },
              { matchLabels: { "k8s:io.kubernetes.pod.namespace": "pay", app: "till" } },
            ],
            toPorts: [tcp("81")],
          },
        ],
        egress: [{ toFQDNs: [{ matchName: "a.org" }, { matchPattern: "*.a.org" }], toPorts: [tcp("443")] }],
      }),
    );
    assert.equal(name, "shop/web");
    assert.equal(selects, "endpoint shop{app=web}");
    assert.deepEqual(facts, [
      "egress fqdn *.a.org 443/TCP",
      "egress fqdn a.org 443/TCP",
      "ingress endpoint pay{app=till} 81/TCP",
      "ingress endpoint shop{app=cart} 81/TCP",
      "ingress entity ingress 80/TCP http",
    ]);
  });

  it("is the same however the rules are grouped and ordered", () => {
    const grouped = policy({
      ingress: [{ fromEntities: ["host", "remote-node"], toPorts: [tcp("1", "2")] }],
    });
    const apart = policy({
      ingress: [
        { fromEntities: ["remote-node"], toPorts: [tcp("2"), tcp("1")] },
        { fromEntities: ["host"], toPorts: [tcp("2")] },
        { fromEntities: ["host"], toPorts: [tcp("1")] },
      ],
    });
    assert.deepEqual(expand(apart), expand(grouped));
  });

  it("tells a denied world, a direction closed to all and a direction that is not governed apart", () => {
    const facts = (spec: Rule) => expand(policy(spec)).facts;
    assert.deepEqual(facts({ ingressDeny: [{ fromEntities: ["world"] }] }), ["ingress deny entity world all ports"]);
    assert.deepEqual(facts({ ingress: [{}] }), ["ingress none"]);
    assert.deepEqual(facts({ egress: [{}] }), ["egress none"]);
    assert.deepEqual(facts({ ingress: [{}], enableDefaultDeny: { ingress: false } }), [
      "ingress default deny false",
      "ingress none",
    ]);
  });

  const fromHost = (toPorts: IngressRule["toPorts"]): Rule => ({ ingress: [{ fromEntities: ["host"], toPorts }] });
  const withoutPlace: readonly (readonly [string, Rule, RegExp])[] = [
    ["an empty list of rules", { ingress: [] }, /^rules: an empty list/],
    ["an empty list of peers", { ingress: [{ fromEndpoints: [], toPorts: [tcp("80")] }] }, /^peers: an empty list/],
    ["ports without a peer", { ingress: [{ toPorts: [tcp("80")] }] }, /ports without a peer/],
    ["two kinds of peers in a rule", { egress: [{ toEntities: ["host"], toCIDR: ["10.0.0.0/8"] }] }, /two kinds/],
    ["a kind of peer that the document does not use", { ingress: [{ fromNodes: [{}] }] }, /no place .*fromNodes/],
    ["a port without a protocol", fromHost([{ ports: [{ port: "80" }] }]), /80 without a protocol/],
    ["a named port", fromHost([tcp("web")]), /web: not a number/],
    ["a range of ports", fromHost([{ ports: [{ port: "80", endPort: 90, protocol: "TCP" }] }]), /no place .*endPort/],
    ["an HTTP rule with conditions", fromHost([{ ...tcp("80"), rules: { http: [{ method: "GET" }] } }]), /L7 rules/],
    ["an empty list of HTTP rules", fromHost([{ ...tcp("80"), rules: { http: [] } }]), /L7 rules/],
    [
      "a CIDR with exceptions",
      { egress: [{ toCIDRSet: [{ cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] }] }] },
      /except/,
    ],
    ["a matchName with a *", { egress: [{ toFQDNs: [{ matchName: "*.a.org" }] }] }, /matchPattern is for a \*/],
    ["a matchPattern without a *", { egress: [{ toFQDNs: [{ matchPattern: "a.org" }] }] }, /matchName for the rest/],
    [
      "a label that no pod carries",
      { ingress: [{ fromEndpoints: [{ matchLabels: { "reserved:host": "" } }] }] },
      /pod/,
    ],
    ["a field of the spec that the document does not use", { log: { value: "x" }, ingress: [{}] }, /no place .*log/],
    ["a deny rule without a peer", { ingressDeny: [{}] }, /a deny rule without a peer/],
  ];
  for (const [what, spec, message] of withoutPlace) {
    it(`refuses ${what}`, () => {
      assert.throws(() => expand(policy(spec)), { message });
    });
  }
});
