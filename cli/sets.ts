/** Sets of ends as people write them: `any pod of shop without tier`, `any pod but argocd/server`, `anything outside the cluster`. */
import { matches, podIdentity, podNamespaceLabel, type Requirement } from "../cilium/policy/selector.ts";
import type { EndSet, Part } from "../cilium/prove/sets.ts";
import { canonicalAddress, parseAddressOrPrefix } from "../cilium/reach/compile/addresses.ts";
import { type Endpoint, type Inventory, type Peer, peerEntities } from "../cilium/reach/compile/inventory.ts";
import { Failure } from "./failure.ts";

/** For `--help`: which ends are sets. */
export const setsHelp = `An end can be a set, of which an answer holds only if it is proved for all that could exist:
  any pod, any pod of NAMESPACE, any pod with app=web,tier, any pod without tier,
  anything outside the cluster, anything; each with exceptions: any pod but NAMESPACE/WORKLOAD and any pod of NAMESPACE`;

export const isSet = (text: string): boolean => /^\s*(any|every|all)\s+pods?\b|^\s*any(thing|one|body)\b/i.test(text);

/**
 * Reads a set.
 * @param peerOf reads the name of a single end
 * @param endpointOf finds an endpoint of the inventory
 * @throws Failure for what is none
 */
export function readSet(text: string, peerOf: (text: string) => Peer, endpointOf: Finder): EndSet {
  const [set = "", ...exceptions] = text.trim().split(/\s+(?:but|except(?:\s+for)?)\s+/i);
  if (exceptions.length > 1) throw new Failure(`${text}: write all exceptions after one "but", joined by "and"`);
  const left = exceptions.flatMap((list) => list.split(separator));
  return {
    parts: [partOf(set, text)],
    but: left.map((one) =>
      isSet(one) || isShort(one) ? partOf(one, text) : singlePart(peerOf(one.trim()), endpointOf),
    ),
  };
}

/** Finds an endpoint by its namespace and name. */
export type Finder = (namespace: string, name: string) => Endpoint | undefined;

/** Reads ends as `read` does, but an address that a pod or a node has stands for its holder. */
export const heldReader =
  (read: (text: string) => Peer, { endpoints, nodes }: Pick<Inventory, "endpoints" | "nodes">) =>
  (text: string): Peer => {
    const peer = read(text);
    if (peer.kind !== "address") return peer;
    const address = canonicalAddress(peer.address);
    const has = (addresses: readonly string[] = []): boolean =>
      addresses.some((own) => canonicalAddress(own) === address);
    const pod = endpoints.find(({ addresses, hostNetwork }) => !hostNetwork && has(addresses));
    if (pod !== undefined) return { kind: "endpoint", namespace: pod.namespace, name: pod.name };
    const node = nodes.find(({ addresses }) => has(addresses));
    return node === undefined ? peer : { kind: "node", name: node.name };
  };

/** Whether a set is of pods of which none is known, where some pods are: perhaps a name in it is written wrongly. */
export function isOfStrangers(
  { parts }: EndSet,
  { endpoints, cluster }: Pick<Inventory, "endpoints" | "cluster">,
): boolean {
  const identities = endpoints.map((endpoint) => podIdentity({ cluster, ...endpoint }, () => true));
  return (
    endpoints.length > 0 &&
    parts.every((part) => part.kind === "pods" && !identities.some((identity) => matches(part.requirements, identity)))
  );
}

/** A single end as a set of one. */
export const setOfOne = (peer: Peer, endpointOf: Finder): EndSet => ({
  parts: [singlePart(peer, endpointOf)],
  but: [],
});

/** Between exceptions, rather than between the labels of one. */
const separator = new RegExp(
  `\\s*(?:,|\\band\\b|\\bor\\b)\\s*(?=(?:(?:any|every|all)\\s+pods?|anything|those|pods|of|in|with|without|labelled|${peerEntities.join("|")})\\b|\\d|[\\w.-]+/[\\w.-]+(?![\\w./=-]))`,
  "i",
);

