/** What the engine says of connections in a cluster, by the policies that it renders to. */
import type { ConfiguredCluster } from "../../../cilium/model/cluster.ts";
import { inventoryOf } from "../../../cilium/model/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { type Outcome, verdict } from "../../../cilium/reach/decide/verdict.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";

/** Over TCP, between workloads of a namespace. */
export function outcomes(
  cluster: ConfiguredCluster,
  namespace: string,
): (from: string, to: string, port: number) => Outcome {
  const network = compile(renderPolicies(cluster), inventoryOf(cluster));
  return (from, to, port) =>
    verdict(network, {
      source: { kind: "endpoint", namespace, name: from },
      destination: { kind: "endpoint", namespace, name: to },
      protocol: "TCP",
      port,
    }).outcome;
}
