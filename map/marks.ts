/** What a card shows by a mark, where lines would cover the picture: nearly all workloads talk to the API server. */
import type { Graph } from "./graph.ts";

/** Talks to the API server, to nodes or the pods on them, or to pods of its own. */
export type Mark = "api-server" | "nodes" | "self";

/** Counted from a card's right end, so that equal marks stand under each other. */
export const markSlots: Readonly<Record<Mark, number>> = { "api-server": 0, nodes: 1, self: 2 };

const kinds: readonly Mark[] = ["api-server", "nodes", "self"];

/** How many places a card needs for its marks. */
export const slots = (marks: readonly Mark[]): number => Math.max(0, ...marks.map((mark) => markSlots[mark] + 1));

/** The marks of each workload, by its id. */
export function marksOf({ namespaces, hubs, hostNetwork, lines }: Graph): Map<string, Mark[]> {
  const hubMarks = new Map<string, Mark>([
    ...hubs.map(({ id, kind }) => [id, kind === "api-server" ? "api-server" : "nodes"] as const),
    ...hostNetwork.map(({ id }) => [id, "nodes"] as const),
  ]);
  const marked = new Map<Mark, Set<string>>(kinds.map((mark) => [mark, new Set()]));
  for (const line of lines) {
    const mark = line.kind === "self" ? line.kind : (hubMarks.get(line.from) ?? hubMarks.get(line.to));
    if (mark !== undefined) marked.get(mark)?.add(line.from).add(line.to);
  }
  const ids = namespaces.flatMap(({ workloads }) => workloads.map(({ id }) => id));
  return new Map(ids.map((id) => [id, kinds.filter((mark) => marked.get(mark)?.has(id))]));
}
