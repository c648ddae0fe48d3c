import assert from "node:assert/strict";
import { type Policy, policy as policySchema } from "../../../../cilium/policy/schema.ts";
import type { Inventory, Peer } from "../../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../../cilium/reach/compile/network.ts";
import { undecidableText, type Verdict, verdict } from "../../../../cilium/reach/decide/verdict.ts";

/** The oracle is asked about clusters of which everything is known. */
describe("What is not known of a cluster", () => {
  describe("is decided nothing about", () => {
    it("where the agent does not start with its configuration", () => {
      const answer = ask([], {}, { "enable-policy": "sometimes" });
      assert.equal(answer.outcome, "undecidable");
      assert.match(reasonOf(answer), /enable-policy: "sometimes".*default, always or never/);
    });

    const remoteNode: Peer = { kind: "entity", entity: "remote-node" };
    const onNodes: [string, object, Record<string, string>][] = [
      ["CIDRs match nodes", { egress: [{ toCIDR: ["10.0.0.0/8"] }] }, { "policy-cidr-match-mode": "nodes" }],
      [
        "rules select nodes by their labels",
        { egress: [{ toNodes: [{ matchLabels: { role: "edge" } }] }] },
        { "enable-node-selector-labels": "true" },
      ],
    ];
    for (const [when, spec, configuration] of onNodes) {
      const policies = [policy("CiliumNetworkPolicy", { endpointSelector: {}, ...spec })];
      it(`where no Node is given and ${when}`, () => {
        const answer = ask(policies, { destination: remoteNode }, configuration);
        assert.equal(answer.outcome, "undecidable");
        assert.match(reasonOf(answer), /no Node object is given/);
      });

      it(`but where Nodes are given and ${when}`, () => {
        const nodes = [{ name: "one", controlPlane: false, labels: {}, addresses: ["192.0.2.1"] }];
        assert.equal(ask(policies, { destination: remoteNode }, configuration, nodes).outcome, "denied");
      });
    }

    // 443, 444 to 447, 448 and 449, 450, each for two CIDRs.
    const ports = [{ ports: [{ port: "443", endPort: 450, protocol: "TCP" }] }];
    const ranges = policy("CiliumNetworkPolicy", {
      endpointSelector: {},
      egress: [{ toCIDR: ["192.0.2.0/24", "198.51.100.0/24"], toPorts: ports }],
    });
    it("where the rules of an endpoint take more entries than its policy map holds", () => {
      const answer = ask([ranges], {}, { "bpf-policy-map-max": "7" });
      assert.equal(answer.outcome, "undecidable");
      assert.match(reasonOf(answer), /take 8 entries of a policy map that holds 7 \(bpf-policy-map-max\)/);
    });

    it("but where the map holds them, those that rules share counted once", () => {
      assert.equal(ask([ranges, ranges], {}, { "bpf-policy-map-max": "8" }).outcome, "denied");
    });

    it("where no Node is given and the host firewall selects nodes", () => {
      const firewall = policy("CiliumClusterwideNetworkPolicy", {
        nodeSelector: { matchLabels: { role: "edge" } },
        ingress: [{}],
      });
      const answer = ask([firewall], { destination: remoteNode }, { "enable-host-firewall": "true" });
      assert.equal(answer.outcome, "undecidable");
      assert.match(reasonOf(answer), /no Node object is given/);
    });
  });
});

function ask(
  policies: readonly Policy[],
  { destination = { kind: "entity", entity: "world" } }: { readonly destination?: Peer },
  configuration: Record<string, string>,
  nodes: Inventory["nodes"] = [],
): Verdict {
  const endpoints = [{ namespace: "shop", name: "web", labels: { app: "web" } }];
  const network = compile(policies, { cluster: "default", endpoints, nodes, names: [], configuration });
  const source: Peer = { kind: "endpoint", namespace: "shop", name: "web" };
  return verdict(network, { source, destination, protocol: "TCP", port: 443 });
}

const reasonOf = ({ egress, ingress }: Verdict): string =>
  [egress, ingress].flatMap((end) => (end.verdict === "undecidable" ? [undecidableText(end.reason)] : [])).join("; ");

function policy(kind: "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy", spec: object): Policy {
  return policySchema.parse({
    apiVersion: "cilium.io/v2",
    kind,
    metadata: { name: "one", ...(kind === "CiliumNetworkPolicy" && { namespace: "shop" }) },
    spec,
  });
}
