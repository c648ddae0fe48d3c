/** Whoever reads of a peer in one answer finds it in every other: in the tables, on the map, in lists, differences and verdicts. */
import assert from "node:assert/strict";
import {
  allNodes,
  cidr,
  controlPlaneNodes,
  external,
  fqdn,
  from,
  gateway,
  health,
  host,
  kubeApiserver,
  namespace,
  nodes,
  remoteNode,
  unmanaged,
  world,
} from "../../cilium/language.ts";
import { configure } from "../../cilium/model/cluster.ts";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import type { Reachable } from "../../cilium/model/peers/reachable.ts";
import { namespaceOf, type Peer, peerName } from "../../cilium/model/peers.ts";
import { readCluster } from "../../cilium/model/read.ts";
import { compile } from "../../cilium/reach/compile/network.ts";
import { connections } from "../../cilium/reach/report/connections.ts";
import { diff } from "../../cilium/reach/report/diff.ts";
import { describe as described } from "../../cilium/reach/report/diff-text.ts";
import { peerText } from "../../cilium/reach/report/explain.ts";
import { egressCell } from "../../cilium/render/cells.ts";
import { renderDocument } from "../../cilium/render/document.ts";
import { renderPolicies } from "../../cilium/render/policies.ts";
import { destinationReader, endReader } from "../../cli/ends.ts";
import { listed } from "../../cli/flows.ts";
import { programPicture } from "../../map/program.ts";
import { program } from "../rendered.ts";

const port = 4443;

/** A program in which a workload may connect to a peer, and nothing else may. */
function reaching(peer: Reachable<Peer> | undefined) {
  const shop = namespace("shop");
  const web = shop.workload("web", { labels: { app: "web" } });
  const flows = shop.flows(() => (peer === undefined ? [] : [from(web).to(peer.on(port))]));
  const cluster = configure(readCluster({ namespaces: [flows, others] }), program.config);
  return { cluster, policies: renderPolicies(cluster), inventory: inventoryOf(cluster), web };
}

const infra = namespace("infra");
const db = infra.workload("db", { labels: { app: "db" } });
const agent = infra.hostNetwork("agent", { reason: "CNI" });
const others = infra.flows(() => []);

const singles: readonly (readonly [name: string, Reachable<Peer>])[] = [
  ["infra/db", db],
  ["gateway", gateway],
  ["kube-apiserver", kubeApiserver],
  ["host", host],
  ["remote-node", remoteNode],
  ["health", health],
  ["unmanaged", unmanaged],
  ["world", world],
  ["nas (192.0.2.7)", external("nas", "192.0.2.7")],
  ["192.0.2.0/24", cidr("192.0.2.0/24")],
  ["*.example.com", fqdn("*.example.com")],
];

/** What stands for several, or for one under another name: the tables say what, lists name each. */
const sets: readonly (readonly [name: string, Reachable<Peer>, members: readonly string[]])[] = [
  ["nodes", nodes, ["host", "remote-node"]],
  ["nodes", agent, ["host", "remote-node"]],
  ["all nodes", allNodes, ["kube-apiserver", "remote-node", "host"]],
  ["control-plane nodes", controlPlaneNodes, ["kube-apiserver"]],
];

function answersAbout(peer: Reachable<Peer>) {
  const { cluster, policies, inventory, web } = reaching(peer);
  const network = compile(policies, inventory);
  const everybody = connections(network, () => true).flatMap(listed);
  const ofWeb = everybody.filter(({ from, ports }) => from === "shop/web" && ports === String(port));
  const before = reaching(undefined);
  const { sentences } = described(diff(before, { policies, inventory }));
  return {
    cell: egressCell(cluster, web),
    card: programPicture("now", cluster, policies).peers.find(({ id }) => id === peerName(peer)),
    listed: ofWeb.map(({ to }) => to),
    difference: sentences.filter(({ topic }) => topic === "opened").map(({ text }) => text),
    document: renderDocument(cluster, "netpol docs"),
    inventory,
  };
}

describe("A peer has one name", () => {
  for (const [name, peer] of singles) {
    it(`${name}, in docs, map, list, diff and explain`, () => {
      const { cell, card, listed, difference, inventory } = answersAbout(peer);
      const namespace = namespaceOf(peer);
      assert.equal(cell, `${inTable(name, namespace)}:${port}`);
      assert.equal(namespace === undefined ? card?.label : `${namespace}/${card?.label}`, name);
      // A node is often the API server's too.
      assert.ok(listed.includes(name), listed.join());
      const told = { inventory, replicas: new Map() };
      assert.equal(peerText(destinationReader(endReader(told), told)(name)), name);
      assert.match(difference.join("\n"), mentions(name));
    });
  }

  for (const [name, peer, members] of sets) {
    it(`${name}, which docs tell to be ${members.join(", ")}, as list, diff and explain call them: ${peerName(peer)}`, () => {
      const { cell, document, listed, difference, inventory } = answersAbout(peer);
      assert.equal(cell, `${name}:${port}`);
      assert.ok(document.includes(`\`${name}\` (${members.join(", ")})`), document);
      for (const member of members) assert.ok(listed.includes(member), listed.join());
      // A difference tells of remote nodes once, whether they run the API server or not.
      const told = members.filter((member) => member !== "kube-apiserver" || members.length === 1);
      for (const member of told) assert.match(difference.join("\n"), mentions(member));
      const read = endReader({ inventory, replicas: new Map() });
      if (members.length > 1) assert.throws(() => read(name), new RegExp(members.join(", ")));
      else assert.equal(peerText(read(name)), members[0]);
    });
  }
});

/** As a word of its own. */
const mentions = (name: string): RegExp => new RegExp(`(^|[ ,])${name.replace(/[.*()]/g, "\\$&")}($|[ ,:])`, "m");

/** The tables write `db (infra)`, as their notation says. */
const inTable = (name: string, namespace: string | undefined): string =>
  namespace === undefined ? name : `${name.slice(namespace.length + 1)} (${namespace})`;
