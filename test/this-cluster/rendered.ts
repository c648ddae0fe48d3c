/** The policies and flows of this cluster with the program's default config, to be held against its policy document. */
import { readCluster } from "../../cilium/model/read.ts";
import type { CiliumPolicy } from "../../cilium/policy/schema.ts";
import { cluster } from "../../cluster/cluster.ts";
import { flowOutputs } from "../../components/outputs.ts";
import { readProgram } from "../../components/program.ts";
import { ciliumPolicies } from "../rendered.ts";

const declared = readCluster(cluster);

/** The program as the stack `prod` of the project renders it, without config of its own. */
export const program = readProgram(declared, {}, { project: "network-policies", stack: "prod" });

export const renderedPolicies = (): readonly CiliumPolicy[] => ciliumPolicies(program);

/** Ends as `namespace/name`, ports as `8080/TCP, 8443/TCP`. */
export const flowList = (): { from: string; to: string; ports: string; purpose?: string }[] =>
  flowOutputs(program.cluster).map((flow) => ({ ...flow, ports: flow.ports.join(", ") }));
