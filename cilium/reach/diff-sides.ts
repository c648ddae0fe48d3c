/** Two sets of policies over one cluster: the endpoints of both sides, and every end that flows may have. */
import type { Prefix } from "../policy/cidr.ts";
import type { Policy } from "../policy/schema.ts";
import { addressOutside, formatPrefix, parseAddressOrPrefix } from "./addresses.ts";
import type { End } from "./difference.ts";
import { partyKey } from "./directory.ts";
import { type Endpoint, type Inventory, type Peer, peerEntities, type ResolvedName } from "./inventory.ts";
import { compile, type EnforcedPolicy, type Network, type NetworkRule } from "./network.ts";

/** Policies and the cluster that they are judged against. */
export type Side = { readonly policies: readonly Policy[]; readonly inventory: Inventory };

/** An end of flows, and whether policies apply there differently on the two sides. */
export type ComparedEnd = End & {
  readonly peer: Peer;
  readonly onBothSides: boolean;
  readonly before: boolean;
  readonly after: boolean;
  readonly ingressChanged: boolean;
  readonly egressChanged: boolean;
};

export type Sides = { readonly before: Network; readonly after: Network; readonly ends: readonly ComparedEnd[] };

/** Compiles both sides over the endpoints of both, an endpoint that both have as each of them has it. */
export function compileSides(before: Side, after: Side): Sides {
  const [first, second] = [named(before, after), named(after, before)];
  const networks = { before: compile(before.policies, first), after: compile(after.policies, second) };
  return { ...networks, ends: endsOf(networks, before.inventory, after.inventory) };
}
