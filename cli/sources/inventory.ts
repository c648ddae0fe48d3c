/** The cluster that policies are judged against, from Kubernetes objects; and a program's workloads as such objects. */
import type { ClusterNode, Endpoint, Inventory, NamedPort } from "../../cilium/reach/compile/inventory.ts";
import { Failure } from "../failure.ts";
import { readDocuments } from "./documents.ts";
import { countKinds, type Manifests, readManifests } from "./manifests.ts";
import { note } from "./notes.ts";
import type { NodeObject, PodObject } from "./objects.ts";

/** An inventory whose pods may go by the names of their workloads too. */
export interface NamedInventory {
  readonly inventory: Inventory;
  /** For each workload whose pods are known by their own names, as `namespace/name`: the pod that stands for all. */
  readonly replicas: ReadonlyMap<string, string>;
}

/**
 * Reads the pods, namespaces and nodes of a file, folder or standard input.
 * @param clusterName Cilium's name of the cluster, unless the ConfigMap `cilium-config` is among the objects
 * @throws Failure when nothing can be read, or there is no pod in it.
 */
export function readInventory(path: string, clusterName: string): NamedInventory {
  const manifests = readManifests(readDocuments(path));
  if (manifests.pods.length === 0) {
    throw new Failure(`${path} holds no Pod; write what kubectl get pods,namespaces,nodes -A -o yaml prints into it`);
  }
  if (manifests.others.length > 0) note(`${path}: skipped ${countKinds(manifests.others)}: not part of an inventory`);
  return inventoryOfObjects(manifests, clusterName);
}

export function inventoryOfObjects(
  objects: Pick<Manifests, "pods" | "namespaces" | "nodes" | "cidrGroups" | "clusterNames">,
  clusterName: string,
): NamedInventory {
  const labelsOfNamespaces = new Map(objects.namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const pods = new Map(objects.pods.map((pod) => [podId(pod), pod]));
  const inventory = {
    cluster: objects.clusterNames.at(-1) ?? clusterName,
    endpoints: [...pods.values()].map((pod) => endpoint(pod, labelsOfNamespaces.get(namespaceOf(pod)))),
    nodes: objects.nodes.map(clusterNode),
    names: [],
    ...(objects.cidrGroups.length > 0 && { cidrGroups: objects.cidrGroups }),
  };
  const replicas = [...pods.values()].flatMap((pod) => {
    const workload = workloadName(pod);
    return workload === undefined ? [] : [[`${namespaceOf(pod)}/${workload}`, podId(pod)] as const];
  });
  return { inventory, replicas: new Map(replicas.reverse()) };
}

/** What made a pod: the Deployment of its ReplicaSet, the StatefulSet, DaemonSet or Job. */
export function workloadName({ metadata }: PodObject): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  const hash = metadata.labels?.["pod-template-hash"];
  return owner?.kind === "ReplicaSet" && hash ? owner.name.replace(`-${hash}`, "") : owner?.name;
}

export const podId = (pod: PodObject): string => `${namespaceOf(pod)}/${pod.metadata.name}`;

const namespaceOf = ({ metadata }: PodObject): string => metadata.namespace || "default";

function endpoint(pod: PodObject, namespaceLabels: Endpoint["namespaceLabels"]): Endpoint {
  const { metadata, spec, status } = pod;
  // A pod that has ended gives its address back, and another pod may have it by now.
  const ended = status?.phase === "Succeeded" || status?.phase === "Failed";
  const addresses = ended ? [] : [status?.podIP, ...(status?.podIPs ?? []).map(({ ip }) => ip)].filter((ip) => !!ip);
  return {
    namespace: namespaceOf(pod),
    name: metadata.name,
    labels: metadata.labels ?? {},
    ...(namespaceLabels !== undefined && { namespaceLabels }),
    ...(spec?.serviceAccountName && { serviceAccount: spec.serviceAccountName }),
    ports: namedPorts(pod),
    addresses: [...new Set(addresses)].filter((address) => address != null),
    hostNetwork: spec?.hostNetwork ?? false,
    ...(spec?.nodeName && { node: spec.nodeName }),
  };
}

/** The named ports of all containers (`updatePodHostData` in `pkg/k8s/watchers/pod.go`); init containers have none. */
const namedPorts = ({ spec }: PodObject): NamedPort[] =>
  (spec?.containers ?? []).flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ name, containerPort, protocol }) =>
      name ? [{ name, port: containerPort, protocol: protocol ?? "TCP" }] : [],
    ),
  );

const controlPlaneRoles = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

const clusterNode = ({ metadata, status }: NodeObject): ClusterNode => ({
  name: metadata.name,
  controlPlane: controlPlaneRoles.some((role) => role in (metadata.labels ?? {})),
  addresses: (status?.addresses ?? []).filter(({ type }) => type.endsWith("IP")).map(({ address }) => address),
});

/** An inventory as the objects that it can be read from again, `cilium-config` with the cluster's name first. */
export function objectsOf({ cluster, endpoints }: Inventory): object[] {
  return [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cilium-config", namespace: "kube-system" },
      data: { "cluster-name": cluster },
    },
    ...endpoints.map(({ namespace, name, labels, ports = [], hostNetwork = false }) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace, labels },
      spec: {
        ...(hostNetwork && { hostNetwork }),
        containers: [
          {
            name,
            ports: ports.map(({ name, port, protocol }) => ({ name, containerPort: port, protocol })),
          },
        ],
      },
    })),
  ];
}
