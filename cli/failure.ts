/** How a command ends when it cannot do what it was asked. */
import { UnreadableObjects } from "../cilium/kubernetes/unreadable.ts";
import { Faults } from "../cilium/model/faults.ts";

/** Wrong use or unreadable input: one line for whoever typed it, exit code 2, no stack trace. */
export class Failure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Failure";
  }
}

/** Whether an error says itself what its reader has to do; any other one is a defect, and shows where. */
export const isForTheUser = (error: unknown): error is Error =>
  error instanceof Failure || error instanceof Faults || error instanceof UnreadableObjects;
