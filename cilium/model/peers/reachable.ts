/** How a peer becomes a destination. */
import { type Port, tcp } from "../ports.ts";

/** A peer on ports: what a flow goes to. */
export interface PortsOf<P> {
  readonly kind: "ports";
  readonly peer: P;
  readonly ports: readonly Port[];
}

/** A bare number means TCP. */
export type PortNumber = number | Port;

/** A peer that becomes a destination with `.on(443)`. */
export type Reachable<P> = P & { on(...ports: PortNumber[]): PortsOf<P> };

export const reachable = <P extends object>(peer: P): Reachable<P> => ({
  ...peer,
  on: (...ports) => portsOf(peer, ports),
});

export const portsOf = <P>(peer: P, ports: readonly PortNumber[]): PortsOf<P> => ({
  kind: "ports",
  peer,
  ports: ports.map((port) => (typeof port === "number" ? tcp(port) : port)),
});
