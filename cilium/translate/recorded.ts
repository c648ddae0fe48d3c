/** Recorded traffic as flows of workloads that deny nothing by default yet: what was seen is written down, and nothing changes. */
import type { End, RecordedPod } from "../hubble/end.ts";
import { destinationNames } from "../hubble/naming.ts";
import type { FlowRecord } from "../hubble/record.ts";
import { statedAs } from "../hubble/suggest.ts";
import { workloadFinder } from "../hubble/workload.ts";
import { type Cluster, configure, type Settings, workloadId, workloads } from "../model/cluster.ts";
import { type Labels, labelSelector, nameLabels } from "../model/labels.ts";
import type { Namespace } from "../model/namespace.ts";
import type { Workload } from "../model/peers.ts";
import { isKept, matches, podIdentity, subjectRequirements } from "../policy/selector.ts";
import type { Endpoint } from "../reach/compile/inventory.ts";
import { fileOf } from "../write/cluster.ts";
import { gathered } from "../write/gathered.ts";
import { namespaceHome } from "../write/namespace.ts";
import { homeOf } from "../write/write.ts";
import { newsOf } from "./news.ts";

/** The pods of a record as endpoints, by the names of what made them. */
export function podsOfRecord({ connections }: FlowRecord): Endpoint[] {
  const pods = connections.flatMap(({ source, destination }) => [source, destination]).filter(isPod);
  return [...new Map(pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod])).values()].map(
    ({ namespace, name, labels, namespaceLabels, serviceAccount }) => ({
      namespace,
      name,
      labels: Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith("io."))),
      ...(namespaceLabels !== undefined && { namespaceLabels }),
      ...(serviceAccount !== undefined && { serviceAccount }),
    }),
  );
}

const isPod = (end: End): end is RecordedPod => end.kind === "pod";

/**
 * The cluster with a workload for each of the endpoints that has none, and with the connections that were let through and that
 * it does not state yet. What comes from outside a record does not tell, and is left out.
 * @returns the cluster, and why connections are not among its flows
 */
export function withRecorded(
  cluster: Cluster,
  record: FlowRecord,
  endpoints: readonly Endpoint[],
  settings: Settings,
): { readonly cluster: Cluster; readonly without: readonly string[] } {
  const declared = withWorkloads(cluster, endpoints, settings.clusterName);
  const configured = configure(declared, settings);
  const language = "";
  const files = declared.namespaces.map((one) => fileOf(namespaceHome(one), one.name, one.name, { language }));
  const [find, namesOf] = [workloadFinder(declared), destinationNames(record)];
  const stated = record.connections
    .filter(({ passed }) => passed > 0)
    .flatMap((one) => statedAs(one, configured, files, find, namesOf(one)));
  const seen = gathered(stated.flatMap((one) => (one.kind === "statement" ? one.statement : [])));
  const statementsIn = (name: string) => seen.filter((statement) => homeOf(statement) === name);
  const all = {
    ...declared,
    namespaces: declared.namespaces.map((one) => ({ ...one, statements: statementsIn(one.name) })),
  };
  const news = newsOf(all, configured).statements;
  return {
    cluster: {
      ...declared,
      namespaces: declared.namespaces.map((one) => ({
        ...one,
        statements: [...one.statements, ...gathered(news).filter((statement) => homeOf(statement) === one.name)],
      })),
    },
    without: [...new Set(stated.flatMap((one) => (one.kind === "none" ? one.reason : [])))],
  };
}

function withWorkloads(cluster: Cluster, endpoints: readonly Endpoint[], clusterName: string): Cluster {
  const added: Workload[] = [];
  const own = endpoints.filter(({ hostNetwork }) => !hostNetwork);
  const selects = (labels: Labels, namespace: string, pod: Endpoint): boolean =>
    matches(subjectRequirements(labelSelector(labels), namespace), podIdentity({ ...pod, cluster: clusterName }));
  const isDeclared = (pod: Endpoint) =>
    [...workloads(cluster).filter(({ isGroup }) => !isGroup), ...added].some((one) =>
      selects(one.labels, one.namespace, pod),
    );
  const names = new Set(workloads(cluster).map(workloadId));
  for (const pod of own) {
    const labels = labelsOf(pod, (some) => own.filter((other) => selects(some, pod.namespace, other)).length === 1);
    if (labels === undefined || isDeclared(pod) || names.has(`${pod.namespace}/${pod.name}`)) continue;
    added.push(openWorkload(pod, labels));
  }
  const present = new Set([...cluster.namespaces.map(({ name }) => name), ...added.map(({ namespace }) => namespace)]);
  return {
    ...cluster,
    namespaces: [...present].sort().map((name): Namespace => {
      const one = cluster.namespaces.find((namespace) => namespace.name === name);
      const known = one ?? { name, labels: undefined, workloads: [], hostNetwork: [], statements: [] };
      return { ...known, workloads: [...known.workloads, ...added.filter(({ namespace }) => namespace === name)] };
    }),
  };
}

const openWorkload = ({ namespace, name }: Endpoint, labels: Labels): Workload => ({
  kind: "workload",
  namespace,
  namespaceLabels: undefined,
  name,
  isGroup: false,
  labels,
  otherLabels: {},
  ports: {},
  probes: [],
  defaultDeny: "none",
  denyWorld: false,
});

/** The fewest labels that tell a pod from all others: those that name it, else all that Cilium keeps; none if these do not. */
function labelsOf(pod: Endpoint, isOnly: (labels: Labels) => boolean): Labels | undefined {
  const picked = (keys: readonly string[]) =>
    Object.fromEntries(keys.flatMap((key) => (pod.labels[key] === undefined ? [] : [[key, pod.labels[key]] as const])));
  const naming = nameLabels.filter((key) => key in pod.labels);
  const wider = naming.map((_, count) => picked(naming.slice(0, count + 1)));
  const all = picked(Object.keys(pod.labels).filter(isKept));
  return [...wider, all].find((labels) => Object.keys(labels).length > 0 && isOnly(labels));
}
