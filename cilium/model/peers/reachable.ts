/** How a peer that is no pod of this cluster becomes a destination. */
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
  on: (...ports) => ({
    kind: "ports",
    peer,
    ports: ports.map((port) => (typeof port === "number" ? tcp(port) : port)),
  }),
});
