import assert from "node:assert/strict";
import fc from "fast-check";
import { inventoryOf } from "../../../../cilium/model/inventory.ts";
import { policy as policySchema } from "../../../../cilium/policy/schema.ts";
import { type Peer, peerEntities, type Question } from "../../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../../cilium/reach/decide/verdict.ts";
import { questionText } from "../../../../cilium/reach/report/explain.ts";
import { advise } from "../../../../cilium/reach/report/explain-rule.ts";
import { program } from "../../../rendered.ts";
import { worlds } from "../worlds.ts";
import { type Applied, apply } from "./advice.ts";

const seed = Number(process.env.SEED ?? 20261128);

describe("the rules that would allow a denied connection", () => {
  it("do allow it, and nothing else, in generated worlds", function () {
    this.timeout(0);
    const outcomes = new Map<Applied, number>();
    const property = fc.property(worlds(6), ({ policies, inventory, questions }) => {
      const read = policies.map((manifest) => policySchema.parse(manifest));
      for (const question of questions) {
        const applied = apply(read, inventory, question);
        outcomes.set(applied, (outcomes.get(applied) ?? 0) + 1);
      }
    });
    fc.assert(property, { numRuns: 100, seed, endOnFailure: true });
    console.log(`      seed ${seed}: ${[...outcomes].map(([what, times]) => `${times} × ${what}`).join(", ")}`);
    assert.ok((outcomes.get("tried") ?? 0) > 50);
  });

  it("do allow it, and nothing else, in the program", function () {
    this.timeout(0);
    const inventory = inventoryOf(program.cluster);
    const workloads: readonly Peer[] = inventory.endpoints
      .filter(({ hostNetwork }) => !hostNetwork)
      .map(({ namespace, name }) => ({ kind: "endpoint", namespace, name }));
    const others: readonly Peer[] = [
      // Cilium isolates what is still initializing, whatever policies say.
      ...peerEntities.filter((entity) => entity !== "init").map((entity) => ({ kind: "entity", entity }) as const),
      { kind: "address", address: "203.0.113.7" },
      { kind: "address", address: "2001:db8::7" },
      { kind: "cidr", cidr: "203.0.113.0/24" },
    ];
    const names: readonly Peer[] = [
      { kind: "fqdn", name: "example.net" },
      { kind: "fqdn", name: "*.example.net" },
    ];
    const questions = fc.record({
      source: fc.constantFrom(...workloads, ...others),
      destination: fc.constantFrom(...workloads, ...others, ...names),
      // The others are dropped whatever policies say, unless the agent's configuration switches them on.
      protocol: fc.constantFrom("TCP" as const, "UDP" as const, "ICMP" as const),
      port: fc.integer({ min: 1, max: 250 }),
    });
    let tried = 0;
    const property = fc.property(questions, (question) => {
      if (apply(program.policies, inventory, question) === "tried") tried++;
    });
    fc.assert(property, { numRuns: 60, seed, endOnFailure: true });
    assert.ok(tried > 15, `only ${tried} pieces of advice were tried`);
  });

  it("are no rules where a deny decides: that has to go", () => {
    const network = compile(program.policies, inventoryOf(program.cluster));
    const question: Question = {
      source: { kind: "address", address: "203.0.113.7" },
      destination: { kind: "endpoint", namespace: "jobs", name: "backup" },
      protocol: "TCP",
      port: 80,
    };
    const { ingress } = advise(program.policies, network, question, verdict(network, question));
    assert.deepEqual(
      ingress,
      { kind: "remove", direction: "ingress", rules: ["jobs/backup ingressDeny[0]"] },
      questionText(question),
    );
  });
});
