/** What every report says about the same network. */
import assert from "node:assert/strict";
import type { Policy } from "../../../../cilium/policy/schema.ts";
import type { Inventory, Peer } from "../../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../../cilium/reach/decide/verdict.ts";
import { connections } from "../../../../cilium/reach/report/connections.ts";
import { coverage } from "../../../../cilium/reach/report/coverage.ts";
import { diff } from "../../../../cilium/reach/report/diff.ts";
import { peerText } from "../../../../cilium/reach/report/explain.ts";
import { exposure } from "../../../../cilium/reach/report/exposure.ts";
import { reachPicture } from "../../../../map/reach.ts";

/**
 * Asks list, exposure, explain, diff, map and coverage about the connections of the pods of a cluster, and throws where two of
 * them contradict each other.
 * @param most about how many pods, one for each identity
 */
export function assertOneAnswer(
  policies: readonly Policy[],
  inventory: Inventory,
  most = Number.POSITIVE_INFINITY,
): void {
  const network = compile(policies, inventory);
  const listed = connections(network);
  const version = { title: "", policies, inventory };
  const { flows } = reachPicture(version, listed, undefined, () => "");
  const since = diff({ policies: [], inventory }, version);
  const nothing = compile([], inventory);
  const hasDeny = network.rules.some(({ effect }) => effect !== "allow");
  const isOpen = openBy(policies, inventory);
  const pods = network.parties
    .flatMap(({ peer, enforcement }) => (peer.kind === "endpoint" && enforcement === "endpoint" ? [peer] : []))
    .slice(0, most);
  for (const source of pods) {
    const from = listed.filter((connection) => peerText(connection.source.peer) === peerText(source));
    const reached = new Set(
      exposure(listed, peerText(source)).outbound.flatMap(([first]) => [peerText(first.destination.peer)]),
    );
    for (const destination of pods) {
      const spans = from.find(({ destination: { peer } }) => peerText(peer) === peerText(destination))?.spans ?? [];
      if (spans.length > 0 && source !== destination) assert.ok(reached.has(peerText(destination)));
      for (const port of [53, 80, 8080]) {
        const flow = `${peerText(source)} → ${peerText(destination)}:${port}`;
        const question = { source, destination, protocol: "TCP", port } as const;
        const { outcome } = verdict(network, question);
        assert.equal(outcome, spans.find(isOn(port))?.verdict.outcome ?? "denied", flow);
        const drawn = flows.some(
          ({ from, to, ports }) =>
            from === peerText(source) && to === peerText(destination) && ports.some(isDrawnOn(port)),
        );
        assert.equal(drawn, outcome !== "denied", `${flow} on the map`);
        const closed = since.closed.some(
          ({ from, to, ports }) =>
            from.name === peerText(source) && to.name === peerText(destination) && ports.some(isOn(port)),
        );
        const wasOpen = verdict(nothing, question).outcome === "allowed";
        assert.equal(closed, wasOpen && outcome === "denied", `${flow} since there was no policy`);
        const bothOpen = isOpen(source, "egress") && isOpen(destination, "ingress");
        if (bothOpen && !hasDeny && wasOpen) assert.notEqual(outcome, "denied", `${flow} by coverage`);
      }
    }
  }
}

type Span = { readonly protocol: string; readonly from: number; readonly to: number };

const isOn = (port: number) => (span: Span) => span.protocol === "TCP" && span.from <= port && port <= span.to;

/** As the map writes ports: `80/TCP`, `8000-8085/TCP`, `any/TCP`. */
const isDrawnOn = (port: number) => (text: string) => {
  const [, from, to = from] = /^(\d+)(?:-(\d+))?\/TCP$/.exec(text) ?? [];
  return text === "any/TCP" || (from !== undefined && Number(from) <= port && port <= Number(to));
};

/** Whether coverage calls a direction of a pod open. */
function openBy(policies: readonly Policy[], inventory: Inventory): (pod: Peer, direction: string) => boolean {
  const pods = inventory.endpoints.map((endpoint) => {
    const owner = `${endpoint.namespace}/${endpoint.name}`;
    return { endpoint, owner, ended: false, containerPorts: [] };
  });
  const { open } = coverage(policies, pods, inventory, [], () => true);
  return (pod, direction) =>
    open.some(({ owner, directions }) => owner === peerText(pod) && directions.some((one) => one === direction));
}
