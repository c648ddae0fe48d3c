/** What is wrong with a cluster as a stack configures it, before anything is rendered or registered. */

import { policyName } from "../policy/parts.ts";
import { clusterLabel, matches, podIdentity, subjectRequirements } from "../policy/selector.ts";
import { limitsOf } from "./carried.ts";
import {
  type ConfiguredCluster,
  dnsPolicyName,
  externalHosts,
  policyNameOf,
  subjects,
  workloadId,
  workloads,
} from "./cluster.ts";
import type { Flow } from "./flow.ts";
import { examplePods, labelFaults, labelSelector, podOf, strippedLabels } from "./labels.ts";
import { didYouMean } from "./names.ts";
import { type HostNetworkPods, includes, peerName, type Workload } from "./peers.ts";
import { type Port, portNames, portText } from "./ports.ts";

/** All faults of the cluster; none means that it can be rendered. Each says where, what, and what to write instead. */
export const faults = (cluster: ConfiguredCluster): string[] => [
  ...unknownSettings(cluster),
  ...duplicateNames(cluster),
  ...overriddenLabels(cluster),
  ...overlaps(cluster),
  ...misplacedClusters(cluster),
  ...dnsNamesakes(cluster),
  ...verbatimNames(cluster),
  ...vainLookups(cluster),
  ...liftedLimits(cluster),
];

/** Overrides for workloads and hosts that do not exist. */
function unknownSettings(cluster: ConfiguredCluster): string[] {
  const ids = workloads(cluster).map(workloadId);
  const namespaces = cluster.namespaces.map(({ name }) => name);
  const hosts = externalHosts(cluster).map(({ name }) => name);
  const unknown = (key: string, given: object, known: string[], what: string) =>
    Object.keys(given)
      .filter((name) => !known.includes(name))
      .map((name) => `${key}.${name}: there is no ${what} of this name${didYouMean(name, known)}`);
  return [
    ...unknown("labels", cluster.settings.labels, ids, "workload"),
    ...unknown("policyNames", cluster.settings.policyNames, ids, "workload"),
    ...unknown("namespaceEnforcement", cluster.settings.namespaceEnforcement, namespaces, "namespace"),
    ...unknown("addresses", cluster.settings.addresses, hosts, "external host"),
  ];
}

/** Two declarations of one name, or two policies that a setting gives one name. */
function duplicateNames(cluster: ConfiguredCluster): string[] {
  const all: (Workload | HostNetworkPods)[] = cluster.namespaces.flatMap((n) => [...n.workloads, ...n.hostNetwork]);
  const names = [
    ...cluster.namespaces.map(({ name }) => `namespace ${name}`),
    ...all.map(workloadId),
    ...cluster.clusterwide.groups.map(peerName),
  ];
  const twice = duplicates(names);
  const policyNames = workloads(cluster)
    .filter((workload) => !twice.includes(workloadId(workload)))
    .map((workload) => `${workload.namespace}/${policyNameOf(cluster, workload)}`);
  return [
    ...twice.map((name) => `${name} is declared twice; a name belongs to one policy`),
    ...duplicates(policyNames).map((name) => `policyNames: two policies are called ${name}; give each its own name`),
  ];
}

/** Clusterwide groups that are called as the policy by which all pods resolve names. */
const dnsNamesakes = ({ dns, clusterwide }: ConfiguredCluster): string[] =>
  dns === undefined || !clusterwide.groups.some(({ name }) => name === dnsPolicyName)
    ? []
    : [`clusterwide/${dnsPolicyName} is called like the policy by which all pods resolve names; give it another name`];

/** Verbatim policies that are called as one of the program's own, or as one of its resources. */
function verbatimNames(cluster: ConfiguredCluster): string[] {
  const own = new Map(
    workloads(cluster).flatMap((workload) => [
      [workloadId(workload), workload],
      [`${workload.namespace}/${policyNameOf(cluster, workload)}`, workload],
    ]),
  );
  return cluster.verbatim.flatMap(({ policy, place }) => {
    const name = policyName(policy);
    if (policy.kind === "CiliumClusterwideNetworkPolicy" && cluster.dns !== undefined && name === dnsPolicyName) {
      return [
        `${place}: ${name} is the policy by which all pods resolve names; write dns: false in cluster/cluster.ts to keep this one`,
      ];
    }
    if (
      policy.kind === "CiliumClusterwideNetworkPolicy" &&
      cluster.clusterwide.groups.some((one) => one.name === name)
    ) {
      return [
        `${place}: ${name} is the policy of clusterwide/${name}; rename one of them, or write this one as its flows`,
      ];
    }
    const workload = policy.kind === "CiliumNetworkPolicy" ? own.get(name) : undefined;
    return workload === undefined
      ? []
      : [
          `${place}: ${name} is the policy of the workload ${workloadId(workload)}; rename one of them, or write this one as its flows`,
        ];
  });
}

