/** What is known of two ends and a port. */
import { type FlowProtocol, flowProtocols } from "../reach/compile/inventory.ts";

export type Between<End extends object> = {
  readonly source: End;
  readonly destination: End;
  readonly protocol: FlowProtocol;
  readonly port: number;
};

/** Something for each two ends and a port. Ends are one object each, which finds faster than a text made of them. */
export class ByEnds<End extends object, T> {
  readonly #bySource = new Map<End, Map<number, T>>();
  readonly #places = new Map<End, number>();

  get({ source, destination, protocol, port }: Between<End>): T | undefined {
    const place = this.#places.get(destination);
    return place === undefined ? undefined : this.#bySource.get(source)?.get(place + portNumber(protocol, port));
  }

  set({ source, destination, protocol, port }: Between<End>, value: T): void {
    const place = this.#places.get(destination) ?? this.#places.size * portNumbers;
    this.#places.set(destination, place);
    const ofSource = this.#bySource.get(source) ?? new Map<number, T>();
    this.#bySource.set(source, ofSource);
    ofSource.set(place + portNumber(protocol, port), value);
  }
}

const portNumber = (protocol: FlowProtocol, port: number): number =>
  port * flowProtocols.length + flowProtocols.indexOf(protocol);

const portNumbers = 65_536 * flowProtocols.length;
