/** A double of what runs Jobs: on an API server without kubelets, every Job ends as the test says. */
import { BatchV1Api, KubeConfig, type V1Job, type V1JobStatus, Watch } from "@kubernetes/client-node";
import type { Cluster } from "../toolchain/cluster.ts";

export type Outcome = "Complete" | "Failed";

/**
 * Ends every Job that there is or will be, until it is stopped.
 * @param outcome how the next Job ends
 */
export async function endJobs(
  { kubeconfig, context }: Cluster,
  outcome: () => Outcome,
): Promise<{ stop(): Promise<void> }> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  config.setCurrentContext(context);
  const batch = config.makeApiClient(BatchV1Api);
  const ending: Promise<unknown>[] = [];
  let stopped = false;
  let watching: AbortController;
  const end = (phase: string, { metadata, status }: V1Job): void => {
    const { name, namespace } = metadata ?? {};
    if (phase !== "ADDED" || status?.conditions !== undefined || name === undefined || namespace === undefined) return;
    const body = [{ op: "replace", path: "/status", value: ended(outcome()) }];
    ending.push(batch.patchNamespacedJobStatus({ name, namespace, body }));
  };
  const watch = async (): Promise<void> => {
    // The client ends a watch in which nothing happens for half a minute.
    const again = () => {
      if (!stopped) void watch();
    };
    watching = await new Watch(config).watch("/apis/batch/v1/jobs", {}, end, again);
  };
  await watch();
  return {
    async stop() {
      stopped = true;
      watching.abort();
      await Promise.all(ending);
    },
  };
}

/** The status of a Job that has ended, with what the API server wants to see before it believes that. */
function ended(outcome: Outcome): V1JobStatus {
  const now = new Date();
  const condition = (type: string) => ({
    type,
    status: "True",
    reason: "Test",
    message: "as the test says",
    lastTransitionTime: now,
  });
  switch (outcome) {
    case "Complete":
      return {
        startTime: now,
        completionTime: now,
        succeeded: 1,
        conditions: [condition("SuccessCriteriaMet"), condition("Complete")],
      };
    case "Failed":
      return { startTime: now, failed: 1, conditions: [condition("FailureTarget"), condition("Failed")] };
  }
}