const duplicates = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, at) => names.indexOf(name) !== at)),
];

/** Labels of a stack's config that no policy can select on. */
const overriddenLabels = (cluster: ConfiguredCluster): string[] =>
  workloads(cluster)
    .filter((workload) => workloadId(workload) in cluster.settings.labels)
    .flatMap((workload) =>
      (workload.isGroup ? strippedLabels : labelFaults)(workload.labels).map(
        (fault) => `labels.${workloadId(workload)}: ${fault}`,
      ),
    );

/** Workloads whose selectors would both apply to the pods of one of them. */
function overlaps(cluster: ConfiguredCluster): string[] {
  const { clusterName } = cluster.settings;
  const exclusive = workloads(cluster).filter(({ isGroup }) => !isGroup);
  const pods = exclusive.flatMap((workload) =>
    examplePods(workload.labels, workload.otherLabels).map((labels) => ({
      workload,
      identity: podIdentity({ ...podOf(labels), namespace: workload.namespace, cluster: clusterName }),
    })),
  );
  const pairs = exclusive.flatMap((workload) => {
    const required = subjectRequirements(labelSelector(workload.labels), workload.namespace);
    return pods
      .filter(({ identity }) => matches(required, identity))
      .filter((pod) => workloadId(pod.workload) !== workloadId(workload))
      .map(
        (pod) =>
          `${workloadId(workload)} also selects the pods of ${workloadId(pod.workload)}; make its labels narrower, require the absence of one, or declare it as a group()`,
      );
  });
  return [...new Set(pairs)];
}

/** Labels by which Cilium tells clusters, where they do not tell others from this one. */
function misplacedClusters(cluster: ConfiguredCluster): string[] {
  const { clusterName } = cluster.settings;
  const governed = subjects(cluster).filter(({ labels }) => clusterLabel in labels);
  const ends = [...cluster.flows, ...cluster.denials].flatMap(({ from, to }) => [from, to]);
  const wrong = ends.filter((end) => {
    const named = end.kind === "pod-set" ? end.labels[clusterLabel] : undefined;
    if (named === undefined) return false;
    const names = typeof named === "string" ? [named] : "oneOf" in named ? named.oneOf : [clusterName];
    return names.includes(clusterName);
  });
  return [
    ...governed.map(
      (one) => `${peerName(one)}: a policy here selects no pods of another cluster; leave ${clusterLabel} out`,
    ),
    ...new Set(
      wrong.map((set) => `${peerName(set)}: write ${clusterLabel} with the names of other clusters, or leave it out`),
    ),
  ];
}

/** Look-ups that limit nothing, since every pod may look up all names there. */
const vainLookups = ({ dns, settings, flows }: ConfiguredCluster): string[] =>
  dns === undefined || !settings.dnsNames.includes("*")
    ? []
    : flows
        .filter(({ to, carried }) => carried?.kind === "dns" && includes(to, dns.peer))
        .map(
          ({ from, to }) =>
            `flow ${peerName(from)} → ${peerName(to)}: every pod may look up every name, so these limit nothing; narrow dnsNames in the config, or leave carrying() out`,
        );

/** Flows whose limits another between the same ends lifts, since it carries anything on one of their ports. */
function liftedLimits({ flows }: ConfiguredCluster): string[] {
  const ends = ({ from, to, only }: Flow) => `${peerName(from)} → ${peerName(to)} ${only ?? ""}`;
  const limited = flows.filter(({ carried }) => carried !== undefined && limitsOf(carried).length > 0);
  const lifting = Map.groupBy(
    flows.filter(({ carried }) => carried === undefined || limitsOf(carried).length === 0),
    ends,
  );
  return limited.flatMap((flow) => {
    const used = new Set(flow.ports.flatMap(portNames));
    const other = lifting.get(ends(flow))?.find(({ ports }) => ports.flatMap(portNames).some((name) => used.has(name)));
    return other === undefined
      ? []
      : [
          `flow ${peerName(flow.from)} → ${peerName(flow.to)}: another flow between them may carry anything on ${portList(flow.ports)}, which lifts what carrying() limits; leave one of them out`,
        ];
  });
}

const portList = (ports: readonly Port[]): string => ports.map(portText).join(", ");
