/** The panel beside the map: what the page says about the selected peer, and how far to look from it. */
import type { PageData } from "../data.ts";
import { element } from "./page.ts";
import type { Trace } from "./reach.ts";
import { focusOf, type State } from "./state.ts";

const traces: readonly (readonly [Trace, string])[] = [
  ["direct", "Direct"],
  ["reaches", "Can reach"],
  ["reached-by", "Reached by"],
];

export interface Panel {
  /** Fills the panel for the selected peer, or closes it. */
  open(state: State): void;
  /** The part of the window that the panel does not cover. */
  free(): DOMRect;
}

export function panel(data: PageData, onTrace: (trace: Trace) => void): Panel {
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

  const open = (state: State): void => {
    const { selected } = state;
    aside.hidden = selected === undefined;
    document.body.classList.toggle("with-panel", selected !== undefined);
    if (selected === undefined) return;
    if (content.dataset.shown !== String(selected)) {
      content.replaceChildren(fromTemplate(`panel-${selected}`));
      content.dataset.shown = String(selected);
      aside.scrollTop = 0;
      for (const details of content.querySelectorAll("details")) {
        details.addEventListener("toggle", () => fill(details), { once: true });
      }
    }
    content.querySelector(".trace")?.replaceChildren(...traceControl(state, onTrace), ...traceList(state, data));
  };
  return { open, free };
}

const fromTemplate = (id: string): Node => element(id, HTMLTemplateElement).content.cloneNode(true);

/** Policies that select many workloads are in the page once. */
function fill(details: HTMLDetailsElement): void {
  details.querySelector("pre")?.replaceChildren(fromTemplate(`policy-${details.dataset.policy}`));
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
function traceList(state: State, data: PageData): Node[] {
  if (state.trace === "direct") return [];
  const distance = focusOf(state, data)?.distance ?? new Map<number, number>();
  const others = [...distance].filter(([, steps]) => steps > 0);
  const summary = document.createElement("p");
  const verb = state.trace === "reaches" ? "Can reach" : "Can be reached by";
  summary.textContent =
    others.length === 0 ? `${verb} nothing.` : `${verb} ${others.length} peers, by way of workloads:`;
  const list = document.createElement("dl");
  for (const [steps, together] of Map.groupBy(others, ([, steps]) => steps)) {
    const term = document.createElement("dt");
    term.textContent = steps === 1 ? "directly" : `${steps} flows away`;
    const entries = document.createElement("dd");
    for (const [number] of together) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.goto = String(number);
      const { id = "", label = "", kind } = data.peers[number] ?? {};
      button.textContent = kind === "workload" || kind === "host-network" ? id : label;
      entries.append(button);
    }
    list.append(term, entries);
  }
  return others.length === 0 ? [summary] : [summary, list];
}
