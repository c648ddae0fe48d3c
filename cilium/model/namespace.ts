/** A namespace as its file states it: the workloads, the pods on the host's network, and the flows that start here. */
import type { Statement } from "./flow.ts";
import type { Labels } from "./labels.ts";
import type { HostNetworkPods, PortsOf, Workload } from "./peers.ts";
import type { Port } from "./ports.ts";

export interface Namespace {
  readonly name: string;
  readonly workloads: readonly Workload[];
  readonly hostNetwork: readonly HostNetworkPods[];
  readonly statements: readonly Statement[];
}

/** A workload with its ports as properties: `server.https` is the destination 'server on its port https'. */
export type WithPorts<T extends Workload | HostNetworkPods, Name extends string> = T & {
  readonly [name in Name]: PortsOf<T>;
};

/** Ports by name. A name that the workload itself uses for something else (`labels`, `name`, …) would be unreachable. */
type NamedPorts<T, Name extends string> = Readonly<Record<Name, Port>> & { readonly [taken in keyof T]?: never };

export interface WorkloadSpec<Name extends string> {
  readonly labels: Labels;
  readonly otherLabels?: Readonly<Record<string, string>>;
  readonly ports?: NamedPorts<Workload, Name>;
  readonly probes?: readonly NoInfer<Name>[];
  readonly denyWorld?: true;
}

export interface HostNetworkSpec<Name extends string> {
  readonly reason: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports?: NamedPorts<HostNetworkPods, Name>;
}

export interface OpenNamespace {
  /** Declares a workload; its policy is called `name`. */
  workload<Name extends string = never>(name: string, spec: WorkloadSpec<Name>): WithPorts<Workload, Name>;
  /** Declares pods that no policy can select, so that flows may name them and the outputs list them. */
  hostNetwork<Name extends string = never>(name: string, spec: HostNetworkSpec<Name>): WithPorts<HostNetworkPods, Name>;
  /** States the flows that start here or come in from outside the pods, and closes the namespace. */
  flows(...statements: Statement[]): Namespace;
}

export function namespace(name: string): OpenNamespace {
  const workloads: Workload[] = [];
  const hostNetwork: HostNetworkPods[] = [];
  return {
    workload(workload, { labels, otherLabels = {}, ports, probes = [], denyWorld = false }) {
      const declared: Workload = {
        kind: "workload",
        namespace: name,
        name: workload,
        labels,
        otherLabels,
        ports: ports ?? {},
        probes,
        denyWorld,
      };
      workloads.push(declared);
      return withPorts(declared);
    },
    hostNetwork(pods, { reason, labels, ports }) {
      const declared: HostNetworkPods = {
        kind: "host-network",
        namespace: name,
        name: pods,
        reason,
        labels,
        ports: ports ?? {},
      };
      hostNetwork.push(declared);
      return withPorts(declared);
    },
    flows: (...statements) => ({ name, workloads, hostNetwork, statements }),
  };
}

/**
 * The pods with each port as a property. Node does not check types when it runs a program, so a misspelt port is not
 * `undefined` but a destination that says which name was wrong.
 */
function withPorts<T extends Workload | HostNetworkPods, Name extends string>(pods: T): WithPorts<T, Name> {
  // The proxy answers every port name, `Name` included, which the type of `Proxy` cannot express.
  return new Proxy(pods, {
    get: (target, property, receiver) => {
      if (typeof property === "symbol" || property in target) return Reflect.get(target, property, receiver);
      const port = target.ports[property];
      return port === undefined
        ? { kind: "unknown-port", peer: target, port: property }
        : { kind: "ports", peer: target, ports: [port] };
    },
  }) as WithPorts<T, Name>;
}
