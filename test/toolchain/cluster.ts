/** A Kubernetes API server with Cilium's policy CRDs, of this process only. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { goProgram } from "./go.ts";
import { stoppedOnInterrupt } from "./lifetime.ts";

const readySchema = z.strictObject({ kubeconfig: z.string(), context: z.string(), server: z.url() });

/** kubeconfig is a path, context one of its contexts, server the address of the API server. */
export type Cluster = Readonly<z.infer<typeof readySchema>> & {
  /** Ends it and everything stored in it. */
  stop(): Promise<void>;
};

/**
 * Starts the program of test/cluster and returns when the API server is ready.
 * @param namespaces the namespaces to create
 * @param crds whether to install the CRDs
 */
export async function startCluster({
  namespaces,
  crds = true,
}: {
  namespaces: readonly string[];
  crds?: boolean;
}): Promise<Cluster> {
  const program = await goProgram(join(import.meta.dirname, "../cluster"), ".", {
    "k8s.io/component-base/version.gitVersion": "k8s.io/kubernetes",
  });
  const args = [`--namespaces=${namespaces.join(",")}`, ...(crds ? [] : ["--without-crds"])];
  // The program ends when its standard input does, hence with this process, however that ends.
  const server = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const stop = stoppedOnInterrupt(async () => {
    server.stdin.end();
    await exited;
  });
  const errors = text(server.stderr);
  for await (const line of createInterface(server.stdout)) return { ...readySchema.parse(JSON.parse(line)), stop };
  throw new Error(`The embedded cluster did not start: ${await errors}`);
}
