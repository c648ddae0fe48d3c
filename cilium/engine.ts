/** The reachability engine for programs of others: policies and a cluster in, verdicts and differences out. Plain data, no I/O. */
export { policyName } from "./policy/parts.ts";
export { type Policy, policy } from "./policy/schema.ts";
export { type Fault, invalidities } from "./policy/validity.ts";
export type { Inventory, Peer, Question } from "./reach/compile/inventory.ts";
export { compile, type Network } from "./reach/compile/network.ts";
export { type Verdict, verdict } from "./reach/decide/verdict.ts";
export { type Connection, connections } from "./reach/report/connections.ts";
export { diff, type Side } from "./reach/report/diff.ts";
export { describe } from "./reach/report/diff-text.ts";
export { exposure } from "./reach/report/exposure.ts";
