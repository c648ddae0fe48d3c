import assert from "node:assert/strict";
import { alg, Graph } from "@dagrejs/graphlib";
import { inventoryOf } from "../../../../cilium/model/inventory.ts";
import { compile } from "../../../../cilium/reach/compile/network.ts";
import { connections } from "../../../../cilium/reach/report/connections.ts";
import { peerText } from "../../../../cilium/reach/report/explain.ts";
import { exposure, type Path } from "../../../../cilium/reach/report/exposure.ts";
import { program } from "../../../rendered.ts";
import { workloadCount } from "../../../sample/counts.ts";

const found = connections(compile(program.policies, inventoryOf(program.cluster)));
const endpoints = [
  ...new Set(
    found
      .map(({ source }) => source.peer)
      .filter(({ kind }) => kind === "endpoint")
      .map(peerText),
  ),
];

/** The same connections as a graph in which only endpoints lead on. */
const graph = new Graph();
for (const { source, destination } of found) {
  const from = source.peer.kind === "endpoint" ? peerText(source.peer) : `from ${peerText(source.peer)}`;
  const to = destination.peer.kind === "endpoint" ? peerText(destination.peer) : `to ${peerText(destination.peer)}`;
  graph.setEdge(from, to);
}

const lengths = (paths: readonly Path[], end: (path: Path) => string): Map<string, number> =>
  new Map(paths.map((path) => [end(path), path.length]));

/** Lengths of the shortest paths as the library finds them, by the names of the ends. */
const shortest = (start: string, edges: (node: string) => { v: string; w: string }[]): Map<string, number> =>
  new Map(
    Object.entries(alg.dijkstra(graph, start, () => 1, edges))
      .filter(([node, { distance }]) => node !== start && Number.isFinite(distance))
      .map(([node, { distance }]) => [node.replace(/^(from|to) /, ""), distance]),
  );

describe("the exposure of an endpoint", () => {
  it("has the shortest paths to and from everything, for every workload of the program", () => {
    assert.equal(endpoints.length, workloadCount);
    for (const endpoint of endpoints) {
      const { inbound, outbound } = exposure(found, endpoint);
      const last = (path: Path) =>
        path
          .slice(-1)
          .map(({ destination }) => peerText(destination.peer))
          .join("");
      assert.deepEqual(
        lengths(outbound, last),
        shortest(endpoint, (node) => graph.outEdges(node) ?? []),
        endpoint,
      );
      const first = ([{ source }]: Path) => peerText(source.peer);
      assert.deepEqual(
        lengths(inbound, first),
        shortest(endpoint, (node) => graph.inEdges(node) ?? []),
        endpoint,
      );
    }
  });

  it("has paths whose connections follow one another, by way of endpoints only", () => {
    for (const path of endpoints.flatMap((endpoint) => exposure(found, endpoint).outbound)) {
      path.slice(1).forEach(({ source }, index) => {
        assert.equal(source, path[index]?.destination);
        assert.equal(source.peer.kind, "endpoint");
      });
    }
  });
});
