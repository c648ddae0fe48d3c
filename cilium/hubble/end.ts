/**
 * Who stands at an end of a recorded connection. Hubble writes the labels of the identity that Cilium decided on, so a pod
 * of the record can be judged without asking the cluster (`pkg/hubble/parser/common/endpoint.go`).
 */
import { isIP } from "node:net";
import {
  clusterLabel,
  namespaceLabelsPrefix,
  podNamespaceLabel,
  selectorKey,
  serviceAccountLabel,
} from "../policy/selector.ts";
import type { PeerEntity } from "../reach/compile/inventory.ts";
import type { HubbleEndpoint } from "./event.ts";
import { manyPods, onceEach } from "./once.ts";
import type { Outside, OutsideReader } from "./outside.ts";
import type { FindPod } from "./pods.ts";

/** The `key` is equal for equal ends. */
export type End =
  | RecordedPod
  | { readonly kind: "entity"; readonly key: string; readonly entity: Exclude<PeerEntity, "world"> }
  | Outside;

/** All pods with one identity: Cilium tells them no further apart. */
export type RecordedPod = {
  readonly kind: "pod";
  readonly key: string;
  readonly namespace: string;
  /** Its Deployment, StatefulSet, CronJob… */
  name: string;
  /** Whether Hubble named it so; else the pod's own name tells it. */
  isNamed: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined where the record has none. */
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
  readonly serviceAccount: string | undefined;
  readonly cluster: string | undefined;
  /** Whether the labels are those of its identity, as the cluster's agent has chosen them, and not all of its own. */
  readonly isIdentity: boolean;
};

/** Who stands within the cluster. */
export type Inside = Exclude<End, Outside>;

/** Why an end cannot be told. */
export type UnknownEnd = { readonly kind: "unknown"; readonly reason: string };

export type ReadEnd = (
  endpoint: HubbleEndpoint | null | undefined,
  address: string | null | undefined,
) => End | UnknownEnd;

type Identity = Inside | UnknownEnd | World;
/** Outside the cluster: who it is, its address tells. */
type World = { readonly kind: "world"; readonly isApiServer: boolean };

export type EndReader = {
  readonly read: ReadEnd;
  /** Who was met within the cluster, by what tells them apart. */
  readonly known: () => Map<string, Inside>;
  /** The same end as another reader has met it. */
  readonly same: (tellingApart: string, end: Inside) => Inside;
};

/**
 * Reads ends; each identity is read once, since a record names the same ones over and over.
 * @param find finds the pods whose labels a field mask left out
 */
export function endReader(find: FindPod, outside: OutsideReader): EndReader {
  const identities = new Map<string, Identity>();
  const identityOf = (endpoint: HubbleEndpoint, address: string | undefined): Identity => {
    const world = worldOf(endpoint);
    if (world !== undefined) return world;
    const signature = signatureOf(endpoint, address);
    // Short, since the keys of connections are made of it.
    const identity = identities.get(signature) ?? readIdentity(endpoint, address, `#${identities.size}`, find);
    identities.set(signature, identity);
    if (identity.kind === "pod") rename(identity, nameIn(endpoint, identity.labels));
    return identity;
  };
  const ofLabels = onceEach((endpoint: HubbleEndpoint) => identityOf(endpoint, undefined), manyPods);
  const read: ReadEnd = (endpoint, address) => {
    const identity = endpoint?.labels?.length ? ofLabels(endpoint) : identityOf(endpoint ?? {}, address ?? undefined);
    if (identity.kind !== "world") return identity;
    if (!address || isIP(address) === 0 || address.includes("%")) return withoutAddress;
    return outside.at(address, identity.isApiServer);
  };
  const isInside = (entry: [string, Identity]): entry is [string, Inside] =>
    entry[1].kind === "pod" || entry[1].kind === "entity";
  const same = (tellingApart: string, end: Inside): Inside => {
    const met = identities.get(tellingApart);
    const known = met?.kind === "pod" || met?.kind === "entity" ? met : { ...end, key: `#${identities.size}` };
    identities.set(tellingApart, known);
    if (known.kind === "pod" && end.kind === "pod") rename(known, end);
    return known;
  };
  return { read, known: () => new Map([...identities].filter(isInside)), same };
}

type Name = Pick<RecordedPod, "name" | "isNamed">;