const isShort = (text: string): boolean => /^\s*(those|pods|of|in|with|without|labelled)\s/i.test(text);

const clause =
  /^(?<not>not\s+)?(?<word>of|in|outside(?:\s+of)?|with(?:out)?|labelled)\s+(?:the\s+)?(?:namespaces?\s+|labels?\s+)?(?<what>.+?)(?=\s+(?:not\s+)?(?:of|in|outside|with|without|labelled)\s|\s+and\s+(?:with|without)\s|$)/i;

function partOf(text: string, whole: string): Part {
  const written = text.trim();
  if (/^any(thing|one|body)$/i.test(written)) return { kind: "anything" };
  if (/^any(thing|one|body)\s+outside(\s+of)?(\s+the\s+cluster)?$/i.test(written)) return { kind: "outside" };
  let rest = written.replace(/^((any|every|all)\s+pods?|those|pods)\b/i, "").trim();
  const requirements: Requirement[] = [];
  while (rest !== "") {
    const { word = "", what = "", not } = clause.exec(rest)?.groups ?? {};
    if (word === "") throw new Failure(`${whole}: "${rest}" says nothing of a set; ${instead}`);
    requirements.push(...requirementsOf(word.toLowerCase(), what, not !== undefined, whole));
    rest = rest
      .replace(clause, "")
      .replace(/^\s*and\s+/i, "")
      .trim();
  }
  return { kind: "pods", requirements };
}

const instead =
  "write any pod [of NAMESPACE] [with KEY=VALUE,KEY] [without KEY] [but …], anything outside the cluster, or anything";

const labelValue = /^([A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?$/;

const names = (text: string): string[] => text.split(/\s*(?:,|\band\b|\bor\b)\s*/i).filter((name) => name !== "");

function requirementsOf(word: string, what: string, not: boolean, whole: string): Requirement[] {
  if (word === "of" || word === "in" || word.startsWith("outside")) {
    const values = names(what);
    const bad = values.find((value) => !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value));
    if (bad !== undefined) throw new Failure(`${whole}: ${bad} is no name of a namespace`);
    const operator = word.startsWith("outside") !== not ? "NotIn" : "In";
    return [{ source: "k8s", key: podNamespaceLabel, operator, values }];
  }
  const lacks = (word === "without") !== not;
  return names(what).map((label) => {
    const [key = "", value, ...more] = label.split("=");
    const values = value?.split("|");
    if (!/^[\w./-]+$/.test(key) || more.length > 0 || values?.some((one) => !labelValue.test(one)))
      throw new Failure(`${whole}: ${label} is no label; write key=value, key=value|value or key`);
    if (values === undefined) return { source: "k8s", key, operator: lacks ? "DoesNotExist" : "Exists" };
    return { source: "k8s", key, operator: lacks ? "NotIn" : "In", values };
  });
}

function singlePart(peer: Peer, endpointOf: Finder): Part {
  switch (peer.kind) {
    case "endpoint": {
      const endpoint = endpointOf(peer.namespace, peer.name);
      if (endpoint === undefined || endpoint.hostNetwork) break;
      return { kind: "pod", endpoint };
    }
    case "entity":
      return peer.entity === "world" ? { kind: "outside" } : { kind: "entity", entity: peer.entity };
    case "address":
    case "cidr": {
      const prefix = parseAddressOrPrefix(peer.kind === "cidr" ? peer.cidr : peer.address);
      if (prefix !== undefined) return { kind: "outside", prefix };
      break;
    }
    case "fqdn":
      return { kind: "outside", name: peer.name };
    case "node":
    case "service":
      break;
  }
  throw new Failure(
    `beside a set an end is a pod or workload on the network of pods, an entity, an address, a CIDR or a DNS name; not ${peer.kind === "endpoint" ? "a pod on its node's network" : `a ${peer.kind}`}`,
  );
}
