/** What the page says about a peer: its two tables, and the policies that select it. */
import { portList } from "./graph.ts";
import { html, type Markup } from "./html.ts";
import type { Peer, PictureFlow, PolicyText } from "./picture.ts";
import type { Card } from "./sheets.ts";

/** What is known of a peer's flows and policies; each policy with its number. */
export interface About {
  readonly arriving: readonly PictureFlow[];
  readonly leaving: readonly PictureFlow[];
  readonly policies: readonly (readonly [number: number, policy: PolicyText])[];
}

/** @param peerOf finds a peer by its id. */
export function panel(
  peer: Peer,
  { arriving, leaving, policies }: About,
  peerOf: (id: string) => Peer | undefined,
): Markup {
  return html`<p class="kind">${kindText(peer)} ${changeTag(peer.change)}</p>
<h2>${peer.label}</h2>
${peer.note !== undefined && html`<p class="note">${peer.note}</p>`}
${peer.names.length > 0 && peer.names.join() !== peer.label && html`<p class="names">${peer.names.join(", ")}</p>`}
<div class="trace"></div>
${flowTable("ingress", "Ingress", arriving, ({ from }) => peerOf(from))}
${flowTable("egress", "Egress", leaving, ({ to }) => peerOf(to))}
${peer.kind === "workload" && policyList(policies)}`;
}

/** What is folded into one card, each with a button that selects it. */
export const foldedPanel = (card: Card, peers: readonly Peer[]): Markup => html`<p class="kind">Outside the cluster</p>
<h2>${card.label}</h2>
${card.note !== undefined && html`<p class="note">${card.note}</p>`}
<ul class="folded">${peers.map((peer) => html`<li>${cardButton(peer)}</li>`)}</ul>`;

function kindText(peer: Peer): string {
  switch (peer.kind) {
    case "workload":
      return peer.namespace;
    case "host-network":
      return `${peer.namespace}, on the host’s network`;
    case "gateway":
      return "Way in";
    case "api-server":
    case "nodes":
      return "Cilium entity";
    case "outside":
      return "Outside the cluster";
  }
}

function flowTable(
  direction: "ingress" | "egress",
  title: string,
  flows: readonly PictureFlow[],
  other: (flow: PictureFlow) => Peer | undefined,
): Markup {
  const rows = flows.map(
    (
      flow,
    ) => html`<tr class="${flow.change}"><th scope="row">${cardButton(other(flow))}</th><td class="ports">${portList(flow.ports)}</td><td>${purpose(flow)}</td></tr>
`,
  );
  return html`<table class="${direction}"><caption>${title} <span class="tally">${flows.length === 0 ? "none" : flows.length}</span></caption>
${
  flows.length > 0 &&
  html`<thead><tr><th scope="col">${direction === "ingress" ? "From" : "To"}</th><th scope="col">Port</th><th scope="col">Purpose</th></tr></thead>
<tbody>${rows}</tbody>`
}</table>`;
}

/** A button that leads to a card, with its namespace. */
export const cardButton = (card: Card | undefined): Markup | undefined =>
  card &&
  html`<button type="button" data-goto="${card.id}">${card.label}</button>${
    (card.kind === "workload" || card.kind === "host-network") && html` <small>${card.namespace}</small>`
  }`;

export const purpose = ({ purpose, conditions, change }: PictureFlow): Markup =>
  html`${changeTag(change, "opened", "closed")} ${purpose} ${conditions.map((condition) => html`<span class="tag">${condition}</span> `)}`;

function changeTag(change: PictureFlow["change"], added = "new", removed = "gone"): Markup | undefined {
  if (change === "same") return undefined;
  const words = { new: added, gone: removed, changed: "changed" };
  return html`<b class="change ${change}">${words[change]}</b>`;
}

function policyList(policies: About["policies"]): Markup {
  // The workload's own before those of the whole cluster.
  const sorted = policies.toSorted(([, a], [, b]) => Number(!a.name.includes("/")) - Number(!b.name.includes("/")));
  return html`<section class="policies"><h3>Policies <span class="tally">${sorted.length === 0 ? "none" : sorted.length}</span></h3>
${sorted.map(
  ([number, { name }]) =>
    html`<details data-policy="${number}"><summary>${name}</summary><pre tabindex="0"></pre></details>
`,
)}</section>`;
}

/** YAML with its keys marked. */
export const highlighted = (yaml: string): Markup =>
  html`${yaml.split("\n").map((line) => {
    const [, indent = "", key, rest = ""] = /^([ -]*)([\w./-]+:|"[^"]*":)(?= |$)(.*)$/.exec(line) ?? [];
    return key === undefined ? html`${line}\n` : html`${indent}<i>${key}</i>${rest}\n`;
  })}`;
