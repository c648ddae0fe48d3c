import assert from "node:assert/strict";
import fc from "fast-check";
import { policy as policySchema } from "../../../../cilium/policy/schema.ts";
import { compile } from "../../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../../cilium/reach/decide/verdict.ts";
import { connections } from "../../../../cilium/reach/report/connections.ts";
import { peerText } from "../../../../cilium/reach/report/explain.ts";
import { exposure } from "../../../../cilium/reach/report/exposure.ts";
import { worlds } from "../worlds.ts";

const seed = Number(process.env.SEED ?? 20260105);
const sets = Number(process.env.SETS ?? 60);

describe("One network", () => {
  it(`is told alike by list, exposure and explain, on ${sets} policy sets (seed ${seed})`, function () {
    this.timeout(0);
    fc.assert(
      fc.property(worlds(1), ({ policies, inventory }) => {
        const network = compile(
          policies.map((manifest) => policySchema.parse(manifest)),
          inventory,
        );
        const listed = connections(network);
        const pods = network.parties.flatMap(({ peer, enforcement }) =>
          peer.kind === "endpoint" && enforcement === "endpoint" ? [peer] : [],
        );
        for (const source of pods) {
          const from = listed.filter((connection) => peerText(connection.source.peer) === peerText(source));
          const reached = new Set(
            exposure(listed, peerText(source)).outbound.flatMap(([first]) => [peerText(first.destination.peer)]),
          );
          for (const destination of pods) {
            const spans =
              from.find(({ destination: { peer } }) => peerText(peer) === peerText(destination))?.spans ?? [];
            if (spans.length > 0 && source !== destination) assert.ok(reached.has(peerText(destination)));
            for (const port of [53, 80, 8080]) {
              const span = spans.find(({ protocol, from, to }) => protocol === "TCP" && from <= port && port <= to);
              assert.equal(
                verdict(network, { source, destination, protocol: "TCP", port }).outcome,
                span?.verdict.outcome ?? "denied",
                `${peerText(source)} → ${peerText(destination)}:${port}`,
              );
            }
          }
        }
      }),
      { numRuns: sets, seed },
    );
  });
});
