import assert from "node:assert/strict";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import { type Inventory, type Peer, peerEntities, type Question } from "../../cilium/reach/compile/inventory.ts";
import { compile } from "../../cilium/reach/compile/network.ts";
import { type Counts, differences, printed } from "../cilium/reach/compare.ts";
import { assertDecided } from "../cilium/reach/decided.ts";
import { startVerdictOracle } from "../oracle/job.ts";
import { whileTesting } from "../oracle/oracle.ts";
import { program } from "./rendered.ts";

describe("The reachability engine on this cluster", () => {
  const cilium = whileTesting(startVerdictOracle);

  it("answers the complete matrix of workloads, entities, addresses and names as Cilium does", async function () {
    this.timeout(0);
    const { policies, cluster } = program;
    const { ports, addresses, names } = mentioned(policies);
    const inventory: Inventory = {
      ...inventoryOf(cluster),
      nodes: [
        { name: "control-plane", controlPlane: true, addresses: ["192.168.0.11"] },
        { name: "worker", controlPlane: false, addresses: ["192.168.0.21"] },
        { name: "own", controlPlane: false, addresses: ["192.168.0.22"] },
      ],
      names: [...names, "elsewhere.example"].map((name) => ({ name, addresses: [] })),
    };
    // Pods on their nodes' network have the identities of nodes, which are asked about as entities.
    const pods = inventory.endpoints.filter(({ hostNetwork }) => !hostNetwork);
    const own = { ...inventory, endpoints: pods.map((endpoint) => ({ ...endpoint, node: "own" })) };
    const workloads = own.endpoints.map(({ namespace, name }): Peer => ({ kind: "endpoint", namespace, name }));
    const others: Peer[] = [
      ...peerEntities.map((entity) => ({ kind: "entity", entity }) as const),
      ...["192.168.0.11", "192.168.0.21", "192.168.0.77", "8.8.8.8", "2001:db8::1", ...addresses].map(
        (address) => ({ kind: "address", address }) as const,
      ),
    ];
    const namePeers = own.names.map(({ name }): Peer => ({ kind: "fqdn", name }));
    assert.deepEqual(compile(policies, own).refused, []);

    const counts: Counts = new Map();
    let asked = 0;
    for (const workload of workloads) {
      const ends = [
        ...[...workloads, ...others, ...namePeers].map((peer) => ({ source: workload, destination: peer })),
        ...others.map((peer) => ({ source: peer, destination: workload })),
      ];
      const questions = ends.flatMap((pair) => ports.map((port): Question => ({ ...pair, ...port })));
      asked += questions.length;
      const found = await differences(cilium, { policies, inventory: own, questions }, counts);
      assert.equal(found.length, 0, found.slice(0, 10).join("\n"));
    }
    console.log(`      ${policies.length} policies, ${workloads.length} workloads, ${asked} questions, 0 differences:`);
    printed(counts);
    assertDecided(counts, 0.0001);
    assert.ok(asked >= 25_000, `only ${asked} questions`);
  });
});

/** What the policies name: ports, with neighbours and others that they do not name; addresses; DNS names. */
function mentioned(policies: readonly object[]) {
  const text = JSON.stringify(policies);
  const all = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ""))];
  const numbers = all(/"port":"(\d+)"/g).map(Number);
  const tcp = [...new Set([...numbers, ...numbers.map((port) => port + 1), 1, 22, 80, 65535])];
  return {
    ports: [
      ...tcp.map((port) => ({ protocol: "TCP" as const, port })),
      ...[53, 54, 443, 7844, 8080].map((port) => ({ protocol: "UDP" as const, port })),
      { protocol: "SCTP" as const, port: 443 },
      { protocol: "ICMP" as const, port: 8 },
    ],
    addresses: all(/"(\d+\.\d+\.\d+\.\d+)\/32"/g),
    names: [
      ...all(/"matchName":"([^"]+)"/g),
      ...all(/"matchPattern":"([^"]+)"/g).map((pattern) => pattern.replaceAll("*", "any")),
    ],
  };
}
