/** The policies and flows of the sample cluster with its default config, for tests that hold them against something else. */

import { readCluster } from "../cilium/model/read.ts";
import type { CiliumPolicy } from "../cilium/policy/schema.ts";
import type { Owned } from "../components/ownership.ts";
import { type Program, readProgram } from "../components/program.ts";
import { cluster } from "./sample/cluster/cluster.ts";

/** The sample cluster as its files declare it. */
export const declared = readCluster(cluster);

/** The program as the stack `prod` of the project renders it, without config of its own. */
export const program = readProgram(declared, {}, { project: "network-policies", stack: "prod" });

export const renderedPolicies = (): readonly CiliumPolicy[] => ciliumPolicies(program);

/** The policies of a program that are of Cilium's own kinds: all but verbatim ones of Kubernetes' kinds. */
export const ciliumPolicies = ({ policies }: Pick<Program, "policies">): Owned<CiliumPolicy>[] =>
  policies.filter(
    (policy): policy is Owned<CiliumPolicy> =>
      policy.kind === "CiliumNetworkPolicy" || policy.kind === "CiliumClusterwideNetworkPolicy",
  );
