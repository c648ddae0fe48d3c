/** Everything that is wrong with an input, a line each: where, what, what to write instead. */
export class Faults extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "Faults";
    this.faults = faults;
  }
}

/** A project's files may import the language from another copy of this package than the one that reads them. */
export const isFaults = (error: unknown): error is Faults => error instanceof Error && error.name === "Faults";
