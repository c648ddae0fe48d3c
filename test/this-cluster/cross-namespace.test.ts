import assert from "node:assert/strict";
import { excludedPods } from "../../components/outputs.ts";
import { type CrossNamespaceRow, crossNamespaceRows, excludedRows } from "./cross-namespace.ts";
import { expand } from "./expand.ts";
import { egressFact, ingressFact } from "./expected.ts";
import { flowList, program, renderedPolicies } from "./rendered.ts";

describe("the flows between namespaces, against the policy document", () => {
  for (const row of crossNamespaceRows) {
    it(`${row.from} reaches ${[row.to].flat().join(", ")} on ${row.port}: ${row.purpose}`, () => {
      const facts = new Map(
        renderedPolicies()
          .map(expand)
          .map(({ name, facts }) => [name, facts] as const),
      );
      const missing = ends(row).filter(({ policy, fact }) => !facts.get(policy)?.includes(fact));
      assert.deepEqual(missing, []);
      for (const to of [row.to].flat()) assert.deepEqual(purposes(row.from, to, row.port), [row.purpose]);
    });
  }
});

describe("the pods that no policy can select, against the policy document", () => {
  it("are listed with their reasons", () => {
    const listed = excludedRows.flatMap(({ namespace, pods, reason }) =>
      pods.map((pod) => ({ namespace, pod, reason })),
    );
    assert.deepEqual(excludedPods(program.cluster), listed);
  });
});

/** What the policies at both ends of the flow must state; outside the cluster there is no second end. */
function ends({ from, to, port }: CrossNamespaceRow): { policy: string; fact: string }[] {
  if (typeof to === "string") return [{ policy: from, fact: egressFact(to, port) }];
  return to.flatMap((server) => [
    { policy: from, fact: egressFact(`endpoint ${server}`, port) },
    { policy: server, fact: ingressFact(`endpoint ${from}`, port) },
  ]);
}

/** Why the program says that the flow exists: one answer, as each flow is written once. */
function purposes(from: string, to: string, port: string): (string | undefined)[] {
  const server = to.replace(/^fqdn /, "");
  const flows = flowList().filter((flow) => flow.from === from && flow.to === server);
  return flows.filter(({ ports }) => ports.split(", ").includes(port)).map(({ purpose }) => purpose);
}
