/** The bar above the map: filters, map or list, light or dark. */

import { element } from "./page.ts";
import type { Reader } from "./reader.ts";
import { scopes } from "./state.ts";

export function bindControls({ change }: Reader): void {
  choose(element("scope", HTMLFieldSetElement), (value) => {
    change({ scope: scopes.find((scope) => scope === value) ?? "all" });
  });
  const port = element("port", HTMLSelectElement);
  port.addEventListener("change", () => change({ port: port.value }));
  const hubs = element("hubs", HTMLInputElement);
  hubs.addEventListener("change", () => change({ hubLines: hubs.checked }));
  // Only where two versions are compared.
  const changes = document.querySelector<HTMLInputElement>("#changes");
  changes?.addEventListener("change", () => change({ changesOnly: changes.checked }));

  choose(element("view", HTMLFieldSetElement), (value) => {
    document.body.classList.toggle("as-list", value === "list");
    element("list", HTMLElement).hidden = value !== "list";
  });
  element("theme", HTMLButtonElement).addEventListener("click", () => {
    const { dataset } = document.documentElement;
    const isDark = dataset.theme === undefined ? prefersDark() : dataset.theme === "dark";
    dataset.theme = isDark ? "light" : "dark";
  });
}

/** Calls back with the value of the radio button that is chosen. */
function choose(group: HTMLFieldSetElement, onChoice: (value: string) => void): void {
  group.addEventListener("change", ({ target }) => target instanceof HTMLInputElement && onChoice(target.value));
}

const prefersDark = (): boolean => matchMedia("(prefers-color-scheme: dark)").matches;
