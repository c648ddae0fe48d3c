import assert from "node:assert/strict";
import fc from "fast-check";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import { compile } from "../../cilium/reach/compile/network.ts";
import { connections } from "../../cilium/reach/report/connections.ts";
import { peerText } from "../../cilium/reach/report/explain.ts";
import { exposure } from "../../cilium/reach/report/exposure.ts";
import { reached } from "../../map/browser/reach.ts";
import { dataOf, type PageData } from "../../map/data.ts";
import { graphOf } from "../../map/graph.ts";
import { reachPicture } from "../../map/reach.ts";
import { program } from "../rendered.ts";
import { workloadCount } from "../sample/counts.ts";

const all = () => true;

const anyGraph = fc
  .record({ size: fc.integer({ min: 1, max: 12 }), pairs: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 30 }) })
  .map(
    ({ size, pairs }): PageData => ({
      peers: Array.from({ length: size }, (_, i) => ({
        id: String(i),
        label: String(i),
        kind: i % 4 === 3 ? "outside" : "workload",
        change: "same",
        text: "",
      })),
      lines: pairs.map(([a, b]) => ({ from: a % size, to: b % size, kind: "across", change: "same", ports: [] })),
    }),
  );

describe("what the map follows", () => {
  it("reaches from one peer what is reached by it from the other", () => {
    fc.assert(
      fc.property(anyGraph, fc.nat(), fc.nat(), (data, a, b) => {
        const [from, to] = [a % data.peers.length, b % data.peers.length];
        const forwards = reached(data, from, "reaches", all).distance.get(to);
        const backwards = reached(data, to, "reached-by", all).distance.get(from);
        assert.equal(forwards, backwards);
      }),
    );
  });

  it("is what the reachability engine calls exposure, for every workload of this cluster", () => {
    const inventory = inventoryOf(program.cluster);
    const found = connections(compile(program.policies, inventory));
    const picture = reachPicture({ title: "prod", policies: program.policies, inventory }, found, undefined, () => "");
    const data = dataOf(picture.peers, graphOf(picture).lines);
    const workloads = [...data.peers.entries()].filter(([, { kind }]) => kind === "workload");
    const idsOf = new Set(workloads.map(([, { id }]) => id));
    for (const [number, { id }] of workloads) {
      const { inbound, outbound } = exposure(found, id);
      const shown = (trace: "reaches" | "reached-by") =>
        [...reached(data, number, trace, all).distance]
          .map(([other]) => data.peers[other]?.id ?? "")
          .filter((other) => other !== id && idsOf.has(other))
          .sort();
      const ends = (paths: typeof inbound, end: "source" | "destination", at: 0 | -1) =>
        paths
          .map((path) => path.at(at)?.[end].peer)
          .flatMap((peer) => (peer?.kind === "endpoint" ? [peerText(peer)] : []))
          .sort();
      assert.deepEqual(shown("reaches"), ends(outbound, "destination", -1), `what ${id} reaches`);
      assert.deepEqual(shown("reached-by"), ends(inbound, "source", 0), `what reaches ${id}`);
    }
    assert.equal(workloads.length, workloadCount);
  });
});
