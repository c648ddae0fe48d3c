/** How a command ends when it cannot do what it was asked. */

/** Wrong use or unreadable input: one line for whoever typed it, exit code 2, no stack trace. */
export class Failure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Failure";
  }
}
