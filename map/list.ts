/** Every flow as one table: the map for those who would rather read, and for paper. */
import { type Graph, portList } from "./graph.ts";
import { html, type Markup } from "./html.ts";
import { peerButton, purpose } from "./panels.ts";
import type { Picture } from "./picture.ts";

export function flowList({ lines }: Graph, { peers }: Picture): Markup {
  const numbers = new Map(peers.map(({ id }, number) => [id, number]));
  const button = (id: string): Markup | undefined => {
    const number = numbers.get(id);
    return number === undefined ? undefined : peerButton(peers[number], number);
  };
  return html`<table><caption>Every flow</caption>
<thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col">Port</th><th scope="col">Purpose</th></tr></thead>
<tbody>${lines.map((line, number) =>
    line.flows.map(
      (
        flow,
      ) => html`<tr class="${flow.change}" data-row="${number}"><td>${button(flow.from)}</td><td>${button(flow.to)}</td><td class="ports">${portList(flow.ports)}</td><td>${purpose(flow)}</td></tr>
`,
    ),
  )}</tbody></table>`;
}
