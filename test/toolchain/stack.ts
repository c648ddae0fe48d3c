/**
 * Stacks of the real engine: this project's program in a process of its own, as `pulumi up` runs it, or any program in this
 * process, served to the engine by the Automation API.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type EngineEvent,
  LocalWorkspace,
  type LocalWorkspaceOptions,
  type OpType,
  type PulumiFn,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { dump, load } from "js-yaml";
import { z } from "zod";
import { copyOfProject } from "../project.ts";
import { type Environment, openEnvironment } from "./environment.ts";
import { temporaryFolder } from "./lifetime.ts";
import { toolchain } from "./pulumi.ts";

/** A stack's config as its YAML file has it, with the keys of this project by their names alone. */
export type StackConfig = Readonly<Record<string, unknown>>;

export type TestStack = Stack & {
  /** Ends what serves the stack. */
  close(): Promise<void>;
};

export type ProdStack = TestStack & {
  /** The copy of the project, where the Pulumi CLI acts on this stack. */
  readonly folder: string;
  readonly environment: Environment;
  /** Changes values of its config. */
  configure(changes: StackConfig): void;
};

/**
 * The stack prod of a copy of this project, from another kubeconfig.
 * @param folder the copy; without one, a new one with the sample cluster
 * @param config what differs from Pulumi.prod.yaml
 * @param double asks for the provider's double even where the genuine provider is at hand
 */
export async function prodStack(
  { kubeconfig, context }: { kubeconfig: string; context: string },
  {
    folder = copyOfProject(),
    config = {},
    double = false,
  }: { folder?: string; config?: StackConfig; double?: boolean } = {},
): Promise<ProdStack> {
  const environment = await openEnvironment(kubeconfig, { double });
  const stack = await LocalWorkspace.createStack(
    { stackName: "prod", workDir: folder },
    await workspaceOptions(environment),
  );
  const file = join(folder, "Pulumi.prod.yaml");
  const configure = (changes: StackConfig) => {
    const settings = stackFileSchema.parse(load(readFileSync(file, "utf8")));
    const changed = Object.entries(changes).map(([key, value]) => [`network-policies:${key}`, value]);
    writeFileSync(file, dump({ ...settings, config: { ...settings.config, ...Object.fromEntries(changed) } }));
  };
  configure({ kubeconfig, context, ...config });
  return Object.assign(stack, { folder, environment, configure, close: environment.close });
}

const stackFileSchema = z.looseObject({ config: z.record(z.string(), z.unknown()) });

/**
 * A new stack of any program.
 * @param kubeconfig what KUBECONFIG is for the engine
 */
export async function openStack({
  program,
  kubeconfig,
}: {
  program: PulumiFn;
  kubeconfig: string;
}): Promise<TestStack> {
  const environment = await openEnvironment(kubeconfig);
  const stack = await LocalWorkspace.createStack(
    { stackName: "test", projectName: "test", program },
    { ...(await workspaceOptions(environment)), workDir: temporaryFolder("program") },
  );
  return Object.assign(stack, { close: environment.close });
}

const workspaceOptions = async ({ variables }: Environment): Promise<LocalWorkspaceOptions> => ({
  pulumiCommand: (await toolchain()).command,
  pulumiHome: variables.PULUMI_HOME,
  envVars: { ...variables },
});

/** What the engine did, or would do, to one resource. */
export type Step = { readonly op: OpType; readonly urn: string; readonly type: string };

/** Collects the engine's steps from the events of one operation. */
export function recordSteps(): { readonly steps: Step[]; readonly onEvent: (event: EngineEvent) => void } {
  const steps: Step[] = [];
  return {
    steps,
    onEvent: ({ resourcePreEvent: event }) => {
      if (event) steps.push({ op: event.metadata.op, urn: event.metadata.urn, type: event.metadata.type });
    },
  };
}
