/** What the policy pack's rules take over growing stacks, without Pulumi. Run with `npm run bench:pack`. */
import type { Policy } from "../cilium/policy/schema.ts";
import { podNamespaceLabel } from "../cilium/policy/selector.ts";
import { judgeStack, register, resourceOf } from "../test/policypack/registration.ts";
import { renderedPolicies } from "../test/this-cluster/rendered.ts";

const sizes = [58, 580, 1450, 2900, 5800];
const policies = renderedPolicies();

rulesAlone();

function rulesAlone(): void {
  const rows = sizes.map((size) => {
    const resources = enlarged(size).map(resourceOf);
    const exemptions = exemptFromNoWideOpen(resources.map(({ name }) => name));
    const start = performance.now();
    const violations = register(resources, exemptions);
    const registered = performance.now();
    const atTheEnd = judgeStack(resources, exemptions);
    const time = performance.now() - start;
    return {
      policies: size,
      violations: [...violations, ...atTheEnd].filter(({ level }) => level === "mandatory").length,
      "before registration ms": Math.round(registered - start),
      "at the end ms": Math.round(performance.now() - registered),
      "µs per policy": Math.round((time * 1000) / size),
    };
  });
  console.table(rows);
}

/** The clusterwide policy, and copies of the others in namespaces of their own that talk among themselves. */
function enlarged(size: number): Policy[] {
  const clusterwide = policies.filter(({ kind }) => kind === "CiliumClusterwideNetworkPolicy");
  const namespaced = policies.filter((policy) => policy.kind === "CiliumNetworkPolicy");
  const namespaces = new Set(namespaced.map(({ metadata }) => metadata.namespace));
  const copies = Array.from({ length: Math.ceil(size / namespaced.length) }, (_, copy) =>
    namespaced.map((policy): Policy => {
      const suffix = copy === 0 ? "" : `-${copy}`;
      return JSON.parse(JSON.stringify(policy), (key, value) =>
        [podNamespaceLabel, "namespace"].includes(key) && namespaces.has(value) ? `${value}${suffix}` : value,
      );
    }),
  );
  return [...clusterwide, ...copies.flat()].slice(0, size);
}

/** What this project's exemptions are for the copies. */
function exemptFromNoWideOpen(names: readonly string[]) {
  return {
    "no-wide-open": {
      exemptions: names
        .filter((name) => /\/(workflow-pods|scan-jobs)$/.test(name))
        .map((policy) => ({ policy, reason: "as in the original" })),
    },
  };
}
