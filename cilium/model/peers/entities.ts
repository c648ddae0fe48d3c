/** Cilium's entities under the names that people use for them: what is no pod of this cluster, and has no address. */
import { entityName } from "../../policy/entity.ts";
import type { Entity } from "../../policy/schema.ts";
import { camelCase } from "../names.ts";
import { asMade, type PeerKind } from "./kind.ts";
import { reachable } from "./reachable.ts";

/** One or more of Cilium's entities. */
export interface EntityPeer {
  readonly kind: "entities";
  readonly name: string;
  readonly entities: readonly Entity[];
}

/** The word is the name in camel case. */
const entityPeer = (name: string, ...entities: Entity[]) => reachable<EntityPeer>({ kind: "entities", name, entities });

/** Envoy on behalf of the Gateway: the `ingress` entity. */
export const gateway = entityPeer(entityName("ingress"), "ingress");
/** The API server, as control-plane nodes are known to Cilium. As a destination without `on` it means the API server's port. */
export const kubeApiserver = entityPeer("kube-apiserver", "kube-apiserver");
/** The node that a pod runs on: kubelet probes, and the node's own DNS. */
export const host = entityPeer("host", "host");
export const remoteNode = entityPeer("remote-node", "remote-node");
/** Nodes, a pod's own and the others. */
export const nodes = entityPeer("nodes", "host", "remote-node");
/** Every node, the control plane by its own name as well. */
export const allNodes = entityPeer("all nodes", "kube-apiserver", "remote-node", "host");
/** Control-plane nodes: they carry the API server's identity. */
export const controlPlaneNodes = entityPeer("control-plane nodes", "kube-apiserver");
/** All pods and nodes of this cluster. */
export const cluster = entityPeer("cluster", "cluster");
/** Everything outside the cluster. */
export const world = entityPeer("world", "world");
/** Everything inside the cluster and outside. */
export const all = entityPeer("all", "all");
/** Cilium's own endpoint on each node, which its connectivity checks reach. */
export const health = entityPeer("health", "health");
/** Pods whose labels Cilium does not know yet. */
export const init = entityPeer("init", "init");
/** Pods that ran before Cilium did, and that it does not manage. */
export const unmanaged = entityPeer("unmanaged", "unmanaged");
/** Pods and nodes of this cluster, and pods of those that it is meshed with. */
export const clusterMesh = entityPeer("cluster-mesh", "cluster-mesh");

/** What stands for one entity or several under a name of its own. */
export const entityPeers: readonly EntityPeer[] = [
  ...[gateway, kubeApiserver, host, remoteNode, nodes, allNodes, controlPlaneNodes],
  ...[cluster, world, all, health, init, unmanaged, clusterMesh],
];

/** Those that stand for nodes, whichever: each is its own pods' host and remote to all others. */
const nodeEntities: readonly Entity[] = ["host", "remote-node", "cluster", "cluster-mesh", "all"];

export const entitiesKind: PeerKind<EntityPeer> = {
  schema: asMade("entities"),
  isSource: true,
  name: ({ name }) => name,
  inTables: ({ name }) => ({ names: [name] }),
  inVerdicts: ({ entities }) => entities.map(entityName),
  namespace: () => undefined,
  isOutside: ({ entities }) => entities.includes("world") || entities.includes("all"),
  share: ({ entities }, subject) =>
    subject.kind === "node-group" && entities.some((entity) => nodeEntities.includes(entity)) ? "all" : "none",
  selection: ({ entities }) => ({ kind: "entities", entities }),
  wording: ({ name }) => ({ kind: "word", word: camelCase(name) }),
};
