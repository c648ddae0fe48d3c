import assert from "node:assert/strict";
import fc from "fast-check";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import { compile } from "../../cilium/reach/compile/network.ts";
import { connections } from "../../cilium/reach/report/connections.ts";
import { peerText } from "../../cilium/reach/report/explain.ts";
import { exposure } from "../../cilium/reach/report/exposure.ts";
import { reached, waysOf } from "../../map/browser/reach.ts";
import { graphOf } from "../../map/graph.ts";
import type { Picture } from "../../map/picture.ts";
import { reachPicture } from "../../map/reach.ts";
import { wholeSheet } from "../../map/sheets.ts";
import { program } from "../rendered.ts";
import { workloadCount } from "../sample/counts.ts";
import { flow, outside, picture, workload } from "./pictures.ts";

const all = () => true;

const anyPicture = fc
  .record({ size: fc.integer({ min: 1, max: 12 }), pairs: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 30 }) })
  .map(({ size, pairs }) => {
    const peers = Array.from({ length: size }, (_, i) => (i % 4 === 3 ? outside(`${i}`) : workload(`shop/${i}`)));
    const id = (i: number) => peers[i % size]?.id;
    return picture(
      peers,
      pairs.map(([a, b]) => flow(`${id(a)} → ${id(b)}:80`)),
    );
  });

const waysIn = (picture: Picture) => waysOf(picture.peers, graphOf(wholeSheet(picture)).lines);

describe("what the map follows", () => {
  it("reaches from one peer what is reached by it from the other", () => {
    fc.assert(
      fc.property(anyPicture, fc.nat(), fc.nat(), (picture, a, b) => {
        const ways = waysIn(picture);
        const [from = "", to = ""] = [a, b].map((i) => picture.peers[i % picture.peers.length]?.id);
        const forwards = reached(ways, [from], "reaches", all).distance.get(to);
        const backwards = reached(ways, [to], "reached-by", all).distance.get(from);
        assert.equal(forwards, backwards);
      }),
    );
  });

  it("is what the reachability engine calls exposure, for every workload of the program", () => {
    const inventory = inventoryOf(program.cluster);
    const found = connections(compile(program.policies, inventory));
    const picture = reachPicture({ title: "prod", policies: program.policies, inventory }, found, undefined, () => "");
    const ways = waysIn(picture);
    const workloads = picture.peers.filter(({ kind }) => kind === "workload");
    const idsOf = new Set(workloads.map(({ id }) => id));
    for (const { id } of workloads) {
      const { inbound, outbound } = exposure(found, id);
      const shown = (trace: "reaches" | "reached-by") =>
        [...reached(ways, [id], trace, all).distance.keys()].filter((other) => other !== id && idsOf.has(other)).sort();
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
