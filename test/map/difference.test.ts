import assert from "node:assert/strict";
import fc from "fast-check";
import { diff } from "../../cilium/reach/report/diff.ts";
import { describe as tell } from "../../cilium/reach/report/diff-text.ts";
import { told } from "../../cilium/reach/report/diff-told.ts";
import type { Difference, FlowChange } from "../../cilium/reach/report/difference.ts";
import { certain, flowsOf } from "../../cli/flows.ts";
import type { PictureFlow } from "../../map/picture.ts";
import { reachPicture } from "../../map/reach.ts";
import { twoSides } from "../cilium/reach/sides.ts";

const seed = Number(process.env.SEED ?? 20261128);

/** Ports around those that the generated policies name. */
const probed = [0, 53, 79, 80, 81, 443, 8080, 8085, 8086, 30000, 65535];

describe("The map of two versions", () => {
  it("marks what netpol diff tells, on each port between two pods, and keeps what does not differ", function () {
    this.timeout(0);
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(twoSides, ({ before, after }) => {
        const difference = diff(before, after);
        const found = flowsOf(after).map(certain);
        const { flows, comparison } = reachPicture(
          { ...after, title: "after" },
          found,
          { ...before, title: "before" },
          () => "",
        );
        assert.equal(comparison?.summary, tell(difference).summary);
        // What only follows from the default deny of many pods is counted and not drawn.
        const { closedByDefault, openedByDefault } = told(difference);
        if (closedByDefault + openedByDefault > 0) return;
        const pods = new Set(
          [before, after].flatMap(({ inventory }) => inventory.endpoints.map((one) => `${one.namespace}/${one.name}`)),
        );
        for (const from of pods) {
          for (const to of pods) {
            const drawn = flows.filter((flow) => flow.from === from && flow.to === to);
            const allowed = found.filter(
              ({ source, destination }) => nameOf(source.peer) === from && nameOf(destination.peer) === to,
            );
            for (const protocol of ["TCP", "UDP", "ICMP"]) {
              for (const port of probed) {
                const has = (flow: FlowChange) =>
                  flow.from.name === from && flow.to.name === to && covers(flow.ports, protocol, port);
                const kept = allowed.some(({ spans }) => covers(spans, protocol, port)) ? "same" : "nothing";
                const expected = topics.find((topic) => difference[topic].some(has)) ?? kept;
                const marks = drawn.filter(({ ports }) => ports.some((text) => shows(text, protocol, port)));
                const what = `${from} → ${to}:${port}/${protocol}`;
                assert.deepEqual([...new Set(marks.map(({ change }) => change))], signs[expected], what);
                seen.set(expected, (seen.get(expected) ?? 0) + 1);
              }
            }
          }
        }
      }),
      { seed, numRuns: 80 },
    );
    console.log(`      seed ${seed}: ${[...seen].map(([what, count]) => `${count} ${what}`).join(", ")}`);
    for (const what of ["closed", "opened", "same", "nothing"]) assert.ok(seen.has(what), `some port is ${what}`);
  });
});

const topics = ["closed", "opened", "changed", "undecidable"] as const satisfies (keyof Difference)[];

const signs: Record<(typeof topics)[number] | "same" | "nothing", readonly PictureFlow["change"][]> = {
  closed: ["gone"],
  opened: ["new"],
  changed: ["changed"],
  undecidable: ["changed"],
  same: ["same"],
  nothing: [],
};

type Span = { readonly protocol: string; readonly from: number; readonly to: number };

const covers = (spans: readonly Span[], protocol: string, port: number): boolean =>
  spans.some((span) => span.protocol === protocol && span.from <= port && port <= span.to);

/** Whether ports as the map writes them (`80/TCP`, `8000-8085/TCP`, `any/UDP`) have a port. */
function shows(text: string, protocol: string, port: number): boolean {
  const [ports = "", own] = text.split("/");
  const [from = 0, to = from] = ports === "any" ? [0, 65535] : ports.split("-").map(Number);
  return covers([{ protocol: own ?? "", from, to }], protocol, port);
}

const nameOf = (peer: { kind: string; namespace?: string; name?: string }): string => `${peer.namespace}/${peer.name}`;
