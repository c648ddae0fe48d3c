/** Pods with their ports as properties: `server.https` is the destination 'server on its port https'. */
import { z } from "zod";
import { isKind } from "../issues.ts";
import { didYouMean } from "../names.ts";
import { type NumberedPort, numberedPortSchema } from "../ports.ts";
import type { HostNetworkPods } from "./host-network.ts";
import { type PortNumber, type PortsOf, portsOf, type Reachable } from "./reachable.ts";
import type { Workload } from "./workload.ts";

export type Pods = Workload | HostNetworkPods;

export const isPods = (value: unknown): value is Pods => isKind(value, "workload", "host-network");

/** Pods with what they listen on: their ports by name, and with `on` any other, as every peer has it. */
export type WithPorts<T extends Pods, Name extends string> = Reachable<T> & {
  readonly [name in Name]: PortsOf<T>;
};

/** Ports by name. A name that the pods themselves use for something else (`labels`, `name`, …) would be unreachable. */
export type DeclaredPorts<T, Name extends string> = Readonly<Record<Name, NumberedPort>> & {
  readonly [taken in keyof Reachable<T>]?: never;
};

/** What a container's port is called is no number: the port that it has is declared here. */
const declaredPort = z.preprocess((given) => {
  const { name, ...port } = Object(given);
  return name === undefined ? given : { number: name, ...port };
}, numberedPortSchema);

/** The schema of such ports, for pods that have these properties. */
export const namedPorts = (properties: readonly string[]) =>
  z
    .record(z.string(), declaredPort, "write ports by name, such as { http: http(8080) }")
    .superRefine((ports, context) => {
      for (const name of Object.keys(ports).filter((name) => [...properties, "on"].includes(name))) {
        const message = "is no name for a port, since pods have a property of this name; write another";
        context.addIssue({ code: "custom", path: [name], message });
      }
    });

/** What may be written instead of a port that is not there. */
export function portChoice(ports: Readonly<Record<string, NumberedPort>>, wrong: string): string {
  const names = Object.keys(ports);
  return names.length === 0 ? "; it declares none" : didYouMean(wrong, names) || `; it has ${names.join(", ")}`;
}

/** A port that the pods do not declare; kept so that the fault can name it beside all others. */
export interface UnknownPort {
  readonly kind: "unknown-port";
  readonly peer: Pods;
  readonly port: string;
}

/**
 * The pods with each port as a property. Node does not check types when it runs a program, so a misspelt port is not
 * `undefined` but a destination that says which name was wrong.
 */
export function withPorts<T extends Pods, Name extends string>(pods: T): WithPorts<T, Name> {
  // The proxy answers every port name, `Name` included, which the type of `Proxy` cannot express.
  return new Proxy(pods, {
    get: (target, property, receiver) => {
      if (typeof property === "symbol" || property in target) return Reflect.get(target, property, receiver);
      if (property === "on") return (...ports: PortNumber[]) => portsOf(target, ports);
      const port = target.ports[property];
      return port === undefined
        ? { kind: "unknown-port", peer: target, port: property }
        : { kind: "ports", peer: target, ports: [port] };
    },
  }) as WithPorts<T, Name>;
}
