/** The cluster that policies are judged against, from Kubernetes objects; and an inventory as such objects. */
import type { ClusterNode, Endpoint, Inventory, NamedPort } from "../reach/compile/inventory.ts";
import type { NodeObject, PodObject } from "./objects.ts";
import { hasEnded, isListing, type KnownPod, podId, podNamespace, podsOf } from "./pods.ts";
import type { Objects } from "./read.ts";
import { servicesOf } from "./services.ts";

/** An inventory whose pods may go by the names of their workloads too. */
export type NamedInventory = {
  readonly inventory: Inventory;
  /** For each workload whose pods are known by their own names, as `namespace/name`: the pod that stands for all. */
  readonly replicas: ReadonlyMap<string, string>;
};

/** Cilium's own default for `cluster-name`. */
const defaultClusterName = "default";

/**
 * What objects say of a cluster. Pods that have ended are no part of it.
 * @param clusterName Cilium's name of the cluster, unless its ConfigMap `cilium-config` is among the objects
 */
export function inventoryOfObjects(objects: Objects, clusterName = defaultClusterName): NamedInventory {
  const configuration = configurationData(objects);
  const pods = podsOf(objects).filter(({ pod }) => !hasEnded(pod));
  const labels = namespaceLabels(objects);
  const isKnown = (...kinds: string[]) => kinds.some((kind) => objects.known.has(kind));
  return {
    inventory: {
      cluster: configuration?.["cluster-name"] || clusterName,
      endpoints: pods.map(({ pod }) => endpointOf(pod, labels)),
      ...(!isListing(objects) && { isExcerpt: true }),
      nodes: objects.nodes.map(({ object }) => clusterNode(object)),
      names: [],
      ...(isKnown("CiliumCIDRGroup") && { cidrGroups: objects.cidrGroups.map(({ object }) => cidrGroup(object)) }),
      ...(isKnown("Service", "EndpointSlice", "Endpoints") && { services: servicesOf(objects) }),
      ...(configuration !== undefined && { configuration }),
    },
    replicas: replicasOf(pods),
  };
}

/** The data of `cilium-config`, if it is among the objects. */
export const configurationData = ({ ciliumConfigs }: Objects): Readonly<Record<string, string>> | undefined =>
  ciliumConfigs.at(-1)?.object.data ?? undefined;

/** One set of objects with what another one knows besides, but for its pods and policies. */
export function completed(objects: Objects, by: Objects): Objects {
  const kinds = {
    namespaces: ["Namespace"],
    nodes: ["Node"],
    cidrGroups: ["CiliumCIDRGroup"],
    services: ["Service"],
    endpointSlices: ["EndpointSlice"],
    endpoints: ["Endpoints"],
    ciliumConfigs: ["cilium-config"],
  };
  const lacks = (list: keyof typeof kinds) => !kinds[list].some((kind) => objects.known.has(kind));
  const from = <List extends keyof typeof kinds>(list: List): Objects[List] => (lacks(list) ? by : objects)[list];
  const added = Object.values(kinds).flat();
  return {
    ...objects,
    namespaces: from("namespaces"),
    nodes: from("nodes"),
    cidrGroups: from("cidrGroups"),
    services: from("services"),
    endpointSlices: from("endpointSlices"),
    endpoints: from("endpoints"),
    ciliumConfigs: from("ciliumConfigs"),
    known: new Set([...objects.known, ...added.filter((kind) => by.known.has(kind))]),
  };
}

/** The labels of each namespace that is known. */
export const namespaceLabels = ({ namespaces }: Objects): ReadonlyMap<string, Readonly<Record<string, string>>> =>
  new Map(namespaces.map(({ object: { metadata } }) => [metadata.name, metadata.labels ?? {}]));

function replicasOf(pods: readonly KnownPod[]): ReadonlyMap<string, string> {
  const replicas = pods.flatMap(({ pod, workload }) =>
    workload === undefined ? [] : [[`${workload.namespace}/${workload.name}`, podId(pod)] as const],
  );
  return new Map(replicas.filter(([workload, pod]) => workload !== pod).reverse());
}

/** A pod as policies see it. */
export function endpointOf(pod: PodObject, namespaces: ReturnType<typeof namespaceLabels>): Endpoint {
  const { metadata, cluster, spec, status } = pod;
  const namespace = podNamespace(pod);
  const ofNamespace = namespaces.get(namespace);
  // A pod that has ended gives its address back, and another pod may have it by now.
  const addresses = hasEnded(pod) ? [] : [status?.podIP, ...(status?.podIPs ?? []).map(({ ip }) => ip)];
  const known = addresses.flatMap((address) => address || []);
  return {
    namespace,
    name: metadata.name,
    labels: metadata.labels ?? {},
    ...(ofNamespace !== undefined && { namespaceLabels: ofNamespace }),
    // As the API server fills it in.
    serviceAccount: spec?.serviceAccountName || spec?.serviceAccount || "default",
    ...(cluster && { cluster }),
    ports: namedPorts(pod),
    ...(known.length > 0 && { addresses: [...new Set(known)] }),
    hostNetwork: spec?.hostNetwork ?? false,
    ...(spec?.nodeName && { node: spec.nodeName }),
  };
}

/** The named ports of all containers (`GetPodMetadata` in `pkg/k8s/labels.go`). */
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
  ...(metadata.labels && { labels: metadata.labels }),
  addresses: (status?.addresses ?? []).filter(({ type }) => type.endsWith("IP")).map(({ address }) => address),
});

const cidrGroup = ({ metadata, spec }: Objects["cidrGroups"][number]["object"]) => ({
  name: metadata.name,
  labels: metadata.labels ?? {},
  cidrs: spec.externalCIDRs ?? [],
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
