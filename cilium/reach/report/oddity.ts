/** Something wrong or odd about policies once they meet a cluster, although Cilium takes each of them. */
import type { PolicyReference } from "../../policy/parts.ts";
import type { Policy } from "../../policy/schema.ts";
import type { Network, NetworkRule } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { peerText } from "./explain.ts";

export type Oddity = {
  readonly kind: OddityKind;
  /** The policy, or the endpoint that it is about. */
  readonly subject: PolicyReference | string;
  /** The place in the policy, such as `egress[2]`. */
  readonly place: string;
  readonly problem: string;
  readonly fix: string;
};

/** What can be odd, and how bad it is. Notes are often as they should be. */
export const oddityLevels = {
  "selects-nothing": "warning",
  "selects-host-network": "warning",
  "peer-selects-nothing": "warning",
  "rule-for-nobody": "warning",
  "port-without-name": "warning",
  "service-port": "warning",
  "cluster-address": "warning",
  "missing-service": "error",
  "missing-cidr-group": "warning",
  "name-not-looked-up": "warning",
  "name-of-a-service": "warning",
  "no-name-server": "warning",
  "search-path": "warning",
  "shadowed-by-deny": "warning",
  "closed-at-the-other-end": "warning",
  "deny-closes-the-rest": "warning",
  "opens-every-namespace": "warning",
  contradiction: "error",
  "pods-not-given": "note",
  unreachable: "note",
} as const satisfies Record<string, "error" | "warning" | "note">;

export type OddityKind = keyof typeof oddityLevels;

/** What is inspected. */
export type Scene = {
  readonly policies: readonly Policy[];
  readonly network: Network;
  /** The rules that are enforced at an endpoint, in the order in which they decide, with these endpoints. */
  readonly governed: ReadonlyMap<NetworkRule, readonly Party[]>;
};

/** The endpoints that parties stand for, or what else they are. */
export const namesOf = (parties: readonly Party[]): string[] =>
  parties.flatMap(({ peer, endpoints }) =>
    endpoints.length === 0 ? [peerText(peer)] : endpoints.map(({ namespace, name }) => `${namespace}/${name}`),
  );

/** A few names, and how many more there are. */
export const some = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
