import assert from "node:assert/strict";
import { linePorts, portList, graphOf as sheetGraph } from "../../map/graph.ts";
import { marksOf } from "../../map/marks.ts";
import { wholeSheet } from "../../map/sheets.ts";
import { apiServer, flow, outside, picture, workload } from "./pictures.ts";

const graphOf = (shown: ReturnType<typeof picture>) => sheetGraph(wholeSheet(shown));

const kinds = (...args: Parameters<typeof picture>) =>
  Object.fromEntries(graphOf(picture(...args)).lines.map(({ from, to, kind }) => [`${from} → ${to}`, kind]));

describe("the map's graph", () => {
  const peers = [workload("shop/web"), workload("shop/api"), workload("data/db"), outside("world"), apiServer];

  it("tells lines apart by where they lead", () => {
    const flows = ["shop/web → shop/api:1", "shop/api → data/db:2", "shop/web → world:3", "data/db → data/db:4"];
    assert.deepEqual(
      kinds(
        peers,
        [...flows, "shop/api → kube-apiserver:6443"].map((text) => flow(text)),
      ),
      {
        "shop/web → shop/api": "inside",
        "shop/api → data/db": "across",
        "shop/web → world": "outside",
        "data/db → data/db": "self",
        "shop/api → kube-apiserver": "hub",
      },
    );
  });

  it("draws one line for all flows from one peer to another, with all their ports in order", () => {
    const { lines } = graphOf(
      picture(peers, [flow("shop/api → data/db:9000"), flow("shop/api → data/db:80"), flow("data/db → shop/api:1")]),
    );
    assert.deepEqual(lines.map(linePorts), ["80, 9000", "1"]);
  });

  it("tells protocols of a port apart, and leaves TCP out where there is no other", () => {
    assert.equal(
      portList(["53/UDP", "53/TCP", "9153/TCP", "123/UDP", "any/ICMP"]),
      "53/TCP+UDP, 123/UDP, 9153, any/ICMP",
    );
  });

  it("calls a line changed where only some of its ports are", () => {
    const changes = graphOf(
      picture(peers, [
        flow("shop/web → shop/api:1", "new"),
        flow("shop/web → shop/api:2", "gone"),
        flow("shop/api → data/db:1", "new"),
        flow("shop/web → data/db:1", "gone"),
        flow("data/db → shop/web:1"),
      ]),
    ).lines.map(({ change }) => change);
    assert.deepEqual(changes.sort(), ["changed", "gone", "new", "same"]);
  });

  it("takes a workload that most others connect to for a hub", () => {
    const clients = Array.from({ length: 12 }, (_, i) => workload(`shop/client-${i}`));
    const flows = clients.map(({ id }) => flow(`${id} → data/dns:53`));
    const all = [...clients, workload("data/dns"), workload("data/other")];
    assert.deepEqual([...new Set(Object.values(kinds(all, flows)))], ["hub"]);
    assert.deepEqual([...new Set(Object.values(kinds(all, flows.slice(0, 6))))], ["across"]);
  });

  it("marks workloads that talk to a hub or to their own pods", () => {
    const flows = [
      flow("shop/api → kube-apiserver:6443"),
      flow("data/db → data/db:5432"),
      flow("shop/web → shop/api:1"),
    ];
    assert.deepEqual(
      [...marksOf(graphOf(picture(peers, flows)))],
      [
        ["shop/web", []],
        ["shop/api", ["api-server"]],
        ["data/db", ["self"]],
      ],
    );
  });

  it("refuses a flow of a peer that is not in the picture", () => {
    assert.throws(() => graphOf(picture(peers, [flow("shop/web → shop/cache:1")])), /shop\/cache, which is no peer/);
  });
});
