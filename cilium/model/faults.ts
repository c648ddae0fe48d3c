/** Everything that is wrong with an input, a line each: where, what, what to write instead. */
export class Faults extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "Faults";
    this.faults = faults;
  }
}
