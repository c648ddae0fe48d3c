/** Finds the Pulumi CLI and its plugins: installed, downloaded, or else built and doubled. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import kubernetes from "@pulumi/kubernetes/package.json" with { type: "json" };
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { version as sdkVersion } from "@pulumi/pulumi/version.js";
import { cacheFolder } from "../../cli/cache.js";
import { cached } from "./cache.ts";
import { goProgram } from "./go.ts";
import { temporaryFolder } from "./lifetime.ts";
import { progress } from "./progress.ts";

export type Toolchain = {
  readonly command: PulumiCommand;
  /** Whether the CLI brings the genuine Node language host; without it, the double stands in. */
  readonly hasLanguageHost: boolean;
  /** The folder of plugins that has the genuine Kubernetes provider; without one, the double stands in. */
  readonly plugins: string | undefined;
};

let found: Promise<Toolchain> | undefined;

/** The toolchain of this machine, looked for once; says on standard error what it found. */
export function toolchain(): Promise<Toolchain> {
  found ??= find();
  return found;
}

async function find(): Promise<Toolchain> {
  const { command, origin } = await findCli();
  const plugins = await findPlugins(command);
  const hasLanguageHost = origin !== "built from its Go module";
  const provider = plugins && `the Kubernetes provider v${kubernetes.version}`;
  const parts = [
    `Pulumi v${command.version} (${origin})`,
    hasLanguageHost ? undefined : "a test double of its Node language host",
    provider ?? "a test double of the Kubernetes provider",
  ];
  process.stderr.write(`Using ${new Intl.ListFormat("en").format(parts.filter((part) => part !== undefined))}.\n`);
  return { command, hasLanguageHost, plugins };
}

type Origin = "installed" | "downloaded" | "built from its Go module";

async function findCli(): Promise<{ command: PulumiCommand; origin: Origin }> {
  const installed = await command().catch(() => undefined);
  if (installed?.version && installed.version.compare(sdkVersion) >= 0)
    return { command: installed, origin: "installed" };
  const release = `official-pulumi-${sdkVersion}`;
  if (existsSync(join(cacheFolder, release)) || (await downloadsWork())) {
    const root = await cached(release, (folder) =>
      download("Pulumi CLI", () => PulumiCommand.install({ root: folder })),
    ).catch(() => undefined);
    if (root !== undefined) return { command: await command({ root }), origin: "downloaded" };
  }
  const executable = await goProgram(
    join(import.meta.dirname, "pulumi"),
    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    {
      "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "github.com/pulumi/pulumi/pkg/v3",
    },
  );
  return { command: await command({ root: join(executable, "../..") }), origin: "built from its Go module" };
}

/** A CLI that is installed. It is asked for its version, of which it writes a log into its home, so that is elsewhere. */
async function command(where?: { root: string }): Promise<PulumiCommand> {
  const { PULUMI_HOME } = process.env;
  process.env.PULUMI_HOME = temporaryFolder("pulumi-version");
  try {
    return await PulumiCommand.get(where);
  } finally {
    if (PULUMI_HOME === undefined) delete process.env.PULUMI_HOME;
    else process.env.PULUMI_HOME = PULUMI_HOME;
  }
}

async function findPlugins(command: PulumiCommand): Promise<string | undefined> {
  const plugin = join("plugins", `resource-kubernetes-v${kubernetes.version}`);
  const home = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
  if (existsSync(join(home, plugin))) return join(home, "plugins");
  const release = `official-kubernetes-provider-${kubernetes.version}`;
  if (!existsSync(join(cacheFolder, release)) && !(await downloadsWork())) return undefined;
  const install = ["plugin", "install", "resource", "kubernetes", kubernetes.version];
  const folder = await cached(release, (folder) =>
    download("Kubernetes provider", () =>
      promisify(execFile)(command.command, install, { env: { ...process.env, PULUMI_HOME: folder } }),
    ),
  ).catch(() => undefined);
  return folder && join(folder, "plugins");
}

async function download(what: string, work: () => Promise<unknown>): Promise<void> {
  const shown = progress(`Downloading the ${what}`);
  await work().finally(shown.end);
}

let downloads: Promise<boolean> | undefined;

/** Whether the site that the CLI and its plugins are downloaded from answers. */
function downloadsWork(): Promise<boolean> {
  const options = { method: "HEAD", signal: AbortSignal.timeout(3000) };
  downloads ??= fetch("https://get.pulumi.com/install.sh", options).then(
    ({ ok }) => ok,
    () => false,
  );
  return downloads;
}
