/**
 * Cilium's own judgement: starts one of this module's Go programs and asks it, a line of JSON for a line of JSON.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { z } from "zod";
import { goProgram } from "../toolchain/go.ts";

/** Answers requests in their order. */
export type Oracle<Request, Answer> = { readonly ask: (request: Request) => Promise<Answer> };

/** A Go program that does. */
export type RunningOracle<Request, Answer> = Oracle<Request, Answer> & { readonly stop: () => Promise<void> };

const validityAnswer = z.discriminatedUnion("accepted", [
  z.strictObject({ accepted: z.literal(true) }),
  z.strictObject({
    accepted: z.literal(false),
    /** Who refuses: the API server (`crd`), or the agent when it reads the object (`decode`) or its rules (`sanitize`). */
    stage: z.enum(["crd", "decode", "sanitize"]),
    reason: z.string(),
  }),
]);

export type ValidityAnswer = z.infer<typeof validityAnswer>;

/** Asks whether the API server and Cilium's agent take a manifest. */
export const startValidityOracle = (): Promise<RunningOracle<unknown, ValidityAnswer>> =>
  startOracle("./cmd/validity", validityAnswer);

/**
 * Builds and starts `command`, a package of this module.
 *
 * @throws from `ask`, with what the program wrote to its standard error, if it ended before it answered
 */
export async function startOracle<Answer>(
  command: string,
  answer: z.ZodType<Answer>,
): Promise<RunningOracle<unknown, Answer>> {
  const program = spawn(await goProgram("test/oracle", command), { stdio: ["pipe", "pipe", "pipe"] });
  const waiting: { resolve: (answer: Answer) => void; reject: (error: unknown) => void }[] = [];
  let complaint = "";
  let ended = false;

  program.stderr.setEncoding("utf8").on("data", (text) => {
    complaint += text;
  });
  createInterface({ input: program.stdout }).on("line", (line) => {
    const next = waiting.shift();
    try {
      next?.resolve(answer.parse(JSON.parse(line)));
    } catch (error) {
      next?.reject(error);
    }
  });
  const closed = new Promise<void>((resolve) => {
    program.once("close", () => {
      ended = true;
      for (const { reject } of waiting.splice(0)) reject(new Error(`${command} ended: ${complaint}`));
      resolve();
    });
  });

  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (ended) {
          reject(new Error(`${command} ended: ${complaint}`));
          return;
        }
        waiting.push({ resolve, reject });
        program.stdin.write(`${JSON.stringify(request)}\n`);
      }),
    stop: () => {
      program.stdin.end();
      return closed;
    },
  };
}

/** An oracle for the tests of a suite: it is started before them and stopped after them, however long it takes to build. */
export function whileTesting<Request, Answer>(
  start: () => Promise<RunningOracle<Request, Answer>>,
): Oracle<Request, Answer> {
  let started: RunningOracle<Request, Answer> | undefined;
  before(async function () {
    this.timeout(0);
    started = await start();
  });
  after(() => started?.stop());
  return { ask: async (request) => (started ?? assert.fail("the tests have not begun")).ask(request) };
}
