/** What the transcribed rows say, in the form that policies are expanded to. */
import { type Expanded, endpoint, sorted } from "./expand.ts";
import type { EgressFlow, IngressFlow, Peer, Port, Row } from "./row.ts";
import { rows } from "./rows.ts";

export function expected(row: Row): Expanded {
  return {
    name: title(row),
    selects: endpoint(row.namespace, row.selects),
    facts: sorted([...ingressFacts(row.ingress), ...egressFacts(row.egress)]),
  };
}

/** `namespace/name`. */
export function title(row: Row): string {
  return `${row.namespace}/${row.name}`;
}

export function ingressFact(from: Peer, port: Port): string {
  return `ingress ${peer(from)} ${port}`;
}

export function egressFact(to: Peer, port: Port): string {
  return `egress ${peer(to)} ${port}`;
}

function ingressFacts(cell: Row["ingress"]): string[] {
  if (cell === "none") return ["ingress none"];
  if (cell === "deny world") return ["ingress deny entity world all ports"];
  return cell.flatMap((flow) => each(flow, flow.from, ingressFact));
}

function egressFacts(cell: Row["egress"]): string[] {
  return cell === "none" ? ["egress none"] : cell.flatMap((flow) => each(flow, flow.to, egressFact));
}

function each(flow: IngressFlow | EgressFlow, peers: readonly Peer[], fact: (peer: Peer, port: Port) => string) {
  return peers.flatMap((peer) => flow.on.map((port) => fact(peer, port) + (flow.http ? " http" : "")));
}

function peer(peer: Peer): string {
  if (!peer.startsWith("endpoint ")) return peer;
  const row = rows.find((row) => peer === `endpoint ${title(row)}`);
  if (!row) throw new Error(`no row for the peer ${peer}`);
  return endpoint(row.namespace, row.selects);
}
