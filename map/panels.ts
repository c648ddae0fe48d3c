/** What the page says about a peer: its two tables, and the policies that select it. */
import { portList } from "./graph.ts";
import { html, type Markup } from "./html.ts";
import type { Peer, Picture, PictureFlow } from "./picture.ts";

/** Templates: `panel-<number>` for each peer, and `policy-<number>` with each policy's YAML once. */
export function panels(picture: Picture): Markup {
  return html`${picture.peers.map(
    (peer, number) => html`<template id="panel-${number}">${panel(peer, picture)}</template>
`,
  )}${picture.policies.map(
    ({ yaml }, number) => html`<template id="policy-${number}">${highlighted(yaml)}</template>
`,
  )}`;
}

function panel(peer: Peer, picture: Picture): Markup {
  const arriving = picture.flows.filter(({ to }) => to === peer.id);
  const leaving = picture.flows.filter(({ from }) => from === peer.id);
  return html`<p class="kind">${kindText(peer)} ${changeTag(peer.change)}</p>
<h2>${peer.label}</h2>
${peer.note !== undefined && html`<p class="note">${peer.note}</p>`}
${peer.names.join() !== peer.label && html`<p class="names">${peer.names.join(", ")}</p>`}
<div class="trace"></div>
${flowTable("ingress", "Ingress", arriving, ({ from }) => from, picture)}
${flowTable("egress", "Egress", leaving, ({ to }) => to, picture)}
${peer.kind === "workload" && policyList(peer.policies, picture)}`;
}

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
  other: (flow: PictureFlow) => string,
  { peers }: Picture,
): Markup {
  const numbers = new Map(peers.map(({ id }, number) => [id, number]));
  const rows = flows.map((flow) => {
    const number = numbers.get(other(flow));
    return html`<tr class="${flow.change}"><th scope="row">${number !== undefined && peerButton(peers[number], number)}</th><td class="ports">${portList(flow.ports)}</td><td>${purpose(flow)}</td></tr>
`;
  });
  return html`<table class="${direction}"><caption>${title} <span class="tally">${flows.length === 0 ? "none" : flows.length}</span></caption>
${
  flows.length > 0 &&
  html`<thead><tr><th scope="col">${direction === "ingress" ? "From" : "To"}</th><th scope="col">Port</th><th scope="col">Purpose</th></tr></thead>
<tbody>${rows}</tbody>`
}</table>`;
}

/** A button that selects a peer, with its namespace. */
export const peerButton = (peer: Peer | undefined, number: number): Markup | undefined =>
  peer &&
  html`<button type="button" data-goto="${number}">${peer.label}</button>${
    (peer.kind === "workload" || peer.kind === "host-network") && html` <small>${peer.namespace}</small>`
  }`;

export const purpose = ({ purpose, conditions, change }: PictureFlow): Markup =>
  html`${changeTag(change, "opened", "closed")} ${purpose} ${conditions.map((condition) => html`<span class="tag">${condition}</span> `)}`;

function changeTag(change: PictureFlow["change"], added = "new", removed = "gone"): Markup | undefined {
  if (change === "same") return undefined;
  const words = { new: added, gone: removed, changed: "changed" };
  return html`<b class="change ${change}">${words[change]}</b>`;
}

function policyList(names: readonly string[], { policies }: Picture): Markup {
  const selected = [...policies.entries()]
    .filter(([, { name }]) => names.includes(name))
    // The workload's own before those of the whole cluster.
    .sort(([, a], [, b]) => Number(!a.name.includes("/")) - Number(!b.name.includes("/")));
  return html`<section class="policies"><h3>Policies <span class="tally">${selected.length === 0 ? "none" : selected.length}</span></h3>
${selected.map(
  ([number, { name }]) =>
    html`<details data-policy="${number}"><summary>${name}</summary><pre tabindex="0"></pre></details>
`,
)}</section>`;
}

/** YAML with its keys marked. */
const highlighted = (yaml: string): Markup =>
  html`${yaml.split("\n").map((line) => {
    const [, indent = "", key, rest = ""] = /^([ -]*)([\w./-]+:|"[^"]*":)(?= |$)(.*)$/.exec(line) ?? [];
    return key === undefined ? html`${line}\n` : html`${indent}<i>${key}</i>${rest}\n`;
  })}`;