/** Hubble knows workloads better than the names of pods tell them. Of several names the first in order is the pod's. */
function rename(pod: RecordedPod, { name, isNamed }: Name): void {
  const isBetter = isNamed === pod.isNamed ? name < pod.name || pod.name === unnamed : isNamed;
  if (isBetter && name !== unnamed) Object.assign(pod, { name, isNamed });
}

const nameIn = (endpoint: HubbleEndpoint, labels: RecordedPod["labels"]): Name => ({
  name: workloadOf(endpoint, jobOf(labels)) || unnamed,
  isNamed: Boolean(endpoint.workloads?.[0]?.name),
});

/** Where neither Hubble nor the name of a pod tells. */
const unnamed = "unnamed";

/** What a pod is called: where the record has no names of pods, what their labels say, since rows of all would be one. */
export const podName = ({ name, labels }: RecordedPod): string =>
  name === unnamed ? (labels["app.kubernetes.io/name"] ?? labels["k8s-app"] ?? labels.app ?? name) : name;

function worldOf(endpoint: HubbleEndpoint): World | undefined {
  if (!isWorld(endpoint) || isMistaken(endpoint)) return undefined;
  return { kind: "world", isApiServer: endpoint.labels?.includes("reserved:kube-apiserver") ?? false };
}

function isWorld({ labels, identity }: HubbleEndpoint): boolean {
  if (labels?.length) return labels.some((label) => label.startsWith("reserved:world"));
  return reservedNumbers[identity ?? 0]?.some((name) => name.startsWith("world")) ?? false;
}

/**
 * Whether a pod counted as the world, since its identity had not reached the node that recorded it: whose pod an address
 * is can be known before (`ResolveEndpoint` in `pkg/hubble/parser/common/endpoint.go`).
 */
const isMistaken = (endpoint: HubbleEndpoint): boolean => Boolean(endpoint.namespace) && isWorld(endpoint);

/** What tells identities apart: whatever of cluster, namespace and labels a line carries. */
function signatureOf(endpoint: HubbleEndpoint, address: string | null | undefined): string {
  const { identity, labels, cluster_name, namespace } = endpoint;
  if (labels?.length && !isMistaken(endpoint)) {
    // What labels say the fields say too, but for packets that a proxy sends for a pod from an address that is not the pod's.
    const text = labels.join(",");
    const cluster = text.includes(`${clusterLabel}=`) ? "" : (cluster_name ?? "");
    return `${text} ${cluster} ${text.includes(`${podNamespaceLabel}=`) ? "" : (namespace ?? "")}`;
  }
  const masked = namespace ? ` ${namespace} ${endpoint.pod_name || workloadOf(endpoint) || (address ?? "")}` : "";
  return `${identity ?? 0}${masked}`;
}

function readIdentity(endpoint: HubbleEndpoint, address: string | undefined, key: string, find: FindPod): Identity {
  if (isMistaken(endpoint)) return podOfInventory(endpoint, address, key, find) ?? tooEarly;
  const labels = (endpoint.labels ?? []).map(parseLabel);
  const reserved = labels.filter(({ source }) => source === "reserved").map((label) => label.key);
  const names = labels.length > 0 ? reserved : (reservedNumbers[endpoint.identity ?? 0] ?? []);
  if (names.length === 0) {
    return labels.length > 0
      ? readPod(endpoint, labels, key)
      : (podOfInventory(endpoint, address, key, find) ?? unlabelled);
  }
  const entity = entityOf(new Set(names));
  return entity === undefined
    ? unknown(`an end is reserved:${names.join(", reserved:")}`)
    : { kind: "entity", key, entity };
}

/** A pod whose labels were not recorded, with those that it has in the inventory. */
function podOfInventory(
  endpoint: HubbleEndpoint,
  address: string | undefined,
  key: string,
  find: FindPod,
): RecordedPod | undefined {
  const { namespace, pod_name, workloads, cluster_name } = endpoint;
  const names = [pod_name, workloads?.[0]?.name].flatMap((name) => name || []);
  const known = namespace ? find({ namespace, names, address }) : undefined;
  if (known === undefined) return undefined;
  return {
    kind: "pod",
    key,
    namespace: known.namespace,
    name: workloadOf(endpoint) || known.name,
    isNamed: Boolean(workloads?.[0]?.name),
    labels: known.labels,
    namespaceLabels: known.namespaceLabels,
    serviceAccount: known.serviceAccount,
    cluster: cluster_name || known.cluster,
    isIdentity: false,
  };
}

