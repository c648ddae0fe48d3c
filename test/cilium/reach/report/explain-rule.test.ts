import assert from "node:assert/strict";
import fc from "fast-check";
import { inventoryOf } from "../../../../cilium/model/inventory.ts";
import { policyName } from "../../../../cilium/policy/parts.ts";
import type { CiliumPolicy, Rule } from "../../../../cilium/policy/schema.ts";
import { type Peer, peerEntities, type Question } from "../../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../../cilium/reach/decide/verdict.ts";
import { questionText } from "../../../../cilium/reach/report/explain.ts";
import { type MissingRule, missingRule } from "../../../../cilium/reach/report/explain-rule.ts";
import { program } from "../../../rendered.ts";

const inventory = inventoryOf(program.cluster);
const network = compile(program.policies, inventory);

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

describe("the rules that would allow a denied connection", () => {
  it("do allow it, once both ends have them", () => {
    const questions = fc.record({
      source: fc.constantFrom(...workloads, ...others),
      destination: fc.constantFrom(...workloads, ...others, ...names),
      // The others are dropped whatever policies say, unless the agent's configuration switches them on.
      protocol: fc.constantFrom("TCP" as const, "UDP" as const, "ICMP" as const),
      port: fc.integer({ min: 1, max: 250 }),
    });
    let denied = 0;
    const property = fc.property(questions, (question) => {
      const { outcome, egress, ingress } = verdict(network, question);
      const missing = [
        missingRule(network, question, "egress", egress),
        missingRule(network, question, "ingress", ingress),
      ].filter((rule) => rule !== undefined);
      if (missing.some(({ kind }) => kind === "remove")) return;
      if (outcome === "denied") denied++;
      else assert.deepEqual(missing, [], questionText(question));
      const after = answer(missing.reduce(extended, program.policies), question);
      assert.notEqual(after, "denied", questionText(question));
    });
    fc.assert(property, { numRuns: 150 });
    assert.ok(denied > 50, `only ${denied} connections were denied`);
  });

  it("are no rules where a deny decides: that has to go", () => {
    const question: Question = {
      source: { kind: "address", address: "203.0.113.7" },
      destination: { kind: "endpoint", namespace: "argo", name: "kanidm-backup" },
      protocol: "TCP",
      port: 80,
    };
    assert.deepEqual(missingRule(network, question, "ingress", verdict(network, question).ingress), {
      kind: "remove",
      direction: "ingress",
      rules: ["argo/kanidm-backup ingressDeny[0]"],
    });
  });
});

const answer = (policies: readonly CiliumPolicy[], question: Question) =>
  verdict(compile(policies, inventory), question).outcome;

/** The policies with the rule added to the one that is to take it. */
function extended(policies: readonly CiliumPolicy[], missing: MissingRule): readonly CiliumPolicy[] {
  assert.ok(missing.kind === "add");
  assert.ok(
    policies.some((policy) => policyName(policy) === missing.policy),
    `there is no policy ${missing.policy}`,
  );
  return policies.map((policy) =>
    policyName(policy) === missing.policy && policy.spec ? { ...policy, spec: withRule(policy.spec, missing) } : policy,
  );
}

const withRule = (spec: Rule, { direction, rule }: MissingRule & { kind: "add" }): Rule => ({
  ...spec,
  [direction]: [...(spec[direction] ?? []), rule],
});
