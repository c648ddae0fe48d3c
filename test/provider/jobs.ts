/** What the Kubernetes provider waits for. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { KubernetesApi, KubernetesObject } from "./kubernetes-api.ts";

/**
 * Waits until a Job has ended; an object of another kind is there at once.
 * @param timeout in seconds; 0 stands for ten minutes
 * @throws Error when the Job fails, or has not ended by then
 */
export async function waitForJob(
  api: KubernetesApi,
  stored: KubernetesObject,
  timeout: number,
): Promise<KubernetesObject> {
  const deadline = Date.now() + (timeout || 600) * 1000;
  for (let live = stored; live.kind === "Job"; live = (await api.get(stored)) ?? stored) {
    const held = jobSchema.parse(live).status.conditions.filter(({ status }) => status === "True");
    if (held.some(({ type }) => type === "Complete")) return live;
    const failed = held.find(({ type }) => type === "Failed");
    if (failed) throw new Error(`Job "${stored.metadata.name}" failed: ${failed.message ?? failed.type}`);
    if (Date.now() > deadline) throw new Error(`timed out waiting for Job "${stored.metadata.name}" to be ready`);
    await pause(50);
  }
  return stored;
}

const jobSchema = z.looseObject({
  status: z
    .looseObject({
      conditions: z
        .array(z.looseObject({ type: z.string(), status: z.string(), message: z.string().optional() }))
        .default([]),
    })
    .prefault({}),
});
