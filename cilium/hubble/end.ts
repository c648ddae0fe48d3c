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

/** The `key` is equal for equal ends. */
export type End =
  | RecordedPod
  | { readonly kind: "entity"; readonly key: string; readonly entity: Exclude<PeerEntity, "world"> }
  /** Something outside the cluster. */
  | { readonly kind: "outside"; readonly key: string; readonly address: string };

/** All pods with one identity: Cilium tells them no further apart. */
export type RecordedPod = {
  readonly kind: "pod";
  readonly key: string;
  readonly namespace: string;
  /** Its Deployment, StatefulSet…; the pod itself where Hubble did not know that. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly serviceAccount: string | undefined;
  readonly cluster: string | undefined;
};

/** Why an end cannot be told. */
export type UnknownEnd = { readonly kind: "unknown"; readonly reason: string };

type Identity = Exclude<End, { kind: "outside" }> | { readonly kind: "outside" } | UnknownEnd;

/** Reads ends; each identity is read once, since a record names the same ones over and over. */
export function endReader(): (
  endpoint: HubbleEndpoint | null | undefined,
  address: string | null | undefined,
) => End | UnknownEnd {
  const identities = new Map<string, Identity>();
  const addresses = new Map<string, End>();
  return (endpoint, address) => {
    const number = endpoint?.identity ?? 0;
    const labels = endpoint?.labels?.join(",") || `identity ${number}`;
    let identity = identities.get(labels);
    if (identity === undefined) {
      // Short, since the keys of connections are made of it.
      identity = readIdentity(endpoint ?? {}, `#${identities.size}`);
      identities.set(labels, identity);
    }
    if (identity.kind !== "outside") return identity;
    if (!address || isIP(address) === 0 || address.includes("%")) return withoutAddress;
    const outside = addresses.get(address) ?? { ...identity, key: address, address };
    addresses.set(address, outside);
    return outside;
  };
}

function readIdentity(endpoint: HubbleEndpoint, key: string): Identity {
  const labels = (endpoint.labels ?? []).map(parseLabel);
  const reserved = labels.filter(({ source }) => source === "reserved").map((label) => label.key);
  const names = labels.length > 0 ? reserved : (reservedNumbers[endpoint.identity ?? 0] ?? []);
  if (names.length === 0) {
    return labels.length > 0
      ? readPod(endpoint, labels, key)
      : unknown("the labels of an end were not recorded, and its identity is none of Cilium's own");
  }
  const world = names.some((name) => name.startsWith("world"));
  if (world) return names.includes("kube-apiserver") ? unknown("the API server is outside the cluster") : outside;
  const entity = entityOf(new Set(names));
  return entity === undefined
    ? unknown(`an end is reserved:${names.join(", reserved:")}`)
    : { kind: "entity", key, entity };
}

const withoutAddress = unknown("the address of an end outside the cluster was not recorded");
const outside: Identity = { kind: "outside" };

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
  return {
    kind: "pod",
    key,
    namespace,
    name: endpoint.workloads?.[0]?.name || endpoint.pod_name || "unnamed",
    labels: Object.fromEntries(own),
    namespaceLabels: Object.fromEntries(ofNamespace),
    serviceAccount: added.get(serviceAccountLabel),
    cluster: added.get(clusterLabel),
  };
}

const ciliumsOwn = new Set([podNamespaceLabel, clusterLabel, serviceAccountLabel]);
