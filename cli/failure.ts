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

/** Why the system has not let a file be read or written, in words that the file stands before; of other errors their own. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is a file",
  EACCES: "you do not have the right",
  EPERM: "you do not have the right",
  EROFS: "the file system can only be read",
  ENOSPC: "the disk is full",
};

/** Whether an error says itself what its reader has to do; any other one is a defect, and shows where. */
export const isForTheUser = (error: unknown): error is Error =>
  error instanceof Failure || error instanceof Faults || error instanceof UnreadableObjects;
