/** Every flow of a sheet as one table: the map for those who would rather read, and for paper. */
import { type Graph, type Line, lineText, portList } from "./graph.ts";
import { html, type Markup } from "./html.ts";
import { cardButton, purpose } from "./panels.ts";
import type { Peer } from "./picture.ts";
import type { Sheet } from "./sheets.ts";

/** `peers` are those of the picture: a flow names them even where their cards are folded into others. */
export function flowList({ lines }: Graph, { cards }: Sheet, peers: readonly Peer[]): Markup {
  const known = new Map([...peers, ...cards].map((card) => [card.id, card]));
  const button = (id: string): Markup | undefined => cardButton(known.get(id));
  const row = (
    number: number,
    { change }: Pick<Line, "change">,
    from: string,
    to: string,
    ports: string,
    text: Markup,
  ) =>
    html`<tr class="${change}" data-row="${number}"><td>${button(from)}</td><td>${button(to)}</td><td class="ports">${ports}</td><td>${text}</td></tr>
`;
  return html`<table><caption>Every flow</caption>
<thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col">Port</th><th scope="col">Purpose</th></tr></thead>
<tbody>${lines.map((line, number) =>
    line.isSum
      ? row(
          number,
          line,
          line.from,
          line.to,
          portList(line.flows.flatMap(({ ports }) => ports)),
          html`${lineText(line)}`,
        )
      : line.flows.map((flow) => row(number, flow, flow.from, flow.to, portList(flow.ports), purpose(flow))),
  )}</tbody></table>`;
}
