/** What Pulumi has recorded of a stack, from the Pulumi command, where there is one that knows the stack. Reads only. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { identifier, type RecordedPolicy, storedPolicy } from "../../cilium/stored/policy.ts";

const run = promisify(execFile);

const policy = z.looseObject({
  type: z.string().regex(/^kubernetes:/),
  inputs: z.looseObject({
    kind: storedPolicy.shape.kind,
    metadata: z.looseObject({ name: z.string(), namespace: z.string().nullish() }),
    spec: z.unknown().optional(),
    specs: z.unknown().optional(),
  }),
  outputs: z.looseObject({ __fieldManager: z.string().nullish() }).nullish(),
});

const state = z.looseObject({ deployment: z.looseObject({ resources: z.array(z.unknown()).nullish() }).nullish() });

/** The policies of a stack's state by identifier, or why it was not looked at. */
export async function readState(
  stack: string,
  root: string,
): Promise<{ readonly recorded: ReadonlyMap<string, RecordedPolicy> } | { readonly reason: string }> {
  const args = ["stack", "export", "--stack", stack, "--non-interactive", "--cwd", root];
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  try {
    const { stdout } = await run("pulumi", args, { env, maxBuffer: 512 * 1024 * 1024, timeout: 60_000 });
    const resources = state.parse(JSON.parse(stdout)).deployment?.resources ?? [];
    const policies = resources.flatMap((resource) => policy.safeParse(resource).data ?? []);
    return {
      recorded: new Map(
        policies.map(({ inputs, outputs }) => [
          identifier(inputs),
          { inputs, manager: outputs?.__fieldManager ?? undefined },
        ]),
      ),
    };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "ENOENT") return "there is no command pulumi";
  const said = "stderr" in error && typeof error.stderr === "string" ? error.stderr.trim() : "";
  return (said || error.message).split("\n")[0]?.replace(/^error: /, "") ?? "";
}
