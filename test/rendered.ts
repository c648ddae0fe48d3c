/** The policies and flows of the sample cluster with its default config, for tests that hold them against something else. */

import { readCluster } from "../cilium/model/read.ts";
import type { CiliumPolicy, Policy } from "../cilium/policy/schema.ts";
import { readProgram } from "../components/program.ts";
import { cluster } from "./sample/cluster/cluster.ts";

/** The sample cluster as its files declare it. */
export const declared = readCluster(cluster);

/** The program as the stack `prod` of the project renders it, without config of its own. */
export const program = readProgram(declared, {}, { project: "network-policies", stack: "prod" });

export const renderedPolicies = (): readonly CiliumPolicy[] => ciliumPolicies(program);

/** The policies of a program that are of Cilium's own kinds: all but verbatim ones of Kubernetes' kinds. */
export const ciliumPolicies = <P extends Policy>({ policies }: { readonly policies: readonly P[] }) =>
  policies.filter(
    (policy): policy is P & CiliumPolicy =>
      policy.kind === "CiliumNetworkPolicy" || policy.kind === "CiliumClusterwideNetworkPolicy",
  );