const unlabelled = unknown("the labels of an end were not recorded, and its identity is none of Cilium's own");
const tooEarly = unknown("a pod's identity had not reached the node that recorded it");
const withoutAddress = unknown("the address of an end outside the cluster was not recorded");

function unknown(reason: string): UnknownEnd {
  return { kind: "unknown", reason };
}

/** Identities that need no labels to be known (`pkg/identity/numericidentity.go`). */
const reservedNumbers: Readonly<Record<number, readonly string[]>> = {
  1: ["host"],
  2: ["world"],
  3: ["unmanaged"],
  4: ["health"],
  5: ["init"],
  6: ["remote-node"],
  7: ["kube-apiserver", "remote-node"],
  8: ["ingress"],
  9: ["world-ipv4"],
  10: ["world-ipv6"],
};

/** A control-plane node carries the label of the API server besides the one that says whether it is near or far. */
function entityOf(reserved: ReadonlySet<string>): Exclude<PeerEntity, "world"> | undefined {
  if (reserved.has("host")) return reserved.has("kube-apiserver") ? "control-plane-host" : "host";
  const entities = ["kube-apiserver", "remote-node", "ingress", "health", "init", "unmanaged"] as const;
  return entities.find((entity) => reserved.has(entity));
}

type Label = { readonly source: string; readonly key: string; readonly value: string };

/** `k8s:app=server`; reserved labels have no value. */
function parseLabel(label: string): Label {
  const equals = label.indexOf("=");
  return equals < 0
    ? { ...selectorKey(label), value: "" }
    : { ...selectorKey(label.slice(0, equals)), value: label.slice(equals + 1) };
}

function readPod(endpoint: HubbleEndpoint, labels: readonly Label[], key: string): RecordedPod | UnknownEnd {
  const added = new Map<string, string>();
  const own: [string, string][] = [];
  const ofNamespace: [string, string][] = [];
  for (const label of labels) {
    if (ciliumsOwn.has(label.key)) added.set(label.key, label.value);
    else if (!label.key.startsWith(namespaceLabelsPrefix)) own.push([label.key, label.value]);
    else ofNamespace.push([label.key.slice(namespaceLabelsPrefix.length), label.value]);
  }
  const namespace = added.get(podNamespaceLabel) ?? endpoint.namespace;
  if (!namespace) return unknown("the namespace of a pod was not recorded");
  const ownLabels = Object.fromEntries(own);
  return {
    kind: "pod",
    key,
    namespace,
    ...nameIn(endpoint, ownLabels),
    labels: ownLabels,
    namespaceLabels: ofNamespace.length > 0 ? Object.fromEntries(ofNamespace) : undefined,
    serviceAccount: added.get(serviceAccountLabel),
    cluster: added.get(clusterLabel) ?? (endpoint.cluster_name || undefined),
    isIdentity: true,
  };
}

const jobOf = (labels: RecordedPod["labels"]): string | undefined =>
  labels["batch.kubernetes.io/job-name"] ?? labels["job-name"];

/**
 * The workload of a pod. Hubble knows it for the pods of its own node only; elsewhere the label of its Job tells it, or the
 * pod's name, as Kubernetes' controllers make it. The runs of a CronJob are one workload.
 */
function workloadOf({ workloads, pod_name }: HubbleEndpoint, job?: string): string {
  const recorded = workloads?.[0]?.name || job;
  if (recorded) return recorded.replace(cronRun, "");
  const name = pod_name ?? "";
  const made = generatedSuffixes.find((suffix) => suffix.test(name));
  return (made === undefined ? name : name.replace(made, "")).replace(cronRun, "");
}

/** The minutes since 1970 that a CronJob's run is named by (`cronJobNameRegexp` in `pkg/k8s/utils/workload.go`). */
const cronRun = /-\d{8,10}$/;

/** What controllers append: a ReplicaSet's hash and a random part, a random part, a StatefulSet's number. */
const random = "[bcdfghjklmnpqrstvwxz2456789]";
const generatedSuffixes = [new RegExp(`-${random}{8,10}-${random}{5}$`), new RegExp(`-${random}{5}$`), /-\d{1,4}$/];

const ciliumsOwn = new Set([podNamespaceLabel, clusterLabel, serviceAccountLabel]);
