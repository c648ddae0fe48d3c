import assert from "node:assert/strict";
import fc from "fast-check";
import { equal, implies, type Proof } from "../../../cilium/prove/prove.ts";
import type { Inventory, Peer, Question } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { type EndVerdict, verdict } from "../../../cilium/reach/decide/verdict.ts";
import { conditionsOf } from "../../../cilium/reach/report/conditions.ts";
import { fivePods, type Pair, pairs } from "./pairs.ts";

const seed = Number(process.env.SEED ?? 20261128);
const universes = Number(process.env.SETS ?? 4000);

describe("The prover beside the engine", () => {
  it(`agrees in ${universes} small universes, in which every question is asked`, function () {
    this.timeout(0);
    const counts = new Map<string, number>();
    let asked = 0;
    const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
    fc.assert(
      fc.property(pairs, (pair) => {
        const found = askAll(pair);
        const { before, after } = pair;
        const own = ["equal", equal(before, after, { connections: false }), found.different] as const;
        const proofs: (readonly ["equal" | "implies", Proof, string | undefined])[] = [own];
        // Of four pairs one is asked about the other property, and of sixteen one by all rules at once rather than one by one.
        asked++;
        if (asked % 4 === 0) proofs.push(["implies", implies(before, after, { connections: true }), found.opened]);
        if (asked % 16 === 1) {
          const all = equal(before, after, { connections: false, method: "all" });
          if (all.kind !== own[1].kind) assert.fail(told(all, pair));
        }
        for (const [property, proof, exception] of proofs) {
          count(`${property} ${proof.kind}`);
          // What the pair is, is long to say, and said of a failure only.
          if (exception !== undefined && proof.kind === "proved") assert.fail(`${exception}\n${told(proof, pair)}`);
          if (pair.isNeutral && proof.kind === "refuted") assert.fail(told(proof, pair));
          if (property === "equal") count(`${pair.change}: ${proof.kind}`);
          const isDefect = proof.kind === "undecided" && proof.reasons.some((reason) => /defect/.test(reason));
          if (isDefect) assert.fail(told(proof, pair));
        }
      }),
      { numRuns: universes, seed, endOnFailure: true },
    );
    console.log(`      seed ${seed}: 0 disagreements;`, Object.fromEntries([...counts].sort()));
    const undecided = (counts.get("equal undecided") ?? 0) / universes;
    assert.ok(undecided < 0.02, `${undecided} of the pairs are not decided`);
  });
});

const told = (proof: Proof, pair: Pair): string => `${JSON.stringify(proof)}\n${JSON.stringify(pair)}`;

/** A question about which the sides differ, and one that only the second side allows; undefined if there is none. */
function askAll({ before, after }: Pair): {
  readonly different: string | undefined;
  readonly opened: string | undefined;
} {
  const inventory = fivePods(before.inventory);
  const [earlier, later] = [before, after].map(({ policies }) => compile(policies, inventory));
  assert.ok(earlier && later);
  let different: string | undefined;
  let opened: string | undefined;
  // Without IPv4 there is nobody at its addresses, of which that of a managed API server is one.
  const beside = earlier.configuration.ipv4 ? [...others, apiServer, ...addresses] : others;
  for (const question of questions(inventory.endpoints, beside)) {
    const [one, other] = [verdict(earlier, question), verdict(later, question)];
    if (one.outcome === "undecidable" || other.outcome === "undecidable") continue;
    const isOpened = one.outcome === "denied" && other.outcome !== "denied";
    const isDifferent =
      inWords(one.egress) !== inWords(other.egress) || inWords(one.ingress) !== inWords(other.ingress);
    if (isDifferent) different ??= JSON.stringify({ question, one, other });
    if (isOpened) opened ??= JSON.stringify({ question, one, other });
    if (different !== undefined && opened !== undefined) break;
  }
  return { different, opened };
}

const inWords = (end: EndVerdict): string =>
  end.verdict === "allowed"
    ? JSON.stringify(conditionsOf({ egress: end, ingress: end, outcome: "allowed" }))
    : end.verdict;

const others: readonly Peer[] = (["host", "remote-node", "ingress"] as const).map(
  (entity) => ({ kind: "entity", entity }) as const,
);

const apiServer: Peer = { kind: "entity", entity: "kube-apiserver" };

const addresses: readonly Peer[] = ["198.51.100.1", "10.1.9.9", "10.1.200.1", "203.0.113.7"].map(
  (address) => ({ kind: "address", address }) as const,
);

const ports = [
  ...[80, 86, 91].map((port) => ({ protocol: "TCP", port }) as const),
  { protocol: "UDP", port: 53 } as const,
];

function* questions(endpoints: Inventory["endpoints"], others: readonly Peer[]): Generator<Question> {
  const pods = endpoints.map(({ namespace, name }) => ({ kind: "endpoint", namespace, name }) as const);
  for (const port of ports) {
    for (const source of pods) for (const destination of [...pods, ...others]) yield { source, destination, ...port };
    for (const source of others) for (const destination of pods) yield { source, destination, ...port };
  }
}
