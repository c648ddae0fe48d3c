import assert from "node:assert/strict";
import { type CiliumPolicy, ciliumPolicy as policySchema } from "../../../../cilium/policy/schema.ts";
import type { Endpoint, Inventory, Peer, Question } from "../../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../../cilium/reach/compile/network.ts";
import { UnknownPeer } from "../../../../cilium/reach/compile/resolve.ts";
import { type EndVerdict, undecidableText, type Verdict, verdict } from "../../../../cilium/reach/decide/verdict.ts";

/** Names what decided, and what the oracle cannot be asked about: questions with several cases, and what is not known. */
describe("A verdict", () => {
  it("names the policy, the rule and its ports that allowed a connection", () => {
    const { ingress } = ask([allowWeb], { port: 8080 });
    assert.deepEqual(ingress, {
      verdict: "allowed",
      by: { kind: "rules", rules: [rule("shop/db", "ingress[1].toPorts[0]")] },
      redirect: undefined,
      onceResolved: false,
      authentication: [],
    });
  });

  it("names the rule's place in specs", () => {
    const { spec, ...rest } = allowWeb;
    const { ingress } = ask([{ ...rest, specs: [{ endpointSelector: {}, egress: [{}] }, spec ?? {}] }], { port: 8080 });
    assert.ok(ingress.verdict === "allowed" && ingress.by.kind === "rules");
    assert.deepEqual(ingress.by.rules, [rule("shop/db", "specs[1].ingress[1].toPorts[0]")]);
  });

  it("names every policy that put the endpoint into default deny, once", () => {
    const other = policy("other", { endpointSelector: {}, ingress: [{}, {}] });
    const { outcome, ingress } = ask([allowWeb, other], { port: 1 });
    assert.equal(outcome, "denied");
    assert.deepEqual(ingress, {
      verdict: "denied",
      by: {
        kind: "default-deny",
        policies: ["shop/db", "shop/other"].map((policy) => ({ kind: "CiliumNetworkPolicy", policy })),
      },
    });
  });

  it("names the deny that wins over an allow", () => {
    const deny = policy("deny", { endpointSelector: {}, ingressDeny: [{ fromEntities: ["cluster"] }] });
    const { ingress } = ask([allowWeb, deny], { port: 8080 });
    assert.deepEqual(ingress, {
      verdict: "denied",
      by: { kind: "rules", rules: [rule("shop/deny", "ingressDeny[0]")] },
    });
  });

  it("leaves out the policies that the agent refuses, and the network names them", () => {
    const refused = policy("refused", {
      endpointSelector: {},
      ingress: [{ fromEntities: ["all"], fromCIDR: ["10.0.0.0/8"] }],
    });
    const network = compile([refused], inventory);
    assert.deepEqual(
      network.refused.map(({ policy }) => policy),
      ["shop/refused"],
    );
    assert.equal(verdict(network, question({ port: 1 })).outcome, "allowed");
  });

  it("tells which requests an HTTP rule lets through, and that a rule without L7 lifts it", () => {
    const http = policy("http", {
      endpointSelector: {},
      ingress: [{ toPorts: [{ ports: [{ port: "80", protocol: "TCP" }], rules: { http: [{ method: "GET" }] } }] }],
    });
    const limited = ask([http], { port: 80 }).ingress;
    assert.deepEqual(limited.verdict === "allowed" && limited.redirect, { parser: "http", lets: [{ method: "GET" }] });
    const lifted = ask([http, policy("all", { endpointSelector: {}, ingress: [{ fromEntities: ["cluster"] }] })], {
      port: 80,
    });
    assert.deepEqual(lifted.ingress.verdict === "allowed" && lifted.ingress.redirect, {
      parser: "http",
      lets: "everything",
    });
  });

  it("says of a DNS name that it is allowed once resolved, unless another rule allows every address", () => {
    const names = policy("names", {
      endpointSelector: {},
      egress: [{ toFQDNs: [{ matchPattern: "*.example.com" }], toPorts: [{ ports: [{ port: "443" }] }] }],
    });
    const destination: Peer = { kind: "fqdn", name: "api.example.com" };
    assert.equal(ask([names, lookups], { destination, port: 443 }).outcome, "allowed-once-resolved");
    const apex: Peer = { kind: "fqdn", name: "example.com" };
    assert.equal(ask([names, lookups], { destination: apex, port: 443 }).outcome, "denied");
    const world = policy("world", { endpointSelector: {}, egress: [{ toEntities: ["world"] }] });
    assert.equal(ask([names, world], { destination, port: 443 }).outcome, "allowed");
  });

  it("says of a pattern what holds for the names that it matches", () => {
    const names = policy("names", { endpointSelector: {}, egress: [{ toFQDNs: [{ matchPattern: "*.example.com" }] }] });
    const destination: Peer = { kind: "fqdn", name: "*.example.com" };
    assert.equal(ask([names, lookups], { destination, port: 443 }).outcome, "allowed-once-resolved");
  });

  describe("about a name that a rule allows", () => {
    const names = policy("names", { endpointSelector: {}, egress: [{ toFQDNs: [{ matchPattern: "*.example.com" }] }] });
    const destination: Peer = { kind: "fqdn", name: "api.example.com" };
    const toServer = [{ matchLabels: { app: "db" } }];
    const lookUp = (name: string, endpointSelector: object = {}) =>
      policy("look-up", {
        endpointSelector,
        egress: [
          { toEndpoints: toServer, toPorts: [{ ports: [{ port: "53" }], rules: { dns: [{ matchPattern: name }] } }] },
        ],
      });
    const resolvable: [string, CiliumPolicy[]][] = [
      ["its look-up passes the DNS proxy", [lookUp("*.example.com")]],
      ["another pod's look-up does", [lookUp("*.example.com", { matchLabels: { app: "db" } })]],
      [
        "a plain rule lifts the DNS rule, so that the proxy lets every name through",
        [lookUp("other.org"), policy("plain", { endpointSelector: {}, egress: [{ toEndpoints: toServer }] })],
      ],
      ["whom the DNS rule is about is not known", [lookupsAt("elsewhere")]],
    ];
    for (const [when, policies] of resolvable) {
      it(`is that it is allowed once resolved, where ${when}`, () => {
        assert.equal(ask([names, ...policies], { destination, port: 443 }).outcome, "allowed-once-resolved");
      });
    }

    const unresolvable: [string, CiliumPolicy[]][] = [
      ["no policy has a DNS rule", []],
      ["every DNS rule is about other names", [lookUp("other.org")]],
      ["the DNS rule is towards nobody of a namespace whose pods are known", [lookupsAt("shop", "nobody")]],
    ];
    for (const [when, policies] of unresolvable) {
      it(`is that it cannot be resolved, where ${when}`, () => {
        const { outcome, egress } = ask([names, ...policies], { destination, port: 443 });
        assert.equal(outcome, "denied");
        assert.deepEqual(egress.verdict === "denied" && egress.by, {
          kind: "unresolvable",
          name: "api.example.com",
          rules: [rule("shop/names", "egress[0]")],
        });
      });
    }
  });

  it("is not decidable where it hangs on the unknown address of a name", () => {
    const lan = policy("lan", { endpointSelector: {}, egress: [{ toCIDR: ["192.168.0.0/16"] }] });
    const { outcome, egress } = ask([lan], { destination: { kind: "fqdn", name: "nas.example" }, port: 443 });
    assert.equal(outcome, "undecidable");
    assert.equal(reasonOf(egress), "shop/lan egress[0] may allow it: the address of nas.example is not known");
  });

  it("is not decidable for a name of whose addresses policies allow one", () => {
    const one = policy("one", { endpointSelector: {}, egress: [{ toCIDR: ["192.0.2.0/28"] }] });
    const names = [{ name: "two.example", addresses: ["192.0.2.1", "192.0.2.99"] }];
    const asked = question({ destination: { kind: "fqdn", name: "two.example" }, port: 443 });
    assert.equal(
      reasonOf(verdict(compile([one], { ...inventory, names }), asked).egress),
      "allowed at 192.0.2.1, denied at 192.0.2.99",
    );
  });

  it("is not decidable for a prefix of which policies allow a part, and tells the parts", () => {
    const part = policy("part", { endpointSelector: {}, egress: [{ toCIDR: ["10.1.0.0/16"] }] });
    const whole = ask([part], { destination: { kind: "cidr", cidr: "10.0.0.0/8" }, port: 443 });
    assert.equal(reasonOf(whole.egress), "denied at 10.0.0.0/8, allowed at 10.1.0.0/16");
    assert.equal(ask([part], { destination: { kind: "cidr", cidr: "10.1.7.0/24" }, port: 443 }).outcome, "allowed");
    assert.equal(ask([part], { destination: { kind: "cidr", cidr: "10.2.0.0/16" }, port: 443 }).outcome, "denied");
  });

  it("takes a node for the host of the pods that it runs, and for a remote node of the others", () => {
    const remote = policy("remote", { endpointSelector: {}, ingress: [{ fromEntities: ["remote-node"] }] });
    const from = (name: string): Verdict => ask([remote], { source: { kind: "node", name }, port: 80 });
    assert.deepEqual(
      ["here", "there"].map((name) => {
        const { ingress } = from(name);
        return ingress.verdict === "allowed" && ingress.by.kind;
      }),
      ["allow-localhost", "rules"],
    );
  });

  it("is not decidable where it hangs on which node a pod runs on", () => {
    const host = policy("host", { endpointSelector: {}, egress: [{ toEntities: ["host"] }] });
    const unplaced = { ...inventory, endpoints: inventory.endpoints.map(({ node, ...rest }) => rest) };
    const asked = question({ destination: { kind: "address", address: "192.168.1.1" }, port: 10250 });
    assert.equal(
      reasonOf(verdict(compile([host], unplaced), asked).egress),
      "allowed if on the same node, denied if on another node",
    );
    assert.equal(verdict(compile([host], inventory), asked).outcome, "denied");
  });

  it("gives a pod on its node's network the node's identity, and applies no policy to it", () => {
    const policies = [
      policy("all", { endpointSelector: {}, ingress: [{}], egress: [{ toEntities: ["remote-node"] }] }),
    ];
    const agent: Peer = { kind: "endpoint", namespace: "shop", name: "agent" };
    const reached = ask(policies, { destination: agent, port: 9100 });
    assert.deepEqual(
      [reached.outcome, reached.ingress.verdict === "allowed" && reached.ingress.by.kind],
      ["allowed", "not-enforced"],
    );
  });

  it("knows a pod by its address", () => {
    const byAddress = ask([allowWeb], { destination: { kind: "address", address: "10.0.0.2" }, port: 8080 });
    assert.deepEqual(byAddress, ask([allowWeb], { port: 8080 }));
  });

  it("refuses ends that are nowhere in the inventory", () => {
    const unknown: Peer[] = [
      { kind: "endpoint", namespace: "shop", name: "cache" },
      { kind: "node", name: "nowhere" },
      { kind: "address", address: "10.0.0.0/8" },
      { kind: "cidr", cidr: "10.0.0" },
    ];
    for (const destination of unknown) assert.throws(() => ask([], { destination, port: 1 }), UnknownPeer);
  });
});

