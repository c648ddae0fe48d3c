/** What belongs to no namespace: groups of pods of any, nodes, and the flows that start there or come from outside of both. */
import { declaring } from "./declaring.ts";
import type { Collected, StatedFlow, Statement } from "./flow.ts";
import {
  type ClusterwideGroup,
  type ClusterwideGroupSpec,
  clusterwideGroupSpec,
  clusterwideId,
  type NodeGroup,
  type NodeGroupSpec,
  nodeGroupSpec,
} from "./peers/clusterwide.ts";
import { type Reachable, reachable } from "./peers/reachable.ts";
import { callerOf, type Place } from "./place.ts";

export interface Clusterwide {
  readonly groups: readonly (ClusterwideGroup | NodeGroup)[];
  readonly statements: readonly Statement[];
}

/** The same as its file declares it; `state` runs when all files are loaded. */
export interface ClusterwideDeclaration {
  readonly kind: "clusterwide";
  readonly at: Place;
  readonly groups: readonly (ClusterwideGroup | NodeGroup)[];
  readonly state: () => Collected;
  /** What is wrong with its groups, a line each. */
  readonly faults: readonly string[];
}

export interface OpenClusterwide {
  /** Declares a policy for pods of any namespace, beside those of their workloads. */
  group(name: string, spec?: ClusterwideGroupSpec): Reachable<ClusterwideGroup>;
  /** Declares a policy for nodes, all of them or those with labels; Cilium enforces it with the host firewall. */
  nodes(name: string, spec?: NodeGroupSpec): Reachable<NodeGroup>;
  /** States the flows that start here or come in from outside of pods and nodes, and closes the file. */
  flows(state: () => readonly StatedFlow[]): ClusterwideDeclaration;
}

export function clusterwide(): OpenClusterwide {
  const groups: (ClusterwideGroup | NodeGroup)[] = [];
  const { faults, read, close } = declaring(clusterwideId);
  const open: OpenClusterwide = {
    group(name, spec = {}) {
      const unread = { namespaces: { present: true }, labels: {}, defaultDeny: "both" } as const;
      const known = read(callerOf(open.group), name, clusterwideGroupSpec, spec, unread);
      const group: ClusterwideGroup = { kind: "clusterwide-group", name, ...known };
      groups.push(group);
      return reachable(group);
    },
    nodes(name, spec = {}) {
      const unread = { labels: {}, defaultDeny: "both" } as const;
      const known = read(callerOf(open.nodes), name, nodeGroupSpec, spec, unread);
      const group: NodeGroup = { kind: "node-group", name, ...known };
      groups.push(group);
      return reachable(group);
    },
    flows(state) {
      const at = callerOf(open.flows);
      return { kind: "clusterwide", at, groups, state: close(at, state), faults };
    },
  };
  return open;
}
