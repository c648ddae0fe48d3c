import assert from "node:assert/strict";
import { policyNameOf, workloads } from "../../cilium/model/cluster.ts";
import { policyName } from "../../cilium/policy/parts.ts";
import type { CiliumNetworkPolicy, Policy, Rule } from "../../cilium/policy/schema.ts";
import { program, renderedPolicies } from "../rendered.ts";
import { register, resourceOf } from "./registration.ts";

describe("The pack's defaults", () => {
  const policies = new Map(renderedPolicies().map((policy) => [policyName(policy), policy]));
  const violates = (rule: string, policy: Policy) =>
    register([resourceOf(policy)]).some((violation) => violation.rule === rule);

  for (const workload of workloads(program.cluster)) {
    const name = `${workload.namespace}/${policyNameOf(program.cluster, workload)}`;
    const policy = policies.get(name);
    const probed = workload.probes.length > 0;

    it(`know that ${name} is ${probed ? "" : "not "}probed`, () => {
      const denying = changed(policy, { ingressDeny: [{ fromEntities: ["world"] }] });
      assert.equal(violates("no-ingress-deny-on-probed-pods", denying), probed);
    });

    for (const port of Object.values(workload.ports).filter(({ transports }) => transports.includes("TCP"))) {
      const passthrough = port.speaks === "tls-passthrough";
      it(`know that ${name}:${port.number} ${passthrough ? "passes" : "does not pass"} TLS through`, () => {
        const parsing = changed(policy, {
          ingress: [
            {
              fromEntities: ["ingress"],
              toPorts: [{ ports: [{ port: `${port.number}`, protocol: "TCP" }], rules: { http: [{}] } }],
            },
          ],
        });
        assert.equal(violates("no-l7-http-on-tls-passthrough", parsing), passthrough);
      });
    }
  }
});

function changed(policy: Policy | undefined, spec: Partial<Rule>): CiliumNetworkPolicy {
  assert.ok(policy?.kind === "CiliumNetworkPolicy");
  return { ...policy, spec: { ...policy.spec, ...spec } };
}
