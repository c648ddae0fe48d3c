/** Says in a preview what a change means for connections, as `netpol diff` says it. */
import { getOrganization, getProject, getStack, log, runtime } from "@pulumi/pulumi";
import { z } from "zod";
import type { Program } from "./program.ts";

/** In a preview, logs how the program's policies differ from those that the stack deployed last. A preview never fails by it. */
export async function announceChange(program: Program): Promise<void> {
  if (!runtime.isDryRun()) return;
  const text = await changeOf(program).catch(
    (error: unknown) => `What changes for connections is not known: ${reasonOf(error)}`,
  );
  if (text !== undefined) await log.info(text);
}

async function changeOf(program: Program): Promise<string | undefined> {
  // Nobody but a preview waits for the reachability engine to load.
  const [resources, { changeText }] = await Promise.all([lastResources(), import("./change-text.ts")]);
  return changeText(resources, program);
}

/**
 * The resources of the stack as they were last deployed, by URN. The engine's own function gives them and leaves no trace in
 * the state (`readStackResourceOutputs` in `pkg/resource/deploy/builtins.go`).
 */
async function lastResources(): Promise<unknown> {
  const stackName = `${getOrganization()}/${getProject()}/${getStack()}`;
  const read: unknown = await runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  return z.object({ outputs: z.unknown() }).parse(read).outputs;
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return "the policies that the stack deployed last are not of a known form";
  return error instanceof Error ? error.message : String(error);
}
