/** The panel beside the map: what the page says about the selected peer, and how far to look from it. */
import { foldedPanel, highlighted, panel as panelOf } from "../panels.ts";
import type { Peer, Picture } from "../picture.ts";
import { isPod } from "../sheets.ts";
import { element } from "./page.ts";
import type { Trace, Ways } from "./reach.ts";
import type { ShownSheet } from "./sheet.ts";
import { focusOf, type State } from "./state.ts";

const traces: readonly (readonly [Trace, string])[] = [
  ["direct", "Direct"],
  ["reaches", "Can reach"],
  ["reached-by", "Reached by"],
];

export interface Panel {
  /** Fills the panel for the selected peer, or closes it. */
  open(state: State, shown: ShownSheet): void;
  /** The part of the window that the panel does not cover. */
  free(): DOMRect;
}

export function panel(picture: Picture, ways: Ways, onTrace: (trace: Trace) => void): Panel {
  const peers = new Map(picture.peers.map((peer) => [peer.id, peer]));
  const arriving = Map.groupBy(picture.flows, ({ to }) => to);
  const leaving = Map.groupBy(picture.flows, ({ from }) => from);
  const aside = element("panel", HTMLElement);
  const content = element("content", HTMLElement);

  const free = (): DOMRect => {
    const { x, y, width, height } = element("map", SVGSVGElement).getBoundingClientRect();
    if (aside.hidden) return new DOMRect(x, y, width, height);
    const cover = aside.getBoundingClientRect();
    return cover.left > x + 40
      ? new DOMRect(x, y, cover.left - x, height)
      : new DOMRect(x, y, width, Math.max(80, cover.top - y));
  };

  const contentOf = (id: string, { sheet, members }: ShownSheet): string => {
    const peer = peers.get(id);
    if (peer !== undefined) {
      const names = new Set(peer.kind === "workload" ? peer.policies : []);
      const policies = [...picture.policies.entries()].filter(([, { name }]) => names.has(name));
      const about = { arriving: arriving.get(id) ?? [], leaving: leaving.get(id) ?? [], policies };
      return panelOf(peer, about, (other) => peers.get(other)).markup;
    }
    const card = sheet.cards.find((one) => one.id === id);
    const folded = (members.get(id) ?? []).flatMap((member) => peers.get(member) ?? []);
    return card === undefined ? "" : foldedPanel(card, folded).markup;
  };

  const open = (state: State, shown: ShownSheet): void => {
    const { selected } = state;
    aside.hidden = selected === undefined;
    document.body.classList.toggle("with-panel", selected !== undefined);
    if (selected === undefined) return;
    if (content.dataset.shown !== selected) {
      content.innerHTML = contentOf(selected, shown);
      content.dataset.shown = selected;
      aside.scrollTop = 0;
      for (const details of content.querySelectorAll("details")) {
        details.addEventListener("toggle", () => fill(details, picture), { once: true });
      }
    }
    content
      .querySelector(".trace")
      ?.replaceChildren(
        ...traceControl(state, onTrace),
        ...traceList(state, focusOf(state, shown, ways)?.distance, peers),
      );
  };
  return { open, free };
}

/** Policies are long, so they are written when they are asked for. */
function fill(details: HTMLDetailsElement, { policies }: Picture): void {
  const pre = details.querySelector("pre");
  const policy = policies[Number(details.dataset.policy)];
  if (pre !== null && policy !== undefined) pre.innerHTML = highlighted(policy.yaml).markup;
}

function traceControl(state: State, onTrace: (trace: Trace) => void): Node[] {
  const choice = document.createElement("fieldset");
  choice.className = "choice";
  const legend = document.createElement("legend");
  legend.className = "unseen";
  legend.textContent = "How far to look";
  choice.append(legend);
  for (const [trace, text] of traces) {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    const span = document.createElement("span");
    Object.assign(radio, { type: "radio", name: "trace", value: trace, checked: state.trace === trace });
    radio.addEventListener("change", () => onTrace(trace));
    span.textContent = text;
    label.append(radio, span);
    choice.append(label);
  }
  return [choice];
}

/** Everything on the way, by the number of flows that it is away. */
function traceList(
  state: State,
  distance: ReadonlyMap<string, number> | undefined,
  peers: ReadonlyMap<string, Peer>,
): Node[] {
  if (state.trace === "direct") return [];
  const others = [...(distance ?? [])].filter(([, steps]) => steps > 0);
  const summary = document.createElement("p");
  const verb = state.trace === "reaches" ? "Can reach" : "Can be reached by";
  summary.textContent =
    others.length === 0 ? `${verb} nothing.` : `${verb} ${others.length} peers, by way of workloads:`;
  const list = document.createElement("dl");
  for (const [steps, together] of Map.groupBy(others, ([, steps]) => steps)) {
    const term = document.createElement("dt");
    term.textContent = steps === 1 ? "directly" : `${steps} flows away`;
    const entries = document.createElement("dd");
    for (const [id] of together) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.goto = id;
      const peer = peers.get(id);
      button.textContent = peer === undefined || isPod(peer) ? id : peer.label;
      entries.append(button);
    }
    list.append(term, entries);
  }
  return others.length === 0 ? [summary] : [summary, list];
}
