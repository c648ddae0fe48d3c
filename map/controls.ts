/** The page's bar of controls, and what its signs mean. */
import { denyMark } from "./draw.ts";
import { byPort, type Graph, graphOf } from "./graph.ts";
import { html, type Markup } from "./html.ts";
import type { Picture } from "./picture.ts";
import { wholeSheet } from "./sheets.ts";

export function controls(picture: Picture, title: string): Markup {
  const said = `${summary(picture)} in ${title}`;
  return html`<header>
<div class="title"><h1>Network map</h1><p title="${said}">${said}</p></div>
<label class="search"><span class="unseen">Search workloads and peers</span><input id="search" type="search" placeholder="Search" autocomplete="off" spellcheck="false" aria-keyshortcuts="/"><kbd aria-hidden="true">/</kbd></label>
<fieldset class="choice" id="scope"><legend class="unseen">Which flows</legend>${choices("scope", [
    ["all", "All"],
    ["across", "Cross-namespace"],
    ["outside", "External"],
  ])}</fieldset>
<label class="port"><span>Port</span> <select id="port"><option value="">any</option>${portOptions(picture)}</select></label>
<label class="check"><input type="checkbox" id="hubs"> API server and nodes</label>
${picture.comparison !== undefined && html`<label class="check"><input type="checkbox" id="changes"> Changes only</label>`}
<fieldset class="choice" id="view"><legend class="unseen">View</legend>${choices("view", [
    ["map", "Map"],
    ["list", "List"],
  ])}</fieldset>
<button type="button" id="theme" aria-label="Switch between light and dark"><svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6.2"/><path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z"/></svg></button>
</header>`;
}

function summary({ peers, flows, policies, comparison }: Picture): string {
  if (comparison !== undefined) return comparison.summary;
  const workloads = peers.filter(({ kind }) => kind === "workload");
  return `${workloads.length} workloads, ${flows.length} flows, ${policies.length} policies`;
}

/** A group of radio buttons, the first one chosen. */
const choices = (name: string, options: readonly (readonly [value: string, text: string])[]): Markup[] =>
  options.map(
    ([value, text], i) =>
      html`<label><input type="radio" name="${name}" value="${value}"${i === 0 && html` checked`}><span>${text}</span></label>`,
  );

/** Each port with the number of pairs of peers between which it is open. */
function portOptions(picture: Picture): Markup[] {
  const counts = new Map<string, number>();
  for (const { flows } of graphOf(wholeSheet(picture)).lines) {
    for (const port of new Set(flows.flatMap(({ ports }) => ports))) counts.set(port, (counts.get(port) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => byPort(a, b))
    .map(([port, count]) => html`<option value="${port}">${port.replace("/TCP", "")} (${count})</option>`);
}

/** A sign on a line of its own in the legend. */
const sign = (kind: string, drawing: Markup, text: string): Markup =>
  html`<li class="${kind}"><svg viewBox="0 0 26 12" aria-hidden="true">${drawing}</svg>${text}</li>`;

const stroke = html`<path class="way" d="M1 6H20"/><path class="head" d="M25 6L19 3.2V8.8Z"/>`;

export const legend = ({ comparison }: Picture, { closed }: Graph): Markup => html`<ul id="legend" aria-label="Signs">
${sign("sign", html`<circle class="mark" cx="19" cy="6" r="3.2"/>`, "API server")}
${sign("sign", html`<path class="mark" d="M19 1.8l4.2 4.2l-4.2 4.2l-4.2 -4.2z"/>`, "nodes")}
${sign("sign", html`<path class="mark loop" d="M18 2.6a3.6 3.6 0 1 0 3.6 1.4m.4 -3v3.2h-3.2"/>`, "its own pods")}
${
  closed.length > 0 &&
  html`${sign("sign", denyMark("all", 19, 6), "all in default deny")}
${sign("sign", denyMark("some", 19, 6), "some")}
${sign("sign", denyMark("none", 19, 6), "none")}`
}
${
  comparison !== undefined &&
  html`${sign("line new", stroke, "opened")}
${sign("line gone", stroke, "closed")}
${sign("line changed", stroke, "ports or conditions changed")}`
}
</ul>`;
