import assert from "node:assert/strict";
import fc from "fast-check";
import { policy as policySchema } from "../../../../cilium/policy/schema.ts";
import { flowProtocols } from "../../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../../cilium/reach/compile/network.ts";
import type { Party } from "../../../../cilium/reach/compile/party.ts";
import { protocolBit } from "../../../../cilium/reach/compile/ports.ts";
import { partyVerdict } from "../../../../cilium/reach/decide/verdict.ts";
import { connections } from "../../../../cilium/reach/report/connections.ts";
import { worlds } from "../worlds.ts";

const seed = Number(process.env.SEED ?? 20260103);
const ports = [0, 3, 8, 52, 53, 54, 60, 61, 79, 80, 81, 90, 91, 128, 443, 8080, 8081, 9000, 9001, 65535];

describe("The list of connections", () => {
  it("holds on every port of every pair what a single question about it gives", function () {
    this.timeout(0);
    let compared = 0;
    fc.assert(
      fc.property(worlds(1), ({ policies, inventory }) => {
        const network = compile(
          policies.map((manifest) => policySchema.parse(manifest)),
          inventory,
        );
        const listed = new Map(connections(network, () => true).map((c) => [pair(c.source, c.destination), c.spans]));
        for (const source of network.parties) {
          for (const destination of network.parties) {
            if (source.peer.kind === "fqdn") continue;
            if (source.enforcement !== "endpoint" && destination.enforcement !== "endpoint") continue;
            const spans = listed.get(pair(source, destination)) ?? [];
            const unresolved = destination.peer.kind === "fqdn" && spans.length === 0;
            for (const protocol of flowProtocols.slice(0, 5)) {
              for (const port of ports) {
                const single = partyVerdict(network, source, destination, protocolBit[protocol], port);
                const span = spans.find((s) => s.protocol === protocol && s.from <= port && port <= s.to);
                const where: string = `${JSON.stringify([source.peer, destination.peer])} ${port}/${protocol}`;
                if (unresolved && single.outcome === "undecidable") continue;
                assert.equal(span?.verdict.outcome ?? "denied", single.outcome, where);
                if (span !== undefined) assert.deepEqual(redirects(span.verdict), redirects(single), where);
                compared += 1;
              }
            }
          }
        }
      }),
      { numRuns: 60, seed },
    );
    console.log(`      seed ${seed}: ${compared} pairs and ports compared`);
  });
});

const pair = (source: Party, destination: Party): string => `${source.position} ${destination.position}`;

const redirects = ({ egress, ingress }: ReturnType<typeof partyVerdict>) =>
  [egress, ingress].map((end) => (end.verdict === "allowed" ? end.redirect : undefined));