const web: Endpoint = {
  namespace: "shop",
  name: "web",
  labels: { app: "web" },
  addresses: ["10.0.0.1"],
  node: "there",
};
const db: Endpoint = { namespace: "shop", name: "db", labels: { app: "db" }, addresses: ["10.0.0.2"], node: "here" };
const agent: Endpoint = { namespace: "shop", name: "agent", labels: {}, hostNetwork: true, node: "here" };

const inventory: Inventory = {
  cluster: "default",
  endpoints: [web, db, agent],
  nodes: [
    { name: "here", controlPlane: false, addresses: ["192.168.1.1"] },
    { name: "there", controlPlane: false, addresses: ["192.168.1.2"] },
  ],
  names: [],
};

function policy(name: string, spec: unknown): CiliumPolicy {
  return policySchema.parse({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name, namespace: "shop" },
    spec,
  });
}

const rule = (policy: string, path: string) => ({ kind: "CiliumNetworkPolicy", policy, tier: "Normal", path });

const reasonOf = (end: EndVerdict): string | undefined =>
  end.verdict === "undecidable" ? undecidableText(end.reason) : undefined;

/** Sends the look-ups of all pods through the DNS proxy, to pods of a namespace. */
function lookupsAt(namespace: string, app = "dns"): CiliumPolicy {
  return policy("lookups", {
    endpointSelector: {},
    egress: [
      {
        toEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": namespace, app } }],
        toPorts: [{ ports: [{ port: "53" }], rules: { dns: [{ matchPattern: "*" }] } }],
      },
    ],
  });
}

const lookups = lookupsAt("shop", "db");

const allowWeb = policy("db", {
  endpointSelector: { matchLabels: { app: "db" } },
  ingress: [
    { fromEndpoints: [{ matchLabels: { app: "job" } }] },
    { fromEndpoints: [{ matchLabels: { app: "web" } }], toPorts: [{ ports: [{ port: "8080", protocol: "TCP" }] }] },
  ],
});

const question = (asked: Partial<Question>): Question => ({
  source: { kind: "endpoint", namespace: "shop", name: "web" },
  destination: { kind: "endpoint", namespace: "shop", name: "db" },
  protocol: "TCP",
  port: 0,
  ...asked,
});

const ask = (policies: readonly CiliumPolicy[], asked: Partial<Question>): Verdict =>
  verdict(compile(policies, inventory), question(asked));
