/** What the stack tells about itself once it is applied. */
import { type Output, output } from "@pulumi/pulumi";
import { type Carried, type Limit, limitsOf } from "../cilium/model/carried.ts";
import { type ConfiguredCluster, enforcementOf, subjects } from "../cilium/model/cluster.ts";
import { type Direction, isDeniedByDefault } from "../cilium/model/peers/workload.ts";
import { peerName } from "../cilium/model/peers.ts";
import { portNames } from "../cilium/model/ports.ts";
import { namespaceOf } from "../cilium/policy/parts.ts";
import type { Program } from "./program.ts";
import type { AppliedPolicy } from "./resources.ts";

export interface PolicyOutput {
  readonly kind: string;
  /** Absent from clusterwide policies. */
  readonly namespace?: string;
  readonly name: string;
  /** As the API server gave it; unknown until then. */
  readonly uid: string;
  readonly generation: number;
}

/** The policies as the API server returned them. */
export const policyOutputs = (applied: readonly AppliedPolicy[]): Output<PolicyOutput[]> =>
  output(
    applied.map(({ kind, metadata }) => ({
      kind,
      namespace: metadata.namespace,
      name: metadata.name,
      uid: metadata.uid,
      generation: metadata.generation,
    })),
  );

export interface PolicyCounts {
  readonly total: number;
  readonly clusterwide: number;
  /** How many of them are taken as they are from YAML. */
  readonly verbatim: number;
  readonly namespaces: Readonly<Record<string, number>>;
}

export function policyCounts({ cluster, policies }: Program): PolicyCounts {
  const inNamespaces = policies.flatMap((policy) => namespaceOf(policy) ?? []);
  const names = new Set([...cluster.namespaces.map(({ name }) => name), ...inNamespaces]);
  const counts = [...names].map((name) => [name, inNamespaces.filter((one) => one === name).length] as const);
  return {
    total: policies.length,
    clusterwide: policies.length - inNamespaces.length,
    verbatim: cluster.verbatim.length,
    namespaces: Object.fromEntries(counts),
  };
}

export interface FlowOutput {
  readonly from: string;
  readonly to: string;
  /** `8080/TCP` and the like. */
  readonly ports: readonly string[];
  /** Refused, whatever is allowed elsewhere. */
  readonly denied?: true;
  /** What alone it may carry: the protocol, and which requests or names of it. */
  readonly l7?: Carried["kind"];
  readonly carrying?: readonly Limit[];
  readonly authenticated?: true;
  /** Which end alone says so. */
  readonly only?: Direction;
  readonly purpose?: string;
}

/** Every flow, in the order of the files, and after them those that are denied: the ends as `namespace/name`, or the name of what lies outside the pods. */
export const flowOutputs = ({ flows, denials }: ConfiguredCluster): FlowOutput[] =>
  [...flows, ...denials].map(({ from, to, ports, isDenied, carried, isAuthenticated, only, purpose }) => ({
    from: peerName(from),
    to: peerName(to),
    ports: ports.flatMap(portNames),
    ...(isDenied && { denied: true as const }),
    ...(carried !== undefined && { l7: carried.kind }),
    ...(carried !== undefined && limitsOf(carried).length > 0 && { carrying: limitsOf(carried) }),
    ...(isAuthenticated && { authenticated: true as const }),
    ...(only !== undefined && { only }),
    ...(purpose !== undefined && { purpose }),
  }));

export interface DefaultDenyOutput {
  /** The workloads whose pods refuse what no rule allows, as `namespace/name`. */
  readonly ingress: readonly string[];
  readonly egress: readonly string[];
}

/** Which pods are in default deny; none of those that are only observed. */
export function defaultDeny(cluster: ConfiguredCluster): DefaultDenyOutput {
  const { egressDefaultDeny, enforcement } = cluster.settings;
  const enforced = subjects(cluster).filter((subject) => enforcementOf(cluster, subject) === "enforce");
  const denied = (direction: Direction) =>
    enforced.filter((subject) => isDeniedByDefault(subject, direction)).map(peerName);
  const all = egressDefaultDeny && enforcement === "enforce";
  return { ingress: denied("ingress"), egress: [...denied("egress"), ...(all ? ["every other pod"] : [])] };
}

export interface ExcludedOutput {
  readonly namespace: string;
  readonly pod: string;
  readonly reason: string;
}

/** The pods on the host's network, which no policy can select. */
export const excludedPods = ({ namespaces }: ConfiguredCluster): ExcludedOutput[] =>
  namespaces.flatMap(({ hostNetwork }) =>
    hostNetwork.map(({ namespace, name, reason }) => ({ namespace, pod: name, reason })),
  );
