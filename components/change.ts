/** Says in a preview what a change means for connections, as `netpol diff` says it. */
import { log, runtime } from "@pulumi/pulumi";
import { z } from "zod";
import { areDeployed, deployedPolicies } from "./deployed.ts";
import type { Program } from "./program.ts";
import { lastResources } from "./state.ts";

/** In a preview, logs how the program's policies differ from those that the stack deployed last. A preview never fails by it. */
export async function announceChange(program: Program): Promise<void> {
  if (!runtime.isDryRun()) return;
  const text = await changeOf(program).catch(
    (error: unknown) => `What changes for connections is not known: ${reasonOf(error)}`,
  );
  if (text !== undefined) await log.info(text);
}

/** In a preview, warns that the update will not ask whose policies and fields it overwrites. */
export async function announceAdoption(): Promise<void> {
  if (!runtime.isDryRun()) return;
  await log.warn(
    "adoptExisting is on: policies that exist already are taken over, and what others edited in them is overwritten; " +
      "`pulumi config rm adoptExisting` once they are",
  );
}

async function changeOf(program: Program): Promise<string | undefined> {
  const deployed = deployedPolicies(await lastResources());
  if (areDeployed(program.policies, deployed)) return undefined;
  // Nobody but the preview of a change waits for the reachability engine.
  const { changeText } = await import("./change-text.ts");
  return changeText(deployed, program);
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return "the policies that the stack deployed last are not of a known form";
  return error instanceof Error ? error.message : String(error);
}
