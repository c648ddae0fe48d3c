/**
 * Stacks of the real engine, kept in a temporary folder: the Pulumi CLI with a file backend, and a program of this process,
 * served to it by the Automation API.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type EngineEvent,
  LocalWorkspace,
  type OpType,
  type PulumiFn,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { type Double, serveDouble } from "../provider/double.ts";
import { stoppedOnInterrupt, temporaryFolder } from "./lifetime.ts";
import { toolchain } from "./pulumi.ts";

const repository = join(import.meta.dirname, "../..");

/** A stack's config as its YAML file has it, with the keys of this project by their names alone. */
export type StackConfig = Readonly<Record<string, unknown>>;

export type TestStack = Stack & {
  /** Stands in for the Kubernetes provider; undefined where the genuine one is used. */
  readonly double: Double | undefined;
  /** What the Pulumi CLI needs in its environment and its working folder to act on this stack. */
  readonly shell: { readonly folder: string; readonly env: Readonly<Record<string, string>>; readonly pulumi: string };
  /** Changes values of its config. */
  configure(changes: StackConfig): void;
  /** Ends what serves the stack. */
  close(): Promise<void>;
};

/**
 * The real program: index.ts with Pulumi.prod.yaml, from another kubeconfig.
 * @param config what differs from Pulumi.prod.yaml
 */
export async function prodStack(
  { kubeconfig, context }: { kubeconfig: string; context: string },
  { config = {}, double = false }: { config?: StackConfig; double?: boolean } = {},
): Promise<TestStack> {
  const settings = stackFileSchema.parse(parse(readFileSync(join(repository, "Pulumi.prod.yaml"), "utf8")));
  return openStack({
    name: "prod",
    program: async () => ({ ...(await import(`${pathToFileURL(join(repository, "index.ts"))}?run=${++runs}`)) }),
    config: { ...settings.config, kubeconfig, context, ...config },
    kubeconfig,
    double,
  });
}

const stackFileSchema = z.looseObject({ config: z.record(z.string(), z.unknown()) });

/** The engine runs a program several times in this process, which evaluates a module once for each address. */
let runs = 0;

/**
 * A new stack of any program.
 * @param kubeconfig what KUBECONFIG is for the engine and for the genuine provider
 * @param double asks for the double even where the genuine provider is at hand, for tests that inject faults
 */
export async function openStack(options: {
  name?: string;
  program: PulumiFn;
  config?: StackConfig;
  kubeconfig: string;
  double?: boolean;
}): Promise<TestStack> {
  const { command, plugins } = await toolchain();
  const { name = "test", program, config = {}, kubeconfig } = options;
  const folder = temporaryFolder("pulumi");
  const home = join(folder, "home");
  const backend = join(folder, "backend");
  for (const needed of [home, backend]) mkdirSync(needed);
  // Without its main: the program is in this process.
  writeFileSync(join(folder, "Pulumi.yaml"), stringify({ ...project, main: undefined }));
  let settings: StackConfig = {};
  const configure = (changes: StackConfig) => {
    settings = { ...settings, ...qualified(changes) };
    writeFileSync(join(folder, `Pulumi.${name}.yaml`), stringify({ config: settings }));
  };
  configure(config);

  const double = plugins === undefined || options.double ? await serveDouble() : undefined;
  if (plugins !== undefined) symlinkSync(plugins, join(home, "plugins"));
  const close = stoppedOnInterrupt(async () => double?.stop());

  const env = {
    KUBECONFIG: kubeconfig,
    PATH: [policyHost(folder), process.env.PATH].join(delimiter),
    PULUMI_BACKEND_URL: pathToFileURL(backend).href,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_HOME: home,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...(double && { PULUMI_DEBUG_PROVIDERS: `kubernetes:${double.port}` }),
  };
  const stack = await LocalWorkspace.createStack(
    { stackName: name, projectName: project.name, program },
    { workDir: folder, pulumiCommand: command, pulumiHome: home, envVars: env },
  );
  return Object.assign(stack, { double, configure, close, shell: { folder, env, pulumi: command.command } });
}

const project = z.looseObject({ name: z.string() }).parse(parse(readFileSync(join(repository, "Pulumi.yaml"), "utf8")));

const qualified = (config: StackConfig) =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.includes(":") ? key : `${project.name}:${key}`, value]),
  );

/** A folder for the PATH with what the engine starts policy packs with; an official CLI has its own beside it. */
function policyHost(folder: string): string {
  const bin = join(folder, "bin");
  const run = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");
  mkdirSync(bin);
  writeFileSync(join(bin, "pulumi-analyzer-policy-nodejs"), `#!/bin/sh\nexec "${process.execPath}" "${run}" "$@"\n`, {
    mode: 0o755,
  });
  return bin;
}

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
