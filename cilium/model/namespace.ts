/** A namespace: the workloads, the pods on the host's network, and the flows that start here or come from outside the pods. */
import { z } from "zod";
import { declaring, isName, nameSyntax } from "./declaring.ts";
import type { Collected, StatedFlow, Statement } from "./flow.ts";
import { type ObjectSchema, shown } from "./issues.ts";
import { plainLabels } from "./labels.ts";
import { type HostNetworkSpec, hostNetworkSpec } from "./peers/host-network.ts";
import { type WithPorts, withPorts } from "./peers/named-ports.ts";
import { type GroupSpec, groupSpec, type WorkloadSpec, workloadSpec } from "./peers/workload.ts";
import type { HostNetworkPods, Workload } from "./peers.ts";
import { callerOf, type Place } from "./place.ts";
import { http, type NumberedPort } from "./ports.ts";

export interface Namespace {
  readonly name: string;
  /** What it carries, as far as it is declared. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly workloads: readonly Workload[];
  readonly hostNetwork: readonly HostNetworkPods[];
  readonly statements: readonly Statement[];
}

/** A namespace as its file declares it. Files may import each other in a ring, so `state` runs when all are loaded. */
export interface NamespaceDeclaration {
  readonly kind: "namespace";
  readonly name: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly at: Place;
  readonly workloads: readonly Workload[];
  readonly hostNetwork: readonly HostNetworkPods[];
  readonly state: () => Collected;
  /** What is wrong with its workloads, a line each. */
  readonly faults: readonly string[];
}

export interface OpenNamespace {
  /** Declares a workload; its policy is called `name`. */
  workload<Name extends string = never>(name: string, spec: WorkloadSpec<Name>): WithPorts<Workload, Name>;
  /** Declares a policy beside those of the workloads, for all pods of the namespace or those with labels. */
  group<Name extends string = never>(name: string, spec?: GroupSpec<Name>): WithPorts<Workload, Name>;
  /** Declares pods that no policy can select, so that flows may name them and the outputs list them. */
  hostNetwork<Name extends string = never>(name: string, spec: HostNetworkSpec<Name>): WithPorts<HostNetworkPods, Name>;
  /** States the flows that start here or come in from outside the pods, and closes the namespace. */
  flows(state: () => readonly StatedFlow[]): NamespaceDeclaration;
}

/** What a file says of its namespace. */
export interface NamespaceSpec {
  /** What it carries, where a flow selects namespaces by that. */
  readonly labels?: Readonly<Record<string, string>>;
}

const namespaceSpec: ObjectSchema<NamespaceSpec> = z.strictObject(
  { labels: plainLabels.optional() },
  'write what the namespace carries, such as { labels: { team: "a" } }',
);

export function namespace(name: string, spec: NamespaceSpec = {}): OpenNamespace {
  const workloads: Workload[] = [];
  const hostNetwork: HostNetworkPods[] = [];
  const { faults, fault, parse, read, close } = declaring(name);

  const { labels } = parse(callerOf(namespace), `namespace ${shown(name)}`, namespaceSpec, spec, {});

  const declared = { kind: "namespace", name, labels, workloads, hostNetwork, faults } as const;

  function governed(pods: Omit<Workload, "kind" | "namespace" | "namespaceLabels">): Workload {
    const workload: Workload = { kind: "workload", namespace: name, namespaceLabels: labels, ...pods };
    workloads.push(workload);
    return workload;
  }

  const open: OpenNamespace = {
    workload(workload, spec) {
      const known = read(callerOf(open.workload), workload, workloadSpec, spec, unreadWorkload(spec));
      return withPorts(governed({ name: workload, isGroup: false, ...known }));
    },
    group(group, spec = {}) {
      const known = read(callerOf(open.group), group, groupSpec, spec, unreadWorkload(spec));
      return withPorts(governed({ name: group, isGroup: true, probes: [], ...known }));
    },
    hostNetwork(pods, spec) {
      const unread = { reason: "", labels: undefined, ports: portsNamedIn(spec) };
      const known = read(callerOf(open.hostNetwork), pods, hostNetworkSpec, spec, unread);
      const declared: HostNetworkPods = { kind: "host-network", namespace: name, name: pods, ...known };
      hostNetwork.push(declared);
      return withPorts(declared);
    },
    flows(state) {
      const at = callerOf(open.flows);
      return { ...declared, at, state: close(at, state) };
    },
  };
  if (!isName(name)) fault(callerOf(namespace), `namespace ${shown(name)}: ${nameSyntax}`);
  return open;
}

const unreadWorkload = (spec: unknown) => ({
  labels: {},
  otherLabels: {},
  ports: portsNamedIn(spec),
  probes: [],
  defaultDeny: "both" as const,
  denyWorld: false,
});

/** The ports that a spec names, as ones that suit every flow, so that flows to them are no faults of their own. */
const portsNamedIn = (spec: unknown): Record<string, NumberedPort> =>
  Object.fromEntries(Object.keys(Object(Object(spec).ports)).map((port) => [port, http(1)]));
