import assert from "node:assert/strict";
import fc from "fast-check";
import { packed, packedLayout, unpacked, unpackedLayout } from "../../map/data.ts";
import { extended } from "../../map/extended.ts";
import { graphOf } from "../../map/graph.ts";
import { layoutOf } from "../../map/layout.ts";
import type { Peer, Picture, PictureFlow } from "../../map/picture.ts";
import { namespacesToOpen, sheetOf, wholeSheet } from "../../map/sheets.ts";
import { apiServer, flow, largePicture, outside, picture, programMap, workload } from "./pictures.ts";

const anyFlows = fc.record({
  namespaces: fc.integer({ min: 1, max: 30 }),
  names: fc.integer({ min: 0, max: 30 }),
  pairs: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 300 }),
});

/** More workloads than one sheet shows, and flows between any of them, to the API server and to names outside. */
function pictureOf({ namespaces, names, pairs }: typeof anyFlows extends fc.Arbitrary<infer T> ? T : never): Picture {
  const workloads = Array.from({ length: 160 }, (_, i) => workload(`space-${i % namespaces}/app-${i}`));
  const peers = [...workloads, ...Array.from({ length: names }, (_, i) => outside(`api-${i}.example`)), apiServer];
  const flows = pairs.map(([a, b]) => flow(`${workloads[a % 160]?.id} → ${peers[b % peers.length]?.id}:${b % 7}`));
  return picture(peers, flows);
}

const namespaceOf = (id: string): string | undefined => (id.startsWith("space-") ? id.split("/")[0] : undefined);

describe("the sheets of the map", () => {
  it("are one, with every peer, for a small cluster", () => {
    const small = programMap();
    assert.deepEqual(namespacesToOpen(small), []);
    assert.deepEqual(sheetOf(small).cards, small.peers);
    assert.deepEqual(sheetOf(small).flows, small.flows);
  });

  it("show every flow where its ends are to be told apart, and only there", () => {
    fc.assert(
      fc.property(anyFlows, (given) => {
        const picture = pictureOf(given);
        const drawnOn = (open?: string): Set<PictureFlow> =>
          new Set(graphOf(sheetOf(picture, open)).lines.flatMap(({ flows }) => flows));
        const first = drawnOn();
        const opened = new Map(namespacesToOpen(picture).map((name) => [name, drawnOn(name)]));
        for (const one of picture.flows) {
          const [from, to] = [namespaceOf(one.from), namespaceOf(one.to)];
          assert.equal(first.has(one), from !== to, `${one.from} → ${one.to} among all namespaces`);
          for (const [name, drawn] of opened) assert.equal(drawn.has(one), name === from || name === to, name);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("have a card for each peer of theirs, its own or one that stands for several", () => {
    fc.assert(
      fc.property(anyFlows, (given) => {
        const picture = pictureOf(given);
        for (const open of [undefined, ...namespacesToOpen(picture)]) {
          const { cards, flows, cardOf } = sheetOf(picture, open);
          const ids = new Set(cards.map(({ id }) => id));
          assert.equal(ids.size, cards.length, "each card once");
          for (const { from, to } of flows) assert.ok(ids.has(cardOf(from)) && ids.has(cardOf(to)));
          for (const { id } of picture.peers.filter(({ id }) => namespaceOf(id) === open)) assert.equal(cardOf(id), id);
          const drawn = new Set(flows.map(({ to }) => cardOf(to)));
          assert.ok(cards.filter(({ kind, id }) => kind === "outside" && drawn.has(id)).length <= 12);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("leave arrows out at rest of a namespace that most others have to do with", () => {
    const kinds = (picture: Picture) =>
      new Set(
        graphOf(sheetOf(picture)).lines.flatMap(({ from, to, kind }) => (to === "space-0/" ? [`${from} ${kind}`] : [])),
      );
    const large = largePicture(20);
    assert.ok(kinds(large).has("space-5/ hub"), "DNS alone");
    const scraped = Array.from({ length: 19 }, (_, i) => flow(`space-0/app-0-7 → space-${i + 1}/app-${i + 1}-0:9090`));
    const lines = graphOf(sheetOf({ ...large, flows: [...large.flows, ...scraped] })).lines;
    assert.deepEqual(new Set(lines.flatMap(({ from, kind }) => (from === "space-0/" ? [kind] : []))), new Set(["hub"]));
    assert.ok(lines.some(({ from, to, kind }) => from === "space-5/" && to === "space-6/" && kind === "across"));
  });

  it("come out of the page's data as they went in", async () => {
    fc.assert(
      fc.property(anyFlows, (given) => {
        const picture = pictureOf(given);
        const read = unpacked(JSON.parse(JSON.stringify(packed(picture))));
        assert.equal(JSON.stringify(read.flows), JSON.stringify(picture.flows));
        assert.equal(JSON.stringify(read.peers), JSON.stringify(picture.peers));
      }),
      { numRuns: 10 },
    );
    const sheet = wholeSheet(programMap());
    const graph = graphOf(sheet);
    const layout = await layoutOf(graph);
    const again = unpackedLayout(packedLayout({ sheet, graph, layout }), sheet, graph);
    assert.deepEqual(again.marks, layout.marks);
    assert.deepEqual(
      [...again.routes.keys()],
      graph.lines.filter((line) => layout.routes.has(line)),
    );
    for (const [id, { x, y }] of layout.cards) {
      const place = again.cards.get(id);
      assert.ok(place !== undefined && Math.abs(place.x - x) <= 0.05 && Math.abs(place.y - y) <= 0.05, id);
    }
  });
});

describe("the layout of a comparison", () => {
  it("leaves every card where it stands without it, and puts what is gone below", async () => {
    const peers = ["web", "api", "cache"].map((name) => workload(`shop/${name}`));
    const around = [workload("data/db"), outside("world"), apiServer];
    const plain = picture(
      [...peers, ...around],
      ["shop/web → shop/api:80", "shop/api → data/db:5432"].map((text) => flow(text)),
    );
    const gone: Peer[] = [
      workload("shop/old", "gone"),
      workload("legacy/app", "gone"),
      { ...outside("a.example"), change: "gone" },
    ];
    const compared = picture(
      [...plain.peers, ...gone],
      [
        ...plain.flows,
        ...["shop/old → shop/api:80", "legacy/app → a.example:443", "shop/web → world:443"].map((text) =>
          flow(text, "gone"),
        ),
      ],
      { title: "before", summary: "" },
    );
    const [before, after] = [wholeSheet(plain), wholeSheet(compared)];
    const layout = await layoutOf(graphOf(before));
    const graph = graphOf(after);
    const kept = extended({ sheet: before, graph: graphOf(before), layout }, { sheet: after, graph });
    for (const [id, place] of layout.cards) assert.deepEqual(kept.cards.get(id), place, id);
    const bottom = layout.bounds.y + layout.bounds.height;
    for (const { id } of gone) assert.ok((kept.cards.get(id)?.y ?? 0) > bottom, id);
    for (const line of graph.lines) assert.ok(kept.routes.has(line), `${line.from} → ${line.to} has a way`);
    assert.ok(kept.bounds.height > layout.bounds.height);
  });
});
