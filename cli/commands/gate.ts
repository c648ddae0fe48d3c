/**
 * `netpol gate`: what `pulumi preview --policy-pack` would say of the program, with no cluster, no backend and no state:
 * an empty kubeconfig and a file backend that exists only meanwhile. This is how a pull request is judged.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { EngineEvent, PolicyEvent } from "@pulumi/pulumi/automation/index.js";
import { type Command, Option } from "commander";
import { load } from "js-yaml";
import { z } from "zod";
import { yaml } from "../../cilium/render/yaml.ts";
import type { PackConfig } from "../../policypack/config.ts";
import { Failure } from "../failure.ts";
import { packConfig } from "../pack.ts";
import { projectFolder } from "../project.ts";
import { inTemporaryFolder } from "../sources/temporary.ts";
import { readStack, readStackConfig } from "../stack.ts";

interface Options {
  readonly stack: string;
  readonly output: "text" | "json";
  readonly policyPack?: string;
  readonly policyPackConfig?: string;
}

export default function gate(command: Command): void {
  command
    .option("-s, --stack <name>", "the stack whose config applies", "prod")
    .option("--policy-pack <dir>", "another policy pack than the project's own")
    .option("--policy-pack-config <file>", "JSON file with the pack's config")
    .addOption(
      new Option("-o, --output <format>", "text, or json: the violations as a list")
        .choices(["text", "json"])
        .default("text"),
    )
    .addHelpText("after", "\nExamples:\n  netpol gate\n  netpol gate -o json")
    .action(async ({ stack, output, policyPack, policyPackConfig }: Options) => {
      // Faults of config and model are better said by the program itself than through the engine.
      const { cluster } = await readStack(stack);
      const root = projectFolder();
      const violations = await preview(root, stack, {
        policyPack: policyPack ?? ownPack(root),
        // Another pack has other rules.
        config: policyPack === undefined ? packConfig(cluster, policyPackConfig) : policyPackConfig,
        ...(output === "text" && { onOutput: (text: string) => process.stdout.write(text) }),
      });
      if (output === "json") process.stdout.write(`${JSON.stringify(violations, null, 2)}\n`);
      if (violations.some(({ enforcementLevel }) => enforcementLevel === "mandatory")) process.exitCode = 1;
    });
}

/** The project's own policy pack, or the one that comes with this program, whose compiled files lie a folder deeper. */
function ownPack(project: string): string {
  const roots = [project, join(import.meta.dirname, "../.."), join(import.meta.dirname, "../../..")];
  const packs = roots.map((root) => join(root, "policypack"));
  return packs.find((pack) => existsSync(join(pack, "PulumiPolicy.yaml"))) ?? join(project, "policypack");
}

const projectFile = z.looseObject({ name: z.string(), main: z.string() });

interface PreviewOptions {
  readonly policyPack: string;
  /** The pack's config, or a file with it. */
  readonly config: PackConfig | string | undefined;
  readonly onOutput?: (text: string) => void;
}

/** Previews the program as a new stack that no cluster answers; gives everything that the pack says. */
async function preview(
  root: string,
  stackName: string,
  { policyPack, config, ...options }: PreviewOptions,
): Promise<PolicyEvent[]> {
  // Loaded only here: it takes longer than any other command altogether.
  const { LocalWorkspace, PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
  return inTemporaryFolder(async (folder) => {
    const { main, ...project } = projectFile.parse(load(readFileSync(join(root, "Pulumi.yaml"), "utf8")));
    // Without its main, since the program runs in this process.
    writeFileSync(join(folder, "Pulumi.yaml"), yaml(project));
    // Its config alone: whoever judges a pull request has no key to what encrypts the stack's secrets, and needs none.
    writeFileSync(join(folder, `Pulumi.${stackName}.yaml`), yaml({ config: readStackConfig(stackName, root) }));
    writeFileSync(join(folder, "kubeconfig"), "");
    mkdirSync(join(folder, "backend"));
    const pulumiCommand = await PulumiCommand.get().catch(() => {
      throw new Failure("the Pulumi CLI is not on the PATH; install it (https://www.pulumi.com/docs/install)");
    });
    const stack = await LocalWorkspace.createStack(
      {
        stackName,
        projectName: project.name,
        program: async () => ({ ...(await import(pathToFileURL(join(root, main)).href)) }),
      },
      {
        workDir: folder,
        pulumiCommand,
        envVars: {
          KUBECONFIG: join(folder, "kubeconfig"),
          PULUMI_BACKEND_URL: pathToFileURL(join(folder, "backend")).href,
          PULUMI_CONFIG_PASSPHRASE: "none",
          PULUMI_SKIP_UPDATE_CHECK: "true",
        },
      },
    ).catch((error) => {
      throw engineFailure(error);
    });
    const packs = {
      policyPacks: [policyPack],
      ...(config !== undefined && { policyPackConfigs: [configFile(folder, config)] }),
    };
    const violations: PolicyEvent[] = [];
    const errors: string[] = [];
    const onEvent = ({ policyEvent, diagnosticEvent }: EngineEvent) => {
      if (policyEvent !== undefined) violations.push(policyEvent);
      if (diagnosticEvent?.severity === "error")
        errors.push(diagnosticEvent.message.replaceAll(/<\{%.*?%\}>/g, "").trim());
    };
    await stack.preview({ ...packs, ...options, suppressOutputs: true, onEvent, color: "never" }).catch((error) => {
      // The engine fails a preview that a mandatory rule forbids; everything else is not about the policies.
      if (!violations.some(({ enforcementLevel }) => enforcementLevel === "mandatory"))
        throw engineFailure(error, errors);
    });
    return violations;
  });
}

/** The file that holds a config; one is written for what is none yet. */
function configFile(folder: string, config: PackConfig | string): string {
  if (typeof config === "string") return config;
  const file = join(folder, "policy-pack-config.json");
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** What the engine reports; else what the CLI says before there is an engine, which the SDK wraps in all that was printed. */
function engineFailure(error: unknown, reported: readonly string[] = []): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const said = /^error: (.*)$/m.exec(message)?.[1] ?? message;
  return new Failure(`the preview failed: ${reported.length > 0 ? reported.join("\n") : said}`);
}
