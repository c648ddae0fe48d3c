import assert from "node:assert/strict";
import { crossNamespaceRows } from "./cross-namespace.ts";
import { title } from "./expected.ts";
import type { EgressFlow, IngressFlow } from "./row.ts";
import { rows } from "./rows.ts";

/** A flow between endpoints as one of its two rows states it, e.g. `argo/sensor → argo/eventbus 4222/TCP`. */
interface Statement {
  readonly flow: string;
  readonly onlyTheOtherSide: boolean;
}

const byClient = rows.flatMap((row) =>
  cellOf(row.egress).flatMap((cell) =>
    cell.to.filter(isEndpoint).flatMap((to) => statements(cell, title(row), nameOf(to))),
  ),
);
const byServer = rows.flatMap((row) =>
  cellOf(row.ingress).flatMap((cell) =>
    cell.from.filter(isEndpoint).flatMap((from) => statements(cell, nameOf(from), title(row))),
  ),
);

describe("the transcription of the policy document", () => {
  it("states every flow between two endpoints in the client's row and in the server's", () => {
    assert.deepEqual(byClient.map(({ flow }) => flow).sort(), byServer.map(({ flow }) => flow).sort());
  });

  it("takes no flow from the other side's row that was itself taken from the other side", () => {
    const takenOver = (side: readonly Statement[]) => side.filter((s) => s.onlyTheOtherSide).map(({ flow }) => flow);
    assert.deepEqual(
      takenOver(byClient).filter((flow) => takenOver(byServer).includes(flow)),
      [],
    );
  });

  it("has every flow of the cross-namespace table in the client's row", () => {
    const stated = new Set(byClient.map(({ flow }) => flow));
    const missing = crossNamespaceRows.flatMap(({ from, to, port }) =>
      typeof to === "string"
        ? []
        : to.map((server) => `${from} → ${server} ${port}`).filter((flow) => !stated.has(flow)),
    );
    assert.deepEqual(missing, []);
  });
});

function statements(cell: IngressFlow | EgressFlow, from: string, to: string): Statement[] {
  const onlyTheOtherSide = cell.alsoBecauseTheOtherSideSays !== undefined;
  return cell.on.map((port) => ({ flow: `${from} → ${to} ${port}`, onlyTheOtherSide }));
}

function cellOf<Flow>(cell: readonly Flow[] | "none" | "deny world"): readonly Flow[] {
  return typeof cell === "string" ? [] : cell;
}

function isEndpoint(peer: string): boolean {
  return peer.startsWith("endpoint ");
}

function nameOf(peer: string): string {
  return peer.slice("endpoint ".length);
}
