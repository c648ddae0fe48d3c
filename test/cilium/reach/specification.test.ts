import assert from "node:assert/strict";
import fc from "fast-check";
import { policy as policySchema } from "../../../cilium/policy/schema.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { protocolBit } from "../../../cilium/reach/compile/ports.ts";
import { type EndVerdict, endVerdict } from "../../../cilium/reach/decide/decide.ts";
import { type Counts, count, printed } from "./compare.ts";
import { type Specified, specified } from "./specification.ts";
import { worlds } from "./worlds.ts";

const seed = Number(process.env.SEED ?? 20260104);
const sets = Number(process.env.SETS ?? 400);

describe("The reachability engine and its specification", () => {
  it(`give the same verdict at every endpoint about every peer, on ${sets} policy sets`, function () {
    this.timeout(0);
    const counts: Counts = new Map();
    fc.assert(
      fc.property(worlds(1), ({ policies, inventory }) => {
        const network = compile(
          policies.map((manifest) => policySchema.parse(manifest)),
          inventory,
        );
        for (const subject of network.parties.filter(({ enforcement }) => enforcement === "endpoint")) {
          for (const peer of network.parties) {
            for (const direction of ["ingress", "egress"] as const) {
              for (const [protocol, port] of ports) {
                const decided = endVerdict(network, direction, subject, peer, protocol, port);
                const simple = specified(network, direction, subject, peer, protocol, port);
                count(counts, `${simple} as specified`);
                // What is not decidable is so for more reasons than a rule in doubt, and a doubt need not matter.
                if (simple === "unknown" || decided.verdict === "undecidable") continue;
                assert.equal(
                  underlying(decided),
                  simple,
                  JSON.stringify([subject.peer, peer.peer, direction, protocol, port, decided]),
                );
              }
            }
          }
        }
      }),
      { numRuns: sets, seed },
    );
    console.log(`      seed ${seed}:`);
    printed(counts);
    for (const what of ["allowed", "denied"]) assert.ok((counts.get(`${what} as specified`) ?? 0) > 1000, what);
  });
});

const ports = [
  [protocolBit.TCP, 80],
  [protocolBit.TCP, 8080],
  [protocolBit.UDP, 53],
] as const;

/** What the policies say, without the audit mode, of names that were all resolved. */
function underlying(end: EndVerdict): Specified {
  if (end.verdict === "allowed") return end.by.kind === "audit-mode" ? "denied" : "allowed";
  return end.verdict === "denied" && end.by.kind === "unresolvable" ? "allowed" : "denied";
}
