/** The search: `/` from anywhere, Enter from match to match, Escape to be done. */

import { element } from "./page.ts";
import type { Reader } from "./reader.ts";

export function bindSearch({ state, change, select, found, say }: Reader): void {
  const search = element("search", HTMLInputElement);

  const look = (): void => {
    change({ query: search.value });
    const isAsked = search.value.trim() !== "";
    const count = found().length;
    say(isAsked ? `${count} found` : "");
    search.classList.toggle("nothing", isAsked && count === 0);
  };

  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      const matches = found();
      const next = matches[(matches.indexOf(state().selected ?? "") + 1) % matches.length];
      if (next !== undefined) select(next);
    } else if (event.key === "Escape") {
      if (search.value === "") search.blur();
      search.value = "";
      look();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target === search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });
}
