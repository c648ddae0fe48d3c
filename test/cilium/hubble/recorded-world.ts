/** The record that Hubble would make of a generated world, with the verdicts that Cilium's own code gives. */
import { endpointIdentity } from "../../../cilium/reach/compile/identity.ts";
import type { Inventory, Peer, Question } from "../../../cilium/reach/compile/inventory.ts";
import type { Network } from "../../../cilium/reach/compile/network.ts";
import type { Direction } from "../../../cilium/reach/compile/rules.ts";
import type { JobAnswer, JobEndVerdict, JobOrigin } from "../../oracle/job.ts";
import type { World } from "../reach/worlds.ts";
import {
  apiServer,
  decided,
  decidedBy,
  flow,
  gateway,
  host,
  line,
  ofCilium,
  outside,
  type RecordedEnd,
  remoteNode,
  reserved,
} from "./recorded.ts";

/** Every pair of a world's questions on every port of them, each once, as far as a record can hold them. */
export function everyQuestion({ questions }: World, network: Network): Question[] {
  const pairs = new Map(
    questions
      .filter(({ source, destination }) => [source, destination].every((peer) => isRecorded(peer, network)))
      .map(({ source, destination }) => [JSON.stringify([source, destination]), { source, destination }]),
  );
  const ports = new Map(questions.map(({ protocol, port }) => [`${protocol} ${port}`, { protocol, port }]));
  return [...pairs.values()].flatMap((pair) => [...ports.values()].map((port) => ({ ...pair, ...port })));
}

/**
 * The addresses of pods and nodes are recorded as those who have them. Where labels and addresses of nodes count, there is
 * no node without, which the entities mean to Cilium's code.
 */
function isRecorded(peer: Peer, { configuration, surroundings }: Network): boolean {
  switch (peer.kind) {
    case "address":
      return !surroundings.taken.has(peer.address);
    case "entity":
      return !isNode(peer) || !(configuration.nodeSelectorLabels || configuration.cidrsMatch.nodes);
    case "endpoint":
    case "fqdn":
    case "node":
      return true;
    case "service":
    case "cidr":
      return false;
  }
}

const isNode = ({ entity }: Extract<Peer, { kind: "entity" }>): boolean =>
  ["host", "control-plane-host", "remote-node", "kube-apiserver"].includes(entity);

/** A world whose pods are told apart by a label of their own, as pods of one identity are not in a record. */
export const withDistinctPods = (world: World): World => ({
  ...world,
  inventory: {
    ...world.inventory,
    endpoints: world.inventory.endpoints.map((endpoint) => ({
      ...endpoint,
      labels: { ...endpoint.labels, [`pod-${endpoint.name}`]: "" },
    })),
  },
});

/** The lines of the record; nothing of what never comes to a policy's decision, and of ends whose policy is an error. */
export function* recorded(
  network: Network,
  questions: readonly Question[],
  answers: JobAnswer["answers"],
): Generator<string> {
  const endOf = endRecorder(network);
  for (const [i, { source, destination, protocol, port }] of questions.entries()) {
    const answer = answers[i];
    if (answer === undefined || answer.dropped || answer.egress?.error || answer.ingress?.error) continue;
    const ends = [endOf(source, destination), endOf(destination, source)] as const;
    const names = namesOf(destination, network.inventory, ends[1].address);
    // To Cilium's code every name is resolved; in a cluster only those whose look-up passes its proxy.
    if (names.length > 0 && !names.some(network.lookups)) continue;
    const at = (more: object) =>
      line(flow(...ends, port, { protocol, more: { ...(names.length > 0 && { destination_names: names }), ...more } }));
    const { egress, ingress } = answer;
    if (egress !== undefined) yield at(decision("egress", egress));
    if (egress?.allowed === false) continue;
    if (ingress !== undefined) yield at(decision("ingress", ingress));
    if (ingress?.allowed === false) continue;
    const isPod = destination.kind === "endpoint";
    yield at(isPod ? { trace_observation_point: "TO_ENDPOINT", traffic_direction: "INGRESS" } : {});
  }
}

