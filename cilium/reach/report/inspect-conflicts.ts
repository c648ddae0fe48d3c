/** Endpoints whose rules contradict each other. */
import { conflictText } from "../compile/conflicts.ts";
import { namesOf, type Oddity, type Scene, some } from "./oddity.ts";

/** One for each contradiction: the agent then goes on enforcing an earlier state of the endpoints that have it. */
export function conflicts({ network: { enforced, parties } }: Scene): Oddity[] {
  const found = new Map<string, string[]>();
  for (const party of parties) {
    const conflict = enforced[party.position]?.conflict;
    if (conflict === undefined || party.peer.kind !== "endpoint") continue;
    const text = conflictText(conflict);
    found.set(text, [...(found.get(text) ?? []), ...namesOf([party])]);
  }
  return [...found].map(([text, endpoints]) => ({
    kind: "contradiction",
    subject: some(endpoints),
    place: "",
    problem: `Cilium cannot compute its policy and goes on with an earlier one: ${text}`,
    fix: "let the rules agree on what is parsed on a port",
  }));
}
