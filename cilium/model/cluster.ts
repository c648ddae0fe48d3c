/** The whole cluster as the program states it, and the same cluster with its config applied. */
import type { Clusterwide } from "./clusterwide.ts";
import { type Flow, flowsOf, type Statement } from "./flow.ts";
import type { Labels } from "./labels.ts";
import type { Namespace } from "./namespace.ts";
import type { Destination, ExternalHost, HostNetworkPods, Peer, PortsOf, Source, Subject, Workload } from "./peers.ts";
import { tcp } from "./ports.ts";
import type { Verbatim } from "./verbatim.ts";

export interface Cluster {
  readonly namespaces: readonly Namespace[];
  /** Where all pods resolve names, whatever their own policies say; undefined where only flows say who may. */
  readonly dns: PortsOf<Workload> | undefined;
  readonly clusterwide: Clusterwide;
  /** Policies that are taken as they are. */
  readonly verbatim: readonly Verbatim[];
  /** What the policy pack has to know besides what is declared: its config, by the names of its rules. */
  readonly policyPack?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** `observe` renders the same rules without default deny and without deny rules: nothing is dropped. */
export type Enforcement = "enforce" | "observe";

/** What differs between clusters that run the same workloads. */
export interface Settings {
  /** Cilium's `cluster.name`: the label that real pods carry and the Gateway's endpoint does not. */
  readonly clusterName: string;
  /** Where pods reach the API server, after Service translation. */
  readonly apiServerPort: number;
  /** Names that pods may resolve; `*` is all. */
  readonly dnsNames: readonly string[];
  /** Whether every pod of the cluster goes into egress default deny. */
  readonly egressDefaultDeny: boolean;
  /** Whether policies take effect, or only let Hubble tell what they would do. */
  readonly enforcement: Enforcement;
  /** The same by namespace, where it differs. */
  readonly namespaceEnforcement: Readonly<Record<string, Enforcement>>;
  /** Names of policies by `namespace/workload`, where they differ from the workload's. */
  readonly policyNames: Readonly<Record<string, string>>;
  /** Labels to select on, by `namespace/workload`, where this cluster's charts differ. */
  readonly labels: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Addresses of external hosts by name, where they differ. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** The cluster with its settings: what is checked, ordered, rendered and reported. */
export interface ConfiguredCluster extends Cluster {
  readonly settings: Settings;
  /** Every flow that is allowed, in the order in which the files state them. */
  readonly flows: readonly Flow[];
  /** Every flow that is denied. */
  readonly denials: readonly Flow[];
}

export function configure(cluster: Cluster, settings: Settings): ConfiguredCluster {
  const workload = (declared: Workload): Workload => {
    const labels: Labels | undefined = settings.labels[workloadId(declared)];
    return labels === undefined ? declared : { ...declared, labels };
  };
  const external = (host: ExternalHost): ExternalHost => ({
    ...host,
    address: settings.addresses[host.name] ?? host.address,
  });
  const source = (end: Source): Source =>
    end.kind === "workload" ? workload(end) : end.kind === "external" ? external(end) : end;
  const peer = (end: Peer): Peer =>
    end.kind === "workload" ? workload(end) : end.kind === "external" ? external(end) : end;
  const destination = (end: Destination): Destination =>
    end.kind === "ports" ? { ...end, peer: peer(end.peer) } : end;
  const statement = (stated: Statement): Statement => ({
    ...stated,
    sources: stated.sources.map(source),
    destinations: stated.destinations.map(destination),
  });
  const namespaces = cluster.namespaces.map((namespace) => ({
    ...namespace,
    workloads: namespace.workloads.map(workload),
    statements: namespace.statements.map(statement),
  }));
  const clusterwide = { ...cluster.clusterwide, statements: cluster.clusterwide.statements.map(statement) };
  const apiServerPort = tcp(settings.apiServerPort);
  const stated = [...namespaces, clusterwide].flatMap(({ statements }) =>
    statements.flatMap((one) => flowsOf(one, apiServerPort)),
  );
  return {
    ...cluster,
    settings,
    namespaces,
    clusterwide,
    dns: cluster.dns && { ...cluster.dns, peer: workload(cluster.dns.peer) },
    flows: stated.filter(({ isDenied }) => !isDenied),
    denials: stated.filter(({ isDenied }) => isDenied),
  };
}

/** The `metadata.name` of the clusterwide policy by which all pods resolve names. */
export const dnsPolicyName = "allow-dns";

export const workloadId = (pods: Workload | HostNetworkPods): string => `${pods.namespace}/${pods.name}`;

export const enforcementOf = ({ settings }: ConfiguredCluster, subject: Subject): Enforcement =>
  (subject.kind === "workload" ? settings.namespaceEnforcement[subject.namespace] : undefined) ?? settings.enforcement;

/** The `metadata.name` of a workload's policy. */
export const policyNameOf = ({ settings }: ConfiguredCluster, workload: Workload): string =>
  settings.policyNames[workloadId(workload)] ?? workload.name;

/** All that have policies of their own: the workloads and groups of the namespaces, then what is clusterwide. */
export const subjects = (cluster: Cluster): Subject[] => [...workloads(cluster), ...cluster.clusterwide.groups];

export const workloads = (cluster: Cluster): Workload[] => cluster.namespaces.flatMap((n) => n.workloads);

/** The declared external hosts, each once. */
export function externalHosts(cluster: Cluster): ExternalHost[] {
  const byName = new Map<string, ExternalHost>();
  for (const { sources, destinations } of [...cluster.namespaces, cluster.clusterwide].flatMap((n) => n.statements)) {
    for (const peer of [...sources, ...destinations.map(({ peer }) => peer)]) {
      if (peer.kind === "external") byName.set(peer.name, peer);
    }
  }
  return [...byName.values()];
}