function decision(direction: Direction, { allowed, audited, redirect, origins = [] }: JobEndVerdict): object {
  const by = origins.map(originOf);
  if (!allowed)
    return decided({ direction, verdict: "DROPPED", by, reason: by.length > 0 ? "POLICY_DENY" : "POLICY_DENIED" });
  if (audited) return decided({ direction, verdict: "AUDIT", by });
  return decided({ direction, verdict: redirect === undefined ? "FORWARDED" : "REDIRECTED", by });
}

const originOf = ({ kind, namespace, name }: JobOrigin): object =>
  kind === "cilium" ? ofCilium : decidedBy(`${kind} ${namespace ? `${namespace}/` : ""}${name}`);

function endRecorder({ inventory, surroundings }: Network): (peer: Peer, other: Peer) => RecordedEnd {
  const numbers = new Map<string, number>();
  const numberOf = (key: string): number => {
    const number = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, number);
    return number;
  };
  const podOf = (namespace: string, name: string): RecordedEnd => {
    const endpoint = inventory.endpoints.find((one) => one.namespace === namespace && one.name === name);
    if (endpoint === undefined) throw new Error(`no endpoint ${namespace}/${name}`);
    const number = numberOf(`${namespace}/${name}`);
    const { labels } = endpointIdentity(endpoint, surroundings);
    return {
      address: `10.244.0.${number}`,
      endpoint: {
        ID: number,
        identity: 40_000 + number,
        cluster_name: endpoint.cluster ?? inventory.cluster,
        namespace,
        labels: labels.map(({ source, key, value }) => `${source}:${key}=${value}`).sort(),
        pod_name: name,
      },
    };
  };
  const nodeOf = (name: string, other: Peer): RecordedEnd => {
    const node = inventory.nodes.find((one) => one.name === name);
    const runs = inventory.endpoints.some(
      (one) =>
        other.kind === "endpoint" && one.namespace === other.namespace && one.name === other.name && one.node === name,
    );
    const isApiServer =
      node?.controlPlane || node?.addresses.some((address) => surroundings.apiServer.keys.has(address));
    if (runs) return isApiServer ? controlPlaneHost : host;
    return isApiServer ? apiServer : remoteNode;
  };
  const entities = { host, "remote-node": remoteNode, ingress: gateway, "control-plane-host": controlPlaneHost };
  return (peer, other) => {
    switch (peer.kind) {
      case "endpoint":
        return podOf(peer.namespace, peer.name);
      case "address":
        return surroundings.apiServer.keys.has(peer.address) ? managed(peer.address) : outside(peer.address);
      case "fqdn":
        return outside(
          inventory.names.find(({ name }) => name === peer.name)?.addresses[0] ?? `198.18.0.${numberOf(peer.name)}`,
        );
      case "entity": {
        const [address] = surroundings.apiServer.keys;
        switch (peer.entity) {
          case "world":
            return outside("198.18.1.1");
          case "kube-apiserver":
            return surroundings.apiServer.isManaged && address !== undefined ? managed(address) : apiServer;
          case "control-plane-host":
          case "host":
          case "remote-node":
          case "ingress":
            return entities[peer.entity];
          case "health":
            return reserved(4, "10.244.9.9", "health");
          case "init":
            return reserved(5, "10.244.9.10", "init");
          case "unmanaged":
            return reserved(3, "10.244.9.11", "unmanaged");
        }
        break;
      }
      case "node":
        return nodeOf(peer.name, other);
      case "service":
      case "cidr":
    }
    throw new Error(`a record holds no ${peer.kind}`);
  };
}

const controlPlaneHost = reserved(1, "192.168.0.31", "host", "kube-apiserver");
const managed = (address: string): RecordedEnd => reserved(16_777_300, address, "kube-apiserver", "world");

/** The names that the agent has seen an address answered for. */
function namesOf(destination: Peer, { names }: Inventory, address: string): string[] {
  const own = destination.kind === "fqdn" ? [destination.name] : [];
  const others = names.flatMap(({ name, addresses }) => (addresses.includes(address) ? [name] : []));
  return [...new Set([...own, ...others])];
}
